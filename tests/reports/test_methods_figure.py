"""What the figure of all methods shows: who has a place on it, and on what scale."""

from types import SimpleNamespace

import numpy as np
import pandas as pd

from unlearning.reports.methods_figure import _forget_sets, limits, points


def test_a_model_of_which_memory_left_is_not_known_is_no_point():
    table = pd.DataFrame({"model": ["ft", "ssd"], "memory_left": [25.0, np.nan], "test_mae": [7.6, 7.1]})
    assert list(points(table).index) == ["ft"]


def test_a_forget_set_of_which_memory_left_is_not_known_has_no_figure_and_takes_none_from_another():
    known = {"model": ["original", "ft"], "memory_left": [100.0, 34.0], "test_mae": [7.0, 7.5]}
    unknown = known | {"memory_left": [np.nan, np.nan]}
    rows = [pd.DataFrame(table).assign(forget_set=rule) for rule, table in {"random:50": unknown, "race:asian": known}.items()]
    assert _forget_sets(SimpleNamespace(tables={"methods": pd.concat(rows)})) == ["race:asian"]
    assert _forget_sets(SimpleNamespace(tables={})) == []


def test_values_far_from_all_others_on_either_side_do_not_stretch_the_scale():
    low, high = limits(np.array([0.90, 0.91, 0.93, 0.95, 0.96, 0.10, 2.0]))
    assert 0.89 < low < 0.90
    assert 0.96 < high < 0.97
