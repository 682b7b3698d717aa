"""The study's N = 3, read in two ways, and its published values, checked against each other."""

import pandas as pd
import pytest

from unlearning.evaluation.registry import HEADLINES
from unlearning.experiments import published
from unlearning.experiments.results import BESIDES, POOLED, Results, pool, scores, summary


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
