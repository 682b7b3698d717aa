"""Numbers computed by hand, and what every entry of METRICS owes."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forgetting import forget_set
from unlearning.evaluation.case import IN_WORDS, PARTS, Case
from unlearning.evaluation.metric import MEMORY
from unlearning.evaluation.registry import HEADLINES, METRICS, measure

RULE = "20-28"
REFERENCED = ("Utility", "Forgetting", "F")
COSTS = {"samples": 640.0, "retrained_samples": 6400.0, "peak_memory_mb": 512.0}


def test_errors_of_the_hand_example(study_case):
    values = measure(study_case(seconds=30.0, retrained_seconds=120.0))
    assert (values["train_mae"], values["validation_mae"], values["test_mae"]) == (2, 1, 5)
    assert values["forget_mae"] == 1.5
    assert (values["seconds"], values["seconds_ratio"]) == (30, 0.25)


def test_the_retrained_model_measured_against_itself_scores_one(study_case):
    case = study_case()
    values = measure(replace(case, version=case.retrained))
    assert [values[name] for name in REFERENCED] == [1, 1, 1]


def test_without_a_reference_its_scores_are_not_numbers_rather_than_zero(study_case):
    values = measure(study_case(retrained=None))
    assert all(math.isnan(values[name]) for name in (*REFERENCED, "seconds_ratio"))
    assert values["test_mae"] == 5


def test_without_a_forget_set_what_is_about_it_is_not_a_number(study_case):
    values = measure(study_case(forget=None))
    assert all(math.isnan(values[name]) for name in ("Forgetting", "F", "forget_mae", "retain_mae", "test_in_range_mae"))
    assert values["Utility"] == pytest.approx(1.2)


@pytest.mark.parametrize("part", PARTS)
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
    assert IN_WORDS.keys() == set(PARTS)


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


def changed(case: Case, change, rule: str = RULE) -> dict[str, float]:
    evaluated = change(case.version)
    return measure(replace(case, version=evaluated, retrained=change(case.retrained), forget=forget_set(rule, evaluated)))


@given(cases, st.integers(0, 1000))
@few
def test_the_order_of_rows_does_not_matter(case, seed):
    mixed = replace(case, version=case.version.sample(frac=1, random_state=seed))
    assert measure(mixed) == pytest.approx(measure(case), nan_ok=True)
    assert changed(case, lambda rows: rows.sample(frac=1, random_state=seed)) == pytest.approx(measure(case), nan_ok=True)


@given(cases, st.integers(-15, 15))
@few
def test_a_shift_of_all_ages_predictions_and_rules_changes_nothing(case, years):
    def move(rows: pd.DataFrame) -> pd.DataFrame:
        return rows.assign(age=rows.age + years, predicted=rows.predicted + years)

    after = changed(case, move, f"{20 + years}-{28 + years}")
    assert after == pytest.approx(measure(case), nan_ok=True)


@given(cases)
@few
def test_every_face_twice_changes_nothing(case):
    after = changed(case, lambda rows: pd.concat([rows, rows.assign(id=rows.id + "-again")]))
    assert after == pytest.approx(measure(case), nan_ok=True)


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
