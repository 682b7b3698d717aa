"""The audit: what it measures, what it says when something is missing, and that nothing but the faces changes its numbers."""

import json
import math
from dataclasses import fields, replace

import numpy as np
import pandas as pd
import pytest

from evaluation.worlds import world
from unlearning.errors import InputError
from unlearning.evaluation.audit import audit as auditing
from unlearning.evaluation.audit.audit import AuditSettings, audit, row_of
from unlearning.evaluation.audit.panel import panel_of
from unlearning.evaluation.audit.verdicts import DECIDING, NOT_KNOWN, OVER, SAME, VERDICTS, WORSE, Bounds, Row
from unlearning.evaluation.case import Case
from unlearning.evaluation.ground import comparison_of
from unlearning.evaluation.metric import COST, LIKENESS, MEMORY
from unlearning.evaluation.on_models.handed import NOTHING, Measured
from unlearning.evaluation.registry import AUDITED, HEADLINES, METRICS, measure

WORLD = world(2000)
ORIGINAL, RETRAINED, ANOTHER = WORLD.model(True, 1), WORLD.model(False, 2), WORLD.model(False, 4)
QUICK = AuditSettings(resamples=200)
FROM_TABLES = [name for name, metric in AUDITED.items() if not metric.measured]
each_metric = pytest.mark.parametrize("name", FROM_TABLES)


@pytest.fixture(scope="module")
def of_original():
    return audit(WORLD.case(ORIGINAL), QUICK)


@pytest.fixture(scope="module")
def of_another():
    """The audit of a third model that never saw the forget set."""
    return audit(WORLD.case(ANOTHER), QUICK)


def row(found, name: str) -> Row:
    return next(row for row in found.rows if row.metric == name)


def test_there_is_one_row_a_metric_in_the_order_of_the_registry(of_original):
    assert [row.metric for row in of_original.rows] == FROM_TABLES
    assert list(of_original.table()) == [field.name for field in fields(Row)]
    assert {row.verdict for row in of_original.rows} <= set(VERDICTS)


@each_metric
def test_a_metric_needs_what_it_says_it_needs(name, of_original):
    """Without the models that it does not name, its number is the same; a number that is cached by name would be wrong."""
    case, needs = WORLD.case(ORIGINAL), AUDITED[name].needs
    least = replace(case, **{role: None for role in ("retrained", "original", "second") if role not in needs})
    assert AUDITED[name].function(comparison_of(least))[0] == pytest.approx(row(of_original, name).version, rel=1e-12)


def test_a_name_that_every_version_has_means_the_same_number_with_whatever_alpha(of_original):
    values, other = measure(WORLD.case(ORIGINAL)), WORLD.case(ORIGINAL, alpha=5.0)
    for name in (name for name in HEADLINES if name in AUDITED):
        assert row(of_original, name).version == pytest.approx(values[name], rel=1e-9), name
    assert row(audit(other, QUICK), "Forgetting").version == pytest.approx(measure(other)["Forgetting"])


@each_metric
def test_the_interval_lies_about_the_number_and_the_retrained_model_is_the_measure(name, of_original):
    """Beside itself it has no gap, and the version's gap is the difference of the two numbers."""
    found = row(of_original, name)
    assert math.isnan(found.low) if found.kind == COST else found.low - 1e-6 <= found.version <= found.high + 1e-6
    assert found.gap == pytest.approx(found.version - found.retrained, abs=1e-12, nan_ok=True)
    assert found.distance == pytest.approx(abs(found.lean), abs=1e-12, nan_ok=True)
    if "retrained" in AUDITED[name].needs:
        assert found.retrained in (0, pytest.approx(1)), "what compares with a retrained model has one value for itself"


def test_a_model_that_never_saw_the_forget_set_passes_every_verdict(of_another):
    judged = {row.metric: row.verdict for row in of_another.rows if row.kind != COST}
    assert set(judged.values()) == {SAME}
    assert of_another.sentence.startswith("It cannot be told from retraining")
    assert of_another.unsaid == ()


def test_the_original_passes_none_that_shows_memory(of_original):
    telling = [row for row in of_original.rows if row.kind in (MEMORY, LIKENESS) and row.tells]
    assert {row.verdict for row in telling} == {WORSE}
    assert set(DECIDING) <= {row.metric for row in telling}
    assert of_original.sentence.startswith("It has not forgotten")


def test_equal_witnesses_and_seeds_give_equal_numbers(of_original):
    assert audit(WORLD.case(ORIGINAL), QUICK) == of_original
    other = audit(WORLD.case(ORIGINAL), replace(QUICK, seed=1))
    assert row(other, "mia_auc").version != row(of_original, "mia_auc").version
    assert row(other, "forget_mae").version == row(of_original, "forget_mae").version
    assert row(other, "forget_mae").low != row(of_original, "forget_mae").low


