"""What counts as a confirmation of the study's sentences."""

from dataclasses import replace

import pandas as pd
import pytest

from unlearning.experiments.readings import CONFIRMED, CONTRADICTED, NOT_RUN, OPEN, READINGS, Evidence, verdict
from unlearning.experiments.results import Results


@pytest.mark.parametrize("name", READINGS)
def test_a_reading_that_is_true_is_confirmed(as_the_study_says, name):
    evidence = READINGS[name].function(as_the_study_says)
    assert evidence
    assert verdict(evidence, READINGS[name].parts) == CONFIRMED, evidence


def test_what_is_said_of_every_forget_set_is_open_while_one_was_not_run(as_the_study_says):
    first = Results("small", "digest", tuple(o for o in as_the_study_says.outcomes if o.forget_set == "20-28"))
    [evidence] = READINGS["best"].function(first)
    assert evidence.verdict == CONFIRMED
    assert verdict([evidence], READINGS["best"].parts) == OPEN


@pytest.mark.parametrize("name", ["original", "utility", "forgetting", "best"])
def test_models_that_are_all_alike_confirm_nothing(all_the_same, name):
    assert verdict(READINGS[name].function(all_the_same)) != CONFIRMED


@pytest.mark.parametrize("name", READINGS)
def test_what_was_not_run_is_said_to_be_so(name, as_the_study_says):
    only_rnd = Results("small", "digest", tuple(o for o in as_the_study_says.outcomes if o.arm == "rnd"))
    assert verdict(READINGS[name].function(only_rnd)) == NOT_RUN


@pytest.mark.parametrize(
    ("low", "high", "seeds", "expected"),
    [
        (0.1, 0.3, (0.2, 0.2, 0.2), CONFIRMED),
        (0.1, 0.3, (0.4, 0.3, -0.1), OPEN),
        (-0.1, 0.3, (0.1, 0.1, 0.1), OPEN),
        (-0.3, -0.1, (-0.2, -0.2, -0.2), CONTRADICTED),
    ],
)
def test_an_interval_above_0_in_all_seeds_confirms(low, high, seeds, expected):
    assert Evidence("claim", 0.2, low, high, seeds).verdict == expected


def replaced(results: Results, change, seeds: int = 3) -> Results:
    """The original on 20-28 with so many seeds and every case changed: ``change`` takes its number and the case."""
    original = results.find("20-28", "original")
    cases = tuple(change(number, case) for number, case in enumerate(original.cases[:seeds]))
    return Results("small", "digest", (replace(original, seeds=original.seeds[:seeds], cases=cases),))


def width(results: Results) -> float:
    [evidence] = READINGS["original"].function(results)
    return evidence.high - evidence.low


def test_an_interval_holds_the_values_of_all_seeds(as_the_study_says):
    """Also where the seeds lie farther apart than other faces would move any of them."""

    def worse(number, case):
        errors = (case.version.predicted - case.version.age) * (1 + 0.3 * number)
        return replace(case, version=case.version.assign(predicted=case.version.age + errors))

    [evidence] = READINGS["original"].function(replaced(as_the_study_says, worse))
    assert evidence.low < min(evidence.seeds) < evidence.value < max(evidence.seeds) < evidence.high


def test_copies_of_faces_make_no_reading_surer(as_the_study_says):
    """Of each face four copies, drawn with it: the width is that of the faces, and half of it if each counted for itself."""

    def copied(known: bool):
        def change(number, case):
            tables = [pd.concat([t.assign(id=t.id + f"-{n}") for n in range(4)]) for t in (case.version, case.retrained)]
            about = tables[0][["id"]].assign(copy_of="", near=tables[0].id.str.split("-").str[0] if known else "")
            ids = tuple(f"{face}-{n}" for face in case.forget.ids for n in range(4))
            version, retrained = (table.reset_index(drop=True) for table in tables)
            return replace(case, version=version, retrained=retrained, about=about, forget=replace(case.forget, ids=ids))

        return replaced(as_the_study_says, change, seeds=1)

    alone = width(replaced(as_the_study_says, lambda number, case: case, seeds=1))
    assert width(copied(known=True)) == pytest.approx(alone, rel=0.15)
    assert width(copied(known=False)) == pytest.approx(alone / 2, rel=0.15)


def test_one_part_that_is_open_leaves_the_whole_open():
    parts = [Evidence("a", 1, 0.5, 1.5, (1.0,)), Evidence("b", 0, -1, 1, (0.0,))]
    assert verdict(parts) == OPEN
