"""The study's scores on the example that it works by hand, numbers computed by hand, and what every entry of METRICS owes."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forgetting import forget_set
from unlearning.evaluation import study
from unlearning.evaluation.case import IN_WORDS, Case
from unlearning.evaluation.metric import MEMORY
from unlearning.evaluation.registry import HEADLINES, METRICS, measure

RETRAINED, EVALUATED = np.array([10.0, 4.0]), np.array([2.0, -1.0])
years = st.floats(-100, 100)
pairs = st.lists(st.tuples(years, years), min_size=1, max_size=6).map(np.array)


def test_each_face_and_all_scores_of_the_example_with_alpha_15_by_default():
    """E = 8 and 3 years; f = exp(-8/15) = .5866 and exp(-3/15) = .8187."""
    scores = [study.forgetting(RETRAINED[[i]], EVALUATED[[i]]) for i in (0, 1)]
    assert scores == pytest.approx([0.5866, 0.8187], abs=5e-5)
    assert study.forgetting(RETRAINED, EVALUATED) == pytest.approx(0.7027, abs=5e-5)
    assert study.forgetting(RETRAINED, EVALUATED, 15) == study.forgetting(RETRAINED, EVALUATED)
    utility = study.utility(np.array([4.0, 8.0]), np.array([5.0, 5.0]))
    assert utility == pytest.approx(1.2)
    assert utility * study.forgetting(RETRAINED, EVALUATED) == pytest.approx(0.8432, abs=5e-5)


def test_forgetting_rises_with_alpha():
    scores = [study.forgetting(RETRAINED, EVALUATED, alpha) for alpha in (2, 5, 10, 15, 20, 25, 30, 35)]
    assert scores == sorted(set(scores))
    assert scores[0] == pytest.approx((math.exp(-4) + math.exp(-1.5)) / 2)


@given(pairs, st.floats(0.5, 50))
@settings(derandomize=True, max_examples=30, deadline=None)
def test_forgetting_lies_between_0_and_1_and_the_two_models_can_be_swapped(errors, alpha):
    forward = study.forgetting(errors[:, 0], errors[:, 1], alpha)
    assert 0 <= forward <= 1
    assert study.forgetting(errors[:, 1], errors[:, 0], alpha) == forward


@given(pairs)
@settings(derandomize=True, max_examples=30, deadline=None)
def test_a_model_with_the_retrained_one_s_errors_has_forgotten(errors):
    assert study.forgetting(errors[:, 0], errors[:, 0]) == 1


def test_a_test_error_of_zero_is_better_than_any_other():
    assert study.utility(np.array([6.0]), np.array([0.0])) == math.inf
    assert math.isnan(study.utility(np.array([0.0]), np.array([0.0])))


RULE = "20-28"
REFERENCED = ("Utility", "Forgetting", "F")
COSTS = {"samples": 640.0, "retrained_samples": 6400.0, "peak_memory_mb": 512.0}


def test_errors_of_the_hand_example(study_case):
    values = measure(study_case(seconds=30.0, retrained_seconds=120.0))
    assert (values["train_mae"], values["validation_mae"], values["test_mae"]) == (2, 1, 5)
    assert values["forget_mae"] == 1.5
    assert (values["seconds"], values["seconds_ratio"]) == (30, 0.25)


def test_without_a_reference_or_a_forget_set_what_needs_it_is_not_a_number_rather_than_zero(study_case):
    values = measure(study_case(retrained=None))
    assert all(math.isnan(values[name]) for name in (*REFERENCED, "seconds_ratio"))
    assert values["test_mae"] == 5
    values = measure(study_case(forget=None))
    assert all(math.isnan(values[name]) for name in ("Forgetting", "F", "forget_mae", "retain_mae", "test_in_range_mae"))
    assert values["Utility"] == pytest.approx(1.2)


@pytest.mark.parametrize("part", IN_WORDS)
def test_the_error_of_an_empty_part_is_not_a_number(table, part):
    full = table(("train", 25, 27.0), ("train", 40, 42.0), ("validation", 41, 40.0), ("test", 26, 30.0), ("test", 40, 43.0))
    case = Case(full, full, forget_set(RULE, full))
    assert not math.isnan(measure(case)[f"{part}_mae"])
    without = full[~case.mask(part)]
    assert math.isnan(measure(Case(without, without, case.forget))[f"{part}_mae"])


def test_the_values_come_by_name_in_the_order_of_the_registry(study_case):
    values = measure(study_case())
    assert list(values) == list(HEADLINES)
    assert all(type(value) is float for value in values.values())


def drawn_case(rows) -> Case:
    """One face of every kind, so that no part is empty, and the drawn ones."""
    sure = [("train", 25, 0.5, 1.5), ("train", 40, 1.5, 0.5), ("validation", 41, 2.5, 1.0), ("test", 26, 3.5, 0.5)]
    frame = pd.DataFrame([*sure, *rows], columns=["split", "age", "error", "reference_error"])
    frame["id"] = [f"face-{i}" for i in range(len(frame))]
    retrained = frame.assign(predicted=frame.age + frame.reference_error)
    evaluated = frame.assign(predicted=frame.age + frame.error)
    return Case(evaluated, retrained, forget_set(RULE, frame), seconds=2.0, retrained_seconds=8.0)


eighths = st.integers(-160, 160).map(lambda value: value / 8)
face = st.tuples(st.sampled_from(["train", "validation", "test"]), st.integers(20, 60), eighths, eighths)
cases = st.lists(face, max_size=6).map(drawn_case)
few = settings(derandomize=True, max_examples=15, deadline=None)


@given(cases)
@few
def test_every_face_twice_changes_nothing(case):
    version, retrained = (pd.concat([t, t.assign(id=t.id + "-again")]) for t in (case.version, case.retrained))
    twice = replace(case, version=version, retrained=retrained, forget=forget_set(RULE, version))
    assert measure(twice) == pytest.approx(measure(case), nan_ok=True)


def with_all(case: Case) -> Case:
    """With costs, and made from a model that had forgotten something."""
    return replace(case, **COSTS, parent=case.retrained, parent_forgot=(forget_set("36-44", case.version),))


def test_no_metric_changes_a_table_or_depends_on_the_order_of_one_and_each_gives_the_same_number_again():
    case = with_all(drawn_case([("test", 50, -4.0, 3.0), ("train", 22, 7.0, -1.0)]))
    tables = {name: getattr(case, name).copy() for name in ("version", "retrained", "parent")}
    values = measure(case)
    assert measure(case) == values
    assert np.isfinite(list(values.values())).all()
    for name, table in tables.items():
        pd.testing.assert_frame_equal(getattr(case, name), table)
        assert measure(replace(case, **{name: table[::-1]})) == pytest.approx(values)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_a_metric_says_what_it_is(metric):
    assert METRICS[metric.name] is metric
    assert metric.name.isidentifier(), "gates and tags spell it"
    assert all((metric.formula, metric.source, metric.range, metric.description, metric.kind))
    assert metric.unit in ("years", "seconds", "faces", "MB", "steps", "%", "")
    assert metric.better in ("higher", "lower", "")
    assert "\n" not in metric.description
    assert bool(metric.remembers) == (metric.kind == MEMORY)
    assert set(metric.needs) <= {"retrained", "original"}


def test_the_median_guess_is_the_median_training_age_for_everybody(table):
    """Training ages 20, 30, 50: the guess is 30, which errs by 5 and 30 on test ages 25 and 60."""
    ages = {"train": (20, 30, 50), "validation": (40,), "test": (25, 60)}
    full = table(*((split, age, 0.0) for split, some in ages.items() for age in some))
    assert measure(Case(full))["median_guess_mae"] == 17.5
    assert math.isnan(measure(Case(full[full.split != "test"]))["median_guess_mae"])


def test_what_the_audit_measures_is_measured_when_it_is_asked_for(study_case):
    """Sorted, the version's 27 and 29 lie 7 and 6 years from the retrained 34 and 35."""
    values = measure(study_case(), ("forget_w1_predictions", "mia_auc"))
    assert list(values) == [*HEADLINES, "forget_w1_predictions", "mia_auc"]
    assert values["forget_w1_predictions"] == 6.5
    assert math.isnan(values["mia_auc"]), "one member is no pair of faces"


def test_regained_is_the_largest_fall_of_the_error_on_what_was_forgotten_before(table):
    """The parent errs by 9 and 5 years on 20-28 and by 4 on 50-60, the version by 8 and 2, and by 6: the falls are 2 and -2."""
    now = table(("train", 22, 30.0), ("validation", 25, 23.0), ("train", 55, 61.0), ("train", 40, 40.0), ("test", 26, 26.0))
    before = now.assign(predicted=[31.0, 30.0, 51.0, 70.0, 80.0])
    sets = tuple(forget_set(rule, now) for rule in ("20-28", "50-60"))
    assert measure(Case(now, parent=before, parent_forgot=sets))["regained"] == 2
    assert measure(Case(now, parent=before, parent_forgot=sets[1:]))["regained"] == -2
    assert math.isnan(measure(Case(now, parent=before))["regained"])
    assert math.isnan(measure(Case(now, parent_forgot=sets))["regained"])