def test_no_table_is_changed_and_the_order_of_rows_in_any_does_not_matter(of_original):
    plain, names = WORLD.case(ORIGINAL), ("version", "original", "retrained", "second", "about")
    case = replace(plain, **{name: getattr(plain, name).sample(frac=1, random_state=n) for n, name in enumerate(names)})
    before = {name: getattr(case, name).copy() for name in names}
    pd.testing.assert_frame_equal(audit(case, QUICK).table(), of_original.table(), check_exact=False, rtol=1e-9)
    for name, table in before.items():
        pd.testing.assert_frame_equal(getattr(case, name), table)


def test_ten_years_more_for_everybody_change_nothing(of_original):
    def older(table):
        return table.assign(**{name: table[name] + 10 for name in table if name.startswith(("age", "predicted", "member"))})

    plain = WORLD.case(ORIGINAL)
    tables = {name: older(getattr(plain, name)) for name in ("version", "original", "retrained", "second")}
    first, again = of_original.table(), audit(replace(plain, **tables), QUICK).table()
    assert again.verdict.tolist() == first.verdict.tolist()
    assert again.version.to_numpy() == pytest.approx(first.version.to_numpy(), rel=1e-5, nan_ok=True)


def test_augmented_copies_change_no_attack_and_no_distance(of_original):
    """Every training face twice: copies count as the study counts them in its own scores, and nowhere else."""

    def copied(table):
        train = table[table.split == "train"]
        return pd.concat([table, train.assign(id=train.id + "-copy")], ignore_index=True)

    plain = WORLD.case(ORIGINAL)
    tables = {name: copied(getattr(plain, name)) for name in ("version", "original", "retrained", "second")}
    about = copied(WORLD.faces)
    about = about.assign(copy_of=np.where(about.id.str.endswith("-copy"), about.id.str.removesuffix("-copy"), ""))
    train = set(WORLD.faces.id[WORLD.faces.split == "train"]) & set(WORLD.forget.ids)
    forget = replace(WORLD.forget, ids=(*WORLD.forget.ids, *(f"{name}-copy" for name in train)))
    found = audit(replace(plain, **tables, about=about, forget=forget), QUICK)
    for name in ("mia_auc", "mia_logistic", "mia_given_age_auc", "unseen_gap", "forget_w1_predictions", "forget_difference"):
        assert row(found, name).version == pytest.approx(row(of_original, name).version, rel=1e-12)
    assert row(found, "forget_mae").version != row(of_original, "forget_mae").version
    assert row(found, "forget_mae").count == row(of_original, "forget_mae").count
    assert row(found, "forget_mae").version == measure(replace(plain, **tables, about=about, forget=forget))["forget_mae"]


def without(**missing) -> auditing.Audit:
    return audit(WORLD.case(ORIGINAL, **missing), QUICK)


def test_without_a_retrained_model_attacks_stand_beside_a_guess_and_the_rest_is_listed():
    found = without(retrained=None, second=None)
    assert found.sentence.startswith("Whether it has forgotten cannot be said: no retrained model.")
    assert set(found.verdicts().values()) <= {NOT_KNOWN, "not judged", "within the limit"}
    assert row(found, "mia_auc").version > 0.6
    assert "still remembers" in row(found, "mia_auc").note
    assert "still remembers" in row(found, "unseen_gap").note
    assert not math.isnan(row(found, "test_in_range_mae").version)
    assert math.isnan(row(found, "Forgetting").version)
    assert any(text.startswith("no retrained model: Utility, Forgetting, F, memory_left,") for text in found.unsaid)
    assert any("there is no retrained model" in text for text in found.warnings)


def test_without_a_retrained_model_errors_that_tell_who_was_forgotten_are_over_forgetting():
    exploded = ORIGINAL.assign(predicted=ORIGINAL.predicted + np.where(ORIGINAL.id.isin(WORLD.forget.ids), 60.0, 0.0))
    found = audit(WORLD.case(exploded, retrained=None, second=None), QUICK)
    assert row(found, "mia_auc").verdict == OVER
    assert any("over-unlearning" in text for text in found.warnings)


def test_with_one_retrained_model_nothing_passes_but_the_original_is_still_found():
    found = without(second=None)
    assert SAME not in found.verdicts().values()
    assert row(found, "mia_auc").verdict == WORSE
    assert any("no second retrained model" in text for text in found.warnings)
    pd.testing.assert_frame_equal(without(second=RETRAINED).table(), found.table())  # the first is no second
    honest = audit(WORLD.case(ANOTHER, second=None), QUICK)
    assert {row.verdict for row in honest.rows if row.kind in (MEMORY, LIKENESS)} == {NOT_KNOWN}
    assert honest.sentence.startswith("Whether it has forgotten cannot be said: no second retrained model.")


