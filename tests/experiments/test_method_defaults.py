"""The search for methods' defaults: the same number of trials for each, and the rule that ranks them."""

import pandas as pd
import pytest
from optuna.logging import WARNING, set_verbosity

from places import ROOT
from unlearning.methods import METHODS
from unlearning.methods.params import make_method


@pytest.fixture
def search(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import method_defaults

    set_verbosity(WARNING)
    return method_defaults


def test_every_approximate_method_is_tried_as_often_first_as_it_is_and_alike_in_every_call(search):
    assert set(METHODS) - set(search.SEARCHED) == {"retrain", "sisa"}
    for name in search.SEARCHED:
        tried = search.settings_of(name)
        assert tried == search.settings_of(name)
        assert make_method(METHODS[name], tried[0]) == METHODS[name]()
        assert len({make_method(METHODS[name], params) for params in tried}) == search.TRIALS


def rows(*trials: tuple[str, float, float], seed: int = 100) -> list[dict]:
    """Trials of ft: settings, memory left in percent, and error in years."""
    return [
        {"method": "ft", "params": params, "seed": seed, "memory_left": left, "error": error} for params, left, error in trials
    ]


RETRAINED = [
    {"method": "retrained", "params": "", "seed": 100 + one, "memory_left": 5 - 10 * one, "error": 6.0} for one in (0, 1)
]


def test_the_least_memory_within_the_bound_on_the_error_comes_first_and_noise_counts_as_none(search):
    """Two references are 5 and -5, and err by 6 years, so that 6.6 is the bound."""
    some = rows(
        ("wrong", 0, 6.7), ("near", 4, 6.2), ("nearer", -1, 6.3), ("over", -20, 6.0), ("failed", None, None), ("much", 90, 6.0)
    )
    order = search.ranked(pd.DataFrame(RETRAINED + some), "ft", 100).params.tolist()
    assert order == ["near", "nearer", "over", "much", "wrong", "failed"]


@pytest.mark.parametrize(("again", "change"), [((50, 2), True), ((2, 50), False), ((), False)])
def test_a_default_is_replaced_only_where_the_second_seed_says_the_same(search, again, change):
    default = search.settings_of("ft")[0]
    first = rows((default, 50, 6.1), ("better", 2, 6.1))
    second = rows(*zip((default, "better"), again, (6.1, 6.1), strict=False), seed=101)
    row = search.chosen(pd.DataFrame(RETRAINED + first + second)).iloc[0]
    assert row.best == "better"
    assert row.change == change
