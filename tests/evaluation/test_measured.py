"""What many seeds tell, handed to an audit: of a version that forgot, of one that did not, and with how many seeds."""

import pytest

from evaluation.worlds import world
from unlearning.evaluation.audit.audit import AuditSettings, audit
from unlearning.evaluation.audit.verdicts import BETWEEN, SAME, WORSE
from unlearning.evaluation.on_models import seeds
from unlearning.evaluation.on_models.handed import FLOOR, Measured
from unlearning.evaluation.on_models.many_seeds import of_seeds
from unlearning.evaluation.on_models.quality import simulated_ceiling

QUALITY = "forgetting_quality_holdout"
NAMES = {"ulira_auc", "klom", QUALITY}
WORLD = world(1000)
MEMBERS = ((WORLD.faces.split == "train") & WORLD.faces.id.isin(WORLD.forget.ids)).to_numpy()
KNOWN = {role: WORLD.model(role == "original", seed, 8) for role, seed in {"original": 1, "retrained": 2, "second": 3}.items()}


@pytest.fixture(scope="module")
def forgotten() -> Measured:
    return of_seeds(KNOWN | {"version": WORLD.model(False, 4, 8)}, MEMBERS)


@pytest.fixture(scope="module")
def remembered() -> Measured:
    return of_seeds(KNOWN | {"version": WORLD.model(True, 5, 8)}, MEMBERS)


def test_seeds_of_a_model_that_remembers_are_told_from_retrained_ones(remembered, forgotten):
    assert remembered.numbers.keys() == forgotten.numbers.keys() == NAMES
    assert remembered.numbers["ulira_auc"]["version"] > 0.9
    assert remembered.numbers["klom"]["version"] > 5 * forgotten.numbers["klom"]["version"]
    assert remembered.numbers[QUALITY]["version"] < forgotten.numbers[QUALITY]["version"] / 3


def test_the_retrained_model_is_the_measure_and_a_second_set_shows_what_chance_does(forgotten):
    numbers = forgotten.numbers
    assert [numbers[name]["retrained"] for name in ("ulira_auc", "klom", "forgetting_quality_holdout")] == [0.5, 0.0, 1.0]
    assert numbers[QUALITY]["second"] == pytest.approx(simulated_ceiling(8), abs=0.06)
    assert numbers["klom"][FLOOR] == seeds.klom_null(8, 8)
    told = f"N = 8 models of each kind; retraining itself reaches {numbers['forgetting_quality_holdout']['second']:.2f}"
    assert forgotten.remarks["forgetting_quality_holdout"].startswith(told)


def test_a_version_is_compared_with_as_many_seeds_as_its_ceiling():
    """10 years off on every face, seeds tell it apart: six of each kind by eps 1.95, for 1/8; three by 1.84, for nothing."""
    off = WORLD.model(False, 4, 6)
    members = [name for name in off if name.startswith("member_")]
    off[members] = WORLD.model(False, 2, 6)[members] + 1000
    given = {"version": off, "retrained": WORLD.model(False, 2, 6), "second": WORLD.model(False, 3, 3)}
    told = of_seeds(given, MEMBERS)
    assert told.numbers[QUALITY]["version"] == 0
    assert told.remarks[QUALITY].endswith("of all 6 this version has 0.12")


def test_a_seed_that_stands_in_both_sets_is_no_yardstick():
    assert "second" not in of_seeds(KNOWN | {"version": KNOWN["second"], "second": KNOWN["retrained"]}, MEMBERS).numbers["klom"]


def test_an_audit_passes_what_is_forgotten_and_nothing_that_is_not(remembered, forgotten):
    found = [audit(WORLD.case(KNOWN["original"]), AuditSettings(resamples=50), one) for one in (forgotten, remembered)]
    passed, failed = (one.verdicts() for one in found)
    assert {passed[name] for name in NAMES} == {SAME}
    assert {failed[name] for name in NAMES} <= {BETWEEN, WORSE}


def test_two_seeds_are_too_few_and_then_nothing_is_said():
    few = {role: table.drop(columns=[f"member_{i}" for i in range(2, 8)]) for role, table in KNOWN.items()}
    assert of_seeds(few | {"version": KNOWN["original"]}, MEMBERS) == Measured()


def test_the_order_of_the_rows_changes_nothing():
    tables = {role: table.drop(columns=[f"member_{i}" for i in range(3, 8)]) for role, table in KNOWN.items()}
    tables["version"] = WORLD.model(True, 5, 3)
    shuffled = {role: tables[role].sample(frac=1, random_state=3) for role in ("retrained", "second", "original")}
    assert of_seeds(tables | shuffled, MEMBERS) == of_seeds(tables, MEMBERS)