def test_without_the_original_likeness_to_retraining_can_still_be_seen():
    found = audit(WORLD.case(ANOTHER, original=None), QUICK)
    assert row(found, "mia_auc").verdict == SAME
    assert row(found, "memory_left").reason == "no original model"
    assert found.sentence.startswith("It cannot be told from retraining")


def test_with_nothing_but_a_table_every_gap_has_its_reason():
    found = audit(Case(ORIGINAL), QUICK)
    assert all(row.reason for row in found.rows if row.verdict == NOT_KNOWN)
    assert all(row.version != 0 for row in found.rows)
    assert row(found, "forget_mae").reason == "there is nobody: forget set"
    assert row(found, "seconds").reason == "seconds was not recorded"
    assert row(found, "test_mae").reason == "no retrained model"
    assert "no manifest with copy_of" in " ".join(found.warnings)
    found = audit(Case(ORIGINAL[:0]), QUICK)
    assert set(found.verdicts().values()) == {NOT_KNOWN}
    assert found.numbers() == {}


@pytest.mark.parametrize("role", ["version", "retrained"])
def test_predictions_that_are_not_numbers_are_refused(role):
    broken = ORIGINAL.assign(predicted=ORIGINAL.predicted.where(ORIGINAL.age != 30))
    with pytest.raises(InputError, match=f"{(ORIGINAL.age == 30).sum()} predictions of the {role} model are not numbers"):
        audit(WORLD.case(**({"version": ORIGINAL} | {role: broken})), QUICK)


def test_other_faces_are_refused():
    with pytest.raises(InputError, match="different faces"):
        audit(WORLD.case(ORIGINAL[:-1]), QUICK)
    with pytest.raises(InputError, match=r"manifest does not name each predicted face once \(1 are missing\)"):
        audit(WORLD.case(ORIGINAL, about=WORLD.faces[1:]), QUICK)


def test_of_a_handful_of_people_little_is_said():
    people = world(2000, "random:6")
    found = audit(people.case(people.model(True, 1)), QUICK)
    assert "pairs of forgotten training faces" in row(found, "mia_auc").reason
    assert row(found, "forget_mae").reason == "6 faces; 10 are needed for a verdict"
    assert row(found, "test_in_range_mae").reason == "there is nobody: test faces that the forget rule describes"


def test_near_copies_of_a_few_photographs_are_no_more_evidence_than_these():
    people = world(2000, "random:60")
    asked = people.faces.id.isin(people.forget.ids)
    near = people.faces.id.mask(asked, [f"of {place % 4}" for place in range(len(asked))])
    found = audit(people.case(people.model(True, 1), about=people.faces.assign(near=near)), QUICK)
    assert row(found, "forget_mae").reason == "4 faces; 10 are needed for a verdict"
    assert row(found, "mia_auc").reason.startswith("4 pairs of forgotten training faces and test faces of the same ages")


def test_what_was_measured_elsewhere_is_judged_by_twice_the_distance_of_two_or_by_the_noise_that_it_knows(of_original):
    given = {"original": 0.1, "retrained": 1.0, "second": 1.2}

    def judged(value, **more):
        measured = Measured({"relearn_ratio": given | {"version": value} | more}, {"relearn_ratio": "of three shuffles"})
        return row_of(AUDITED["relearn_ratio"], panel_of(WORLD.case(ORIGINAL), measured, 2, 0), measured, Bounds())

    assert [judged(value).verdict for value in (0.61, 0.59, 0.05, 1.5)] == [SAME, "between", WORSE, OVER]
    assert judged(0.61).floor == pytest.approx(0.4)
    assert judged(0.4, floor=0.7).verdict == SAME
    assert judged(0.05).note == "of three shuffles"
    assert "relearn_ratio" not in of_original.verdicts(), "nobody asked for it"


@pytest.mark.parametrize(
    ("value", "bound", "verdict"),
    [
        (1.05, "at least", NOT_KNOWN),
        (9.0, "at least", OVER),
        (0.4, "at least", NOT_KNOWN),
        (0.05, "at most", WORSE),
        (0.4, "at most", NOT_KNOWN),
        (9.0, "at most", NOT_KNOWN),
        (0.05, "unknown", NOT_KNOWN),
    ],
)
def test_a_bound_has_a_verdict_only_where_the_truth_lies_farther_still(value, bound, verdict):
    given = {"original": 0.1, "retrained": 1.0, "second": 1.1, "version": value}
    measured = Measured({"relearn_ratio": given}, bounds={"relearn_ratio": bound})
    judged = row_of(AUDITED["relearn_ratio"], panel_of(WORLD.case(ORIGINAL), measured, 2, 0), measured, Bounds())
    assert judged.verdict == verdict
    assert judged.reason.startswith("it is only a bound: ") == (verdict == NOT_KNOWN)


