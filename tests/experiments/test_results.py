"""The study's N = 3, read in two ways."""

import pandas as pd
import pytest

from unlearning.evaluation.metrics import METRICS
from unlearning.experiments.results import POOLED, pool, scores, summary


def test_pooling_averages_the_predictions_face_by_face():
    one = pd.DataFrame({"id": ["a", "b"], "split": "test", "age": [30.0, 40.0], "predicted": [31.0, 40.0]})
    other = pd.DataFrame({"id": ["b", "a"], "split": "test", "age": [40.0, 30.0], "predicted": [46.0, 27.0]})
    assert pool([one, other]).predicted.tolist() == [29.0, 43.0]
    assert one.predicted.tolist() == [31.0, 40.0]


def test_scores_hold_every_metric_of_every_seed_and_of_the_pool(as_the_study_says):
    table = scores(as_the_study_says)
    assert set(METRICS) <= set(table.columns)
    assert table.groupby(["forget_set", "arm", "epochs"]).seed.apply(sorted).iloc[0] == ["0", "1", "2", POOLED]


def test_the_summary_is_mean_and_spread_of_the_seeds(as_the_study_says):
    table = scores(as_the_study_says)
    own = table[(table.forget_set == "20-28") & (table.arm == "ft") & (table.epochs == 8) & (table.seed != POOLED)]
    row = summary(table).query("forget_set == '20-28' and arm == 'ft' and epochs == 8").iloc[0]
    assert [row["F"], row["F_sd"]] == pytest.approx([own.F.mean(), own.F.std(ddof=1)])


def test_averaged_predictions_err_less_than_the_average_model(as_the_study_says):
    """Errors of members that differ cancel out: this is why the two readings of N = 3 differ."""
    row = summary(scores(as_the_study_says)).query("arm == 'ft'").iloc[0]
    assert row.test_mae_pooled < row.test_mae
