"""The study's tables from experiments by hand: means, deviations, pooled values, published numbers and differences."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from reports.experiments import outcome, predictions
from unlearning.data.forget import ForgetSet
from unlearning.experiments.results import Results
from unlearning.reports.study_report import STUDY_FIGURES, headline, readings, study_report
from unlearning.reports.study_tables import RANKING, markdown, methods, numbers
from unlearning.reports.style import THEMES
from unlearning.reports.words import as_printed, model_name, shown
from unlearning.targets import Numeric

AGES, SPLITS = [25, 27, 40, 30], ["train", "validation", "train", "test"]
FORGET = ForgetSet("20-28", "20-28", "digest", ("face0000", "face0001"))


@pytest.fixture(scope="module")
def found(known):
    """The tables of everything that the plan has."""
    return known.tables


def of_errors(*errors):
    """A prediction table of four faces, the first two of them forgotten, the last one a test face."""
    return predictions(AGES, SPLITS, np.array(AGES, dtype=float) + errors)


def by_hand(arm="ft", epochs=8, rule="20-28"):
    """Two seeds. Retrained: forgotten faces 4 and 2 years wrong, the test face 6. The other: 1 and 5 wrong; test 4 and -5."""
    retrained = [of_errors(4, 2, 0, 6), of_errors(4, 2, 0, 6)]
    other = [of_errors(1, 5, 0, 4), of_errors(-1, 5, 0, -5)]
    forget = ForgetSet(rule, rule, "digest", FORGET.ids)
    return Results("small", "digest", (outcome(forget, arm, epochs, other, retrained),))


def row(table, **wanted):
    for column, value in wanted.items():
        table = table[table[column] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_ours_is_the_mean_over_the_seeds_and_pooled_is_of_the_mean_prediction():
    utility = row(numbers(by_hand()).tables["tables_4_to_7"], metric="Utility")
    assert utility.ours == pytest.approx((6 / 4 + 6 / 5) / 2)
    assert utility.sd == pytest.approx((6 / 4 - 6 / 5) / np.sqrt(2))
    assert utility.pooled == pytest.approx(6 / 0.5)
    assert utility.published == 1.21
    assert utility.difference == pytest.approx(1.35 - 1.21)


def test_models_of_another_target_stand_beside_nothing_that_was_published():
    (one,), months = by_hand().outcomes, Numeric("bone_age", "months", 0.0, 228.0)
    cases = tuple(replace(case, target=months) for case in one.cases)
    found = numbers(replace(by_hand(), outcomes=(replace(one, cases=cases, pooled=replace(one.pooled, target=months)),)))
    assert set(found.tables) == {"single", "all"}
    assert found.tables["single"].published.isna().all()
    assert readings(found.results) == []
    assert headline([]) == "The study's readings are of ages, and these models predict something else."
    assert {name for name, draw in STUDY_FIGURES.items() if draw(found, THEMES["light"])} == {"tradeoff"}
    page = study_report(found, {}, {theme: {} for theme in THEMES}, {})
    assert "test MAE (months)" in page
    assert "(years)" not in page


def test_forgetting_is_scaled_by_every_alpha():
    table = numbers(by_hand()).tables["table_3"]
    assert list(table.alpha) == [2, 5, 10, 15, 20, 25, 30, 35]
    at_10 = row(table, alpha=10)
    # both faces: errors of the two models are 3 years apart, in both seeds
    assert at_10.ours == pytest.approx(np.exp(-3 / 10))
    assert at_10.sd == pytest.approx(0)
    # the mean prediction is 0 and 5 years wrong: 4 and 3 years apart
    assert at_10.pooled == pytest.approx((np.exp(-4 / 10) + np.exp(-3 / 10)) / 2)
    assert (at_10.published, at_10.difference) == (0.69, pytest.approx(np.exp(-0.3) - 0.69))


def test_alpha_15_is_the_usual_forgetting(found):
    for model, epochs in (("original", 0), ("ft", 8), ("rnd", 2)):
        at_15 = row(found["table_3"], alpha=15, model=model).ours
        assert at_15 == pytest.approx(row(found["all"], forget_set="20-28", arm=model, epochs=epochs).Forgetting)


def test_every_published_number_stands_in_its_place(found):
    epochs, groups = found["tables_4_to_7"], found["table_8"]
    assert row(epochs, epochs=16, model="rnd", metric="test_mae").published == 13.59
    assert row(epochs, epochs=0, model="original", metric="Forgetting").published == 0.672
    assert row(epochs, epochs=0, model="retrained", metric="test_mae").published == 6.17
    assert row(groups, forget_set="52-60", model="rnd", metric="Utility").published == 1.16
    # 32 for FT and RND, 4 of the original, 1 of the retrained; 5 groups x 3 models x 3 scores; 8 alphas x 3 models
    assert [found[name].published.notna().sum() for name in ("tables_4_to_7", "table_8", "table_3")] == [37, 45, 24]
    assert np.isnan(row(epochs, epochs=0, model="retrained", metric="Utility").difference)
    table = found["defect"]
    same = row(table, epochs=4, model="rnd as_published=clipped", metric="test_mae")
    assert same.published == row(table, epochs=4, model="rnd", metric="test_mae").published == 15.09
    assert row(table, epochs=4, model="ft", metric="test_mae").published == 4.96


def test_single_requests_have_all_arms_and_no_published_numbers(found):
    table = found["single"]
    assert set(table.forget_set) == {"random:50"}
    unlearned = {(arm, epochs) for arm in ("ft", "rnd") for epochs in (2, 8)}
    assert set(zip(table.model, table.epochs, strict=True)) == {("original", 0), ("retrained", 0)} | unlearned
    assert table.published.isna().all()


def test_every_method_stands_once_after_its_own_passes_the_least_memory_left_first(found):
    table = found["methods"]
    assert set(table.forget_set) == {"20-28", "random:50"}
    own = table[table.forget_set == "20-28"]
    shown = list(zip(own.model, own.epochs, strict=True))
    assert shown[:2] == [("original", 0), ("retrained", 0)]
    as_published = {(f"rnd as_published={kind}", 8) for kind in ("clipped", "divided")}
    assert set(shown[2:]) == {("scrub", 5), ("ssd", 0), ("ft", 8), ("rnd", 8), *as_published}
    assert list(own.memory_left[:2]) == [100, 0]
    assert list(own.memory_left[2:].abs()) == sorted(own.memory_left[2:].abs())
    assert row(own, model="scrub").seconds_ratio == pytest.approx(8 / 60)


def of_seeds(model, left, errors, epochs=1):
    """Scores of one method on 20-28, one a seed."""
    same = {"forget_set": "20-28", "arm": model, "epochs": epochs, "F": 1.0, "seconds_ratio": 0.5, "samples_ratio": 0.5}
    pairs = zip(left, errors, strict=True)
    return [same | {"seed": str(seed), "memory_left": one, "test_mae": error} for seed, (one, error) in enumerate(pairs)]


def test_methods_whose_intervals_over_the_seeds_overlap_are_tied():
    nothing = float("nan")
    rows = [
        *of_seeds("retrained", (0, 0, 0), (8.0, 8.1, 8.2), 0),
        *of_seeds("ft", (24, 25, 26), (7.0, 7.1, 7.2), 8),
        *of_seeds("noise", (1, 5, 3), (8.0, 8.2, 8.4)),
        *of_seeds("msg", (-8, 12, 8), (8.8, 8.9, 9.0)),
        *of_seeds("ssd", (10,), (8.0,)),
        *of_seeds("prune", (nothing, nothing, nothing), (8.0, 8.1, 8.2)),
    ]
    table = methods(pd.DataFrame(rows))
    assert list(table.model) == ["retrained", "noise", "msg", "ssd", "ft", "prune"]
    reach = 4.3027 * 2 / np.sqrt(3)  # of three numbers that are 2 apart, by t with two degrees of freedom
    noise = row(table, model="noise")
    assert (noise.memory_left_low, noise.memory_left_high) == pytest.approx((3 - reach, 3 + reach), abs=1e-3)
    one_seed, first = "no interval: one seed", "tied with the first"
    assert list(table.memory_left_tied) == ["", first, first, one_seed, "behind the first", ""]
    tied = "tied with retraining"
    assert list(table.test_mae_tied) == ["", tied, "above retraining", one_seed, "below retraining", tied]
    lines = markdown(table).splitlines()
    assert (
        "| 20-28 | noise | 1 | 3 | 3 (\u22122 to 8), tied with the first | 8.20 (7.70 to 8.70), tied with retraining |"
        in lines[3]
    )
    assert "| 10, no interval: one seed |" in lines[5]


def test_the_table_of_methods_has_the_accuracy_where_there_are_classes_and_there_alone():
    rows = [*of_seeds("retrained", (0, 0), (0.2, 0.2), 0), *of_seeds("noise", (24, 26), (0.2, 0.3))]
    assert "test_accuracy" not in markdown(methods(pd.DataFrame(rows)))
    right = [row | {"test_accuracy": share} for row, share in zip(rows, (0.8, 0.82, 0.75, 0.77), strict=True)]
    table = methods(pd.DataFrame(right))
    assert row(table, model="noise").test_accuracy == pytest.approx(0.76)
    heads, _, retrained, *_ = markdown(table).splitlines()
    cells = [[cell.strip() for cell in line.split("|")] for line in (heads, retrained)]
    assert cells[1][cells[0].index("test_accuracy")] == "0.810"


@pytest.mark.parametrize("study", ["alpha", "defect", "single", "methods"])
def test_an_experiment_has_the_tables_of_its_cells(make_results, study):
    of_study = {"table_3", "tables_4_to_7", "table_8"}
    more = {"alpha": of_study, "methods": {*of_study, "single", "methods"}}.get(study, {study})
    found = numbers(make_results([study], seeds=1)).tables
    assert set(found) == {"all"} | more
    assert all(markdown(table).count("\n") >= 3 for table in found.values())


def test_markdown_shows_both_readings_of_ours_and_the_studys():
    found = numbers(by_hand()).tables
    by_epochs, by_alpha = markdown(found["tables_4_to_7"]), markdown(found["table_3"])
    assert "| epochs | model | Utility | test MAE (years) | Forgetting | F |" in by_epochs
    assert "| 8 | FT | 1.350 \u00b1 0.212 / 12.000 (1.21) | 4.50 \u00b1 0.71 / 0.50 (5.09) |" in by_epochs
    assert "| 10 | 0.741 \u00b1 0.000 / 0.706 (0.69) |" in by_alpha


def test_markdown_says_which_reading_of_the_seeds_it_shows(found):
    for name, table in found.items():
        said = markdown(table).splitlines()[-1]
        if name == "methods":
            assert said == RANKING
            continue
        assert "the mean of the seeds' scores" in said
        of_study = name not in ("all", "single")
        assert {"all": "columns that end in _pooled"}.get(name, "after the slash" if of_study else "column pooled") in said
        assert ("in brackets the study's number" in said) == of_study


def test_a_name_cannot_break_a_markdown_table():
    assert "| a\\|b c |" in markdown(numbers(by_hand("a|b\nc")).tables["all"])


def test_models_that_unlearn_nothing_make_no_table_and_without_faces_to_forget_nothing_is_a_number():
    assert set(numbers(by_hand("original", 0)).tables) == {"all"}
    assert numbers(Results("small", "digest", ())).tables == {}
    nobody = outcome(ForgetSet("20-28", "20-28", "d", ()), "ft", 8, [of_errors(1, 1, 1, 1)], [of_errors(2, 2, 2, 2)])
    table = numbers(Results("small", "digest", (nobody,))).tables["table_3"]
    assert table.ours.isna().all()


def test_numbers_and_models_are_written_for_people():
    values = (-0.0004, -1.2346, float("nan"), 12345.0)
    assert [shown(value, 3) for value in values] == ["0.000", "\u22121.235", "\u2013", "12,345.000"]
    assert [as_printed(value) for value in (8.2, 0.249, 15.09)] == ["8.20", "0.249", "15.09"]
    arms = ("ft", "rnd as_published=clipped", "rnd lr=1e-3 as_published=true", "rnd lr=1e-3", "new")
    assert [model_name(arm) for arm in arms] == ["FT", "RND clipped", "RND divided lr=1e-3", "rnd lr=1e-3", "new"]