def test_three_retrained_models_as_members_show_what_seeds_do():
    members = {"original": WORLD.model(True, 1, 3), "retrained": WORLD.model(False, 2, 3), "second": None}
    honest = audit(WORLD.case(WORLD.model(False, 4, 3), **members), QUICK)
    assert {row.verdict for row in honest.rows if row.kind != COST and row.verdict != NOT_KNOWN} == {SAME}
    assert honest.unsaid == ()
    assert "verdicts compare single members" in " ".join(honest.warnings)
    remembers = audit(WORLD.case(WORLD.model(True, 5, 3), **members), QUICK)
    assert remembers.sentence.startswith("It has not forgotten")
    found = row(remembers, "forget_mae")
    assert found.distance == pytest.approx(abs(found.gap), rel=0.2), "single members err more, but all of them alike"


def test_a_retrained_seed_that_stands_in_two_tables_is_one_witness():
    def table(seeds):
        alone = {f"member_{at}": WORLD.model(False, seed).predicted for at, seed in enumerate(seeds)}
        return RETRAINED[["id", "split", "age"]].assign(predicted=sum(alone.values()) / len(alone), **alone)

    case = WORLD.case(WORLD.model(False, 4, 3), original=WORLD.model(True, 1, 3), retrained=table((2, 3, 5)), second=None)
    told = audit(replace(case, second=table((3, 5))), QUICK).table()
    pd.testing.assert_frame_equal(told, audit(case, QUICK).table())


def test_a_single_model_is_not_judged_by_means_of_three():
    """The mean of three answers errs less than one: compared as they are, an honest single model would look strange."""
    case = WORLD.case(WORLD.model(False, 4, 1), retrained=WORLD.model(False, 2, 3), second=None)
    found = row(audit(case, QUICK), "retain_mae")
    assert found.version > found.retrained
    assert found.distance < abs(found.gap)
    assert found.verdict == SAME


def test_a_row_says_on_how_many_faces_it_rests(of_original):
    ground = comparison_of(WORLD.case(ORIGINAL)).ground
    assert row(of_original, "forget_mae").count == len(WORLD.forget.ids)
    assert row(of_original, "mia_auc").count == row(of_original, "mia_gap").count == len(ground.pairs)
    assert math.isnan(row(of_original, "seconds").count)


def test_with_two_retrained_models_distances_have_no_floor_and_errors_have_a_wide_one():
    """Two models have one distance from each other, and one degree of freedom: t is 76 where six seeds have 4.2."""
    found = audit(WORLD.case(ORIGINAL, second=WORLD.model(False, 3)), QUICK)
    assert "a third tells how far distances vary" in row(found, "Forgetting").reason
    assert row(found, "forget_mae").floor > 10 * row(audit(WORLD.case(ORIGINAL), QUICK), "forget_mae").floor


def test_a_number_that_most_resamples_lack_has_no_floor():
    """Its noise is not known; without resamples nobody asked for it."""

    def rarely_known(comparison):
        number = METRICS["forget_mae"].function(comparison)
        return np.where(np.arange(len(number)) % 3, np.nan, number)

    metric = replace(METRICS["forget_mae"], function=rarely_known)
    found = row_of(metric, panel_of(WORLD.case(ANOTHER), NOTHING, 200, 0), NOTHING, Bounds())
    assert math.isnan(found.floor)
    assert (found.verdict, found.reason[:48]) == (NOT_KNOWN, "fewer than half of the resamples of the faces ha")
    unsampled = row_of(metric, panel_of(WORLD.case(ANOTHER), NOTHING, 0, 0), NOTHING, Bounds())
    assert unsampled.floor > 0


def test_bounds_are_data():
    strict = replace(QUICK, bounds=Bounds(time_limit=0.05, floor=0.5))
    found, usual = audit(WORLD.case(ANOTHER), strict), audit(WORLD.case(ANOTHER), QUICK)
    assert row(found, "seconds_ratio").verdict == "over the limit"
    assert row(usual, "seconds_ratio").verdict == "within the limit"
    assert row(found, "forget_mae").floor < row(usual, "forget_mae").floor


def test_the_audit_as_json_holds_no_number_that_is_none(of_original):
    text = json.dumps(without(retrained=None, second=None).as_dict(), allow_nan=False)
    assert json.loads(text)["rows"][0]["version"] is None
    first = json.loads(json.dumps(of_original.as_dict(), allow_nan=False))
    assert first["rows"][0]["metric"] == "Utility"
    assert first["settings"]["bounds"]["time_limit"] == 0.2
