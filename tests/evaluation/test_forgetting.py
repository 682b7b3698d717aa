"""The study's Forgetting face by face, for every alpha, and on a scale from the original to retraining."""

import math

import numpy as np
import pytest

from unlearning.evaluation import study
from unlearning.evaluation.ground import NotKnownError, comparison_of
from unlearning.evaluation.metrics import measure
from unlearning.evaluation.numbers import forgetting


@pytest.fixture
def scaled(study_case):
    """The hand example with an original (errors 1, 1 on the forget set) and a second retrained model (errors 9, 4)."""
    case = study_case()
    original = case.evaluated.assign(predicted=[26.0, 31.0, 41.0, 51.0])
    second = case.evaluated.assign(predicted=[34.0, 34.0, 47.0, 43.0])
    return study_case(original=original, second=second)


def test_each_face_of_the_hand_example(study_case):
    faces = forgetting.face_scores(study_case())
    assert faces.age.tolist() == [25, 30]
    assert faces[["retrained_error", "error", "E"]].to_numpy().tolist() == [[10, 2, 8], [4, 1, 3]]
    assert faces.f.tolist() == pytest.approx([0.5866, 0.8187], abs=5e-5)
    assert faces.f.mean() == pytest.approx(measure(study_case())["Forgetting"])


def test_without_a_forget_set_no_face_has_a_score(study_case):
    assert forgetting.face_scores(study_case(forget=None)).empty


@pytest.mark.parametrize("alpha", forgetting.ALPHAS)
def test_forgetting_at_an_alpha_is_the_study_s(study_case, alpha):
    case = study_case()
    found = forgetting.forgetting(comparison_of(case), alpha)[0]
    assert found == pytest.approx(study.forgetting(case.reference_errors("forget"), case.errors("forget"), alpha), abs=1e-12)


def test_the_alpha_of_the_case_is_taken_where_none_is_given(study_case):
    found = forgetting.forgetting(comparison_of(study_case(alpha=7.0)))[0]
    assert found == pytest.approx(measure(study_case(alpha=7.0))["Forgetting"])


def test_utility_and_f_are_those_of_the_metrics(study_case):
    comparison, values = comparison_of(study_case()), measure(study_case())
    assert forgetting.utility(comparison)[0] == pytest.approx(values["Utility"])
    assert forgetting.f_score(comparison)[0] == pytest.approx(values["F"])


def test_the_scale_by_hand(scaled):
    """Forgetting of the original: E = 9, 3; of the second retrained model: E = 1, 0; of the version: E = 8, 3."""

    def mean(*differences):
        return np.mean([math.exp(-e / 15) for e in differences])

    lowest, highest = mean(9, 3), mean(1, 0)
    assert forgetting.rescaled(comparison_of(scaled))[0] == pytest.approx((mean(8, 3) - lowest) / (highest - lowest))


def test_the_ends_of_the_scale(scaled, study_case):
    for name, place in (("original", 0), ("second", 1)):
        case = study_case(evaluated=getattr(scaled, name), original=scaled.original, second=scaled.second)
        assert forgetting.rescaled(comparison_of(case))[0] == pytest.approx(place)


def test_there_is_no_scale_where_the_original_is_as_near_as_a_retrained_model(scaled, study_case):
    with pytest.raises(NotKnownError, match="original errs like the retrained model"):
        forgetting.rescaled(comparison_of(study_case(original=scaled.retrained, second=scaled.second)))


@pytest.mark.parametrize("missing", ["retrained", "original", "second"])
def test_what_is_missing_is_named(scaled, study_case, missing):
    models = {name: getattr(scaled, name) for name in ("retrained", "original", "second")} | {missing: None}
    words = {"retrained": "no retrained model", "original": "no original model", "second": "no second retrained model"}
    with pytest.raises(NotKnownError, match=words[missing]):
        forgetting.rescaled(comparison_of(study_case(**models)))
