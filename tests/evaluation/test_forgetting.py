"""The study's scores to the last digit, and what is left of the original's memory."""

from dataclasses import replace

import numpy as np
import pytest

from evaluation.worlds import world
from unlearning.evaluation import study
from unlearning.evaluation.ground import NotKnownError, comparison_of, ground_of
from unlearning.evaluation.numbers.forgetting import memory_left
from unlearning.evaluation.registry import measure

WORLD = world(1500)
ORIGINAL, RETRAINED, SECOND = WORLD.model(True, 1), WORLD.model(False, 2), WORLD.model(False, 3)


@pytest.mark.parametrize("alpha", [2.0, 15.0])
def test_the_scores_are_the_study_s_to_the_last_digit_in_whatever_order_the_faces_stand(alpha):
    case = WORLD.case(WORLD.model(True, 5).sample(frac=1, random_state=1), alpha=alpha)
    values = measure(case)
    utility = study.utility(np.abs(case.reference_errors("test")), np.abs(case.errors("test")))
    forgetting = study.forgetting(case.reference_errors("forget"), case.errors("forget"), alpha)
    assert (values["Utility"], values["Forgetting"], values["F"]) == (utility, forgetting, utility * forgetting)
    assert values["retain_mae"] == np.mean(np.abs(case.errors("retain")))


def left(version, **more) -> float:
    return measure(WORLD.case(version, **more), ["memory_left"])["memory_left"]


def between(share: float):
    """The original, moved by a share of the way to the retrained model's errors on all faces of the forgotten ages."""
    sizes = (1 - share) * (ORIGINAL.predicted - ORIGINAL.age).abs() + share * (RETRAINED.predicted - RETRAINED.age).abs()
    return ORIGINAL.assign(predicted=ORIGINAL.age + sizes)


def test_all_memory_is_left_in_the_original_and_none_in_the_retrained_model():
    assert (left(ORIGINAL), left(RETRAINED)) == (100, 0)
    assert [left(between(share)) for share in (0.25, 0.5, 0.9)] == pytest.approx([75, 50, 10])
    assert left(ORIGINAL.assign(predicted=ORIGINAL.predicted + 30)) < 0, "it errs more than retraining does"


def test_the_part_where_more_is_left_counts():
    """Who learnt the retrained answers by heart for the forget set alone has all of it left on faces like them."""
    forgotten = ORIGINAL.id.isin(WORLD.forget.ids)
    assert left(ORIGINAL.assign(predicted=ORIGINAL.predicted.where(~forgotten, RETRAINED.predicted))) == 100
    assert left(RETRAINED.assign(predicted=RETRAINED.predicted.where(~forgotten, ORIGINAL.predicted))) == 100


def test_a_rule_that_describes_no_test_faces_has_the_forget_set_alone():
    people = world(1500, "random:300")
    case = people.case(people.model(True, 1))
    assert measure(case, ["memory_left"])["memory_left"] == 100


def test_its_interval_holds_what_is_left():
    case = WORLD.case(between(0.5))
    comparison = comparison_of(case)
    ground = ground_of(case, resamples=300)
    models = [replace(getattr(comparison, role), ground=ground, _known={}) for role in ("subject", "retrained", "original")]
    drawn = memory_left(replace(comparison, subject=models[0], retrained=models[1], original=models[2], second=None))
    assert drawn[0] == pytest.approx(50)
    assert 45 < np.quantile(drawn[1:], 0.025) < 50 < np.quantile(drawn[1:], 0.975) < 55


def test_where_the_original_errs_like_the_retrained_model_nothing_can_be_left():
    with pytest.raises(NotKnownError, match="no more than the noise"):
        memory_left(comparison_of(WORLD.case(ORIGINAL, original=WORLD.model(False, 7))))
    seeds_apart = SECOND.assign(predicted=SECOND.predicted + 40)
    with pytest.raises(NotKnownError, match="no more than the noise"):
        memory_left(comparison_of(WORLD.case(ORIGINAL, second=seeds_apart)))
    with pytest.raises(NotKnownError, match="no more than the noise"):  # the original errs more: that is no memory
        memory_left(comparison_of(WORLD.case(ORIGINAL, original=RETRAINED, retrained=ORIGINAL)))


@pytest.mark.parametrize("kept", [1, 9])
def test_a_handful_of_test_faces_or_copies_of_one_show_nothing_of_memory(kept):
    """The forgotten faces have a share of 50 %; the original as it is on the described test faces would have 100 %."""
    described = WORLD.faces.id.isin(WORLD.forget.test_ids)
    version = between(0.5)
    version = version.assign(predicted=version.predicted.where(~described, ORIGINAL.predicted))
    few = replace(WORLD.forget, test_ids=tuple(WORLD.forget.test_ids)[:kept])
    assert left(version, forget=few) == pytest.approx(50)
    for photographs in (1, 2):
        near = np.where(described, np.char.add("of ", (np.arange(len(described)) % photographs).astype(str)), "")
        assert left(version, about=WORLD.faces.assign(near=near)) == pytest.approx(50)
    of_two = WORLD.faces.assign(copy_of=np.where(described & ~WORLD.faces.id.isin(WORLD.forget.test_ids[:2]), "one", ""))
    assert left(version, about=of_two) == pytest.approx(50)
