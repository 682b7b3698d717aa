"""What the figure of all methods shows: which methods nothing cheaper beats, and on what scale."""

import numpy as np
import pandas as pd
import pytest

from unlearning.reports.methods_figure import COST, front, limits, points
from unlearning.reports.study_tables import methods

SCORES = {  # seconds_ratio, F
    "original": (np.nan, 0.90),
    "retrained": (1.0, 1.0),
    "ft": (0.5, 0.95),
    "noise": (0.25, 0.93),
    "msg": (0.30, 0.91),
    "fisher": (0.02, 0.10),
}


@pytest.fixture
def table():
    """Each method's cost and F in the form of the table ``methods``."""
    same = {"forget_set": "20-28", "sd": 0.01}
    rows = [
        same | {"model": model, "epochs": 8 if model == "ft" else 0, "metric": metric, "ours": value, "pooled": value}
        for model, values in SCORES.items()
        for metric, value in zip((COST, "F"), values, strict=True)
    ]
    return methods(pd.DataFrame(rows))


def test_the_front_holds_what_nothing_as_cheap_or_cheaper_reaches():
    cost, value = np.array([3.0, 1.0, 2.0, 2.0]), np.array([9.0, 5.0, 4.0, 6.0])
    assert front(cost, value).tolist() == [1, 3, 0]
    assert front(cost, -value).tolist() == [1, 2], "less is better"
    assert front(np.array([1.0, 1.0]), np.array([2.0, 3.0])).tolist() == [1], "of two as cheap the better one counts"


def test_a_model_without_a_cost_is_no_point(table):
    assert sorted(points(table, "F").index) == ["fisher", "ft", "msg", "noise", "retrained"]
    assert points(table, "F").loc["ft"].tolist() == [0.5, 0.01, 0.95, 0.01]


def test_one_method_far_below_the_others_does_not_stretch_the_scale():
    low, high = limits(np.array([0.90, 0.91, 0.93, 0.95, 0.96, 0.10]), 1)
    assert 0.89 < low < 0.90
    assert 0.96 < high < 0.97
