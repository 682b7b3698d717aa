"""What counts as a confirmation of the study's sentences, its N = 3 read in two ways, and its published values."""

from dataclasses import replace

import pandas as pd
import pytest

from unlearning.evaluation.registry import HEADLINES
from unlearning.experiments import published
from unlearning.experiments.readings import CONFIRMED, CONTRADICTED, NOT_RUN, OPEN, READINGS, Evidence, verdict
from unlearning.experiments.results import BESIDES, POOLED, Results, pool, scores, summary


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


def test_forget_sets_without_a_seed_in_common_are_not_compared(as_the_study_says):
    oldest = as_the_study_says.find("52-60", "ft", 8)
    other = replace(oldest, seeds=tuple(seed + 100 for seed in oldest.seeds))
    apart = [other if one is oldest else one for one in as_the_study_says.outcomes]
    assert READINGS["oldest"].function(Results("small", "digest", tuple(apart))) == []


def test_a_sentence_about_all_forget_sets_is_open_while_one_shares_no_seed(as_the_study_says):
    other = as_the_study_says.find("20-28", "ft", 8)
    alone = replace(other, seeds=tuple(seed + 100 for seed in other.seeds))
    apart = Results("small", "digest", tuple(alone if one is other else one for one in as_the_study_says.outcomes))
    evidence = READINGS["oldest"].function(apart)
    assert {one.verdict for one in evidence} == {CONFIRMED}
    assert verdict(evidence, READINGS["oldest"].parts) == OPEN


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
        (0.1, 0.3, (0.2,), OPEN),
        (-0.3, -0.1, (-0.2,), OPEN),
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


def test_pooling_averages_the_predictions_face_by_face():
    one = pd.DataFrame({"id": ["a", "b"], "split": "test", "age": [30.0, 40.0], "predicted": [31.0, 40.0]})
    other = pd.DataFrame({"id": ["b", "a"], "split": "test", "age": [40.0, 30.0], "predicted": [46.0, 27.0]})
    assert pool([one, other]).predicted.tolist() == [29.0, 43.0]
    assert one.predicted.tolist() == [31.0, 40.0]


def test_rows_hold_every_metric_by_seed_and_pooled_and_the_summary_is_their_mean_and_spread(as_the_study_says):
    """Errors of members that differ cancel out: this is why the two readings of N = 3 differ."""
    outcomes = [each for each in as_the_study_says.outcomes if (each.arm, each.forget_set) == ("ft", "20-28")][:2]
    table = scores(Results("small", "digest", tuple(outcomes)))
    assert {*HEADLINES, *BESIDES} <= set(table.columns)
    first = table[table.epochs == 8].set_index("seed")
    assert list(first.index) == ["0", "1", "2", POOLED]
    row = summary(table).query("epochs == 8").iloc[0]
    seeds = first.drop(index=POOLED)
    assert [row["F"], row["F_sd"], row["F_pooled"]] == pytest.approx([seeds.F.mean(), seeds.F.std(ddof=1), first.F[POOLED]])
    assert row.test_mae_pooled < row.test_mae


@pytest.mark.parametrize("table", [published.tables_4_to_7(), published.table_8()], ids=["4 to 7", "8"])
def test_f_is_utility_times_forgetting(table):
    """The study rounds all three to two digits, so the product is off by up to .011."""
    assert (table.F - table.Utility * table.Forgetting).abs().max() < 0.012


def test_no_published_row_is_missing_and_scores_agree_with_errors_and_alphas():
    table = published.tables_4_to_7()
    assert (table.Utility - published.RETRAINED["test_mae"] / table.test_mae).abs().max() < 0.011
    table = published.table_3().pivot_table(index="alpha", columns="model", values="Forgetting")
    assert (table.diff().dropna() > 0).all(axis=None)
    tables = published.table_3(), published.tables_4_to_7(), published.table_8()
    assert [len(table) for table in tables] == [24, 8, 15]
    assert not any(table.isna().any(axis=None) for table in tables)
