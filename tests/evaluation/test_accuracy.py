"""Errors on the worst ages, and what cannot be computed."""

import numpy as np
import pandas as pd
import pytest

from unlearning.evaluation.case import Case
from unlearning.evaluation.ground import FEWEST, NotKnownError, comparison_of
from unlearning.evaluation.numbers import accuracy


def aged(errors: dict[int, float], count: int = FEWEST) -> Case:
    """``count`` test faces of every age, all with the same error."""
    rows = [(f"{age}-{i}", "test", age, age + error) for age, error in errors.items() for i in range(count)]
    return Case(pd.DataFrame(rows, columns=["id", "split", "age", "predicted"]))


def test_the_worst_ages_by_hand():
    """Errors of 2 and 6 years, 4 on average: the worst band errs 2 years more."""
    assert accuracy.worst_age_gap(comparison_of(aged({30: 2.0, 40: -6.0})))[0] == 2
    assert accuracy.worst_age_gap(comparison_of(aged({30: 2.0, 34: -6.0, 40: 4.0})))[0] == 0, "30 and 34 are one band"


def test_bands_of_few_faces_are_not_compared():
    with pytest.raises(NotKnownError, match="1 groups of 10 faces"):
        accuracy.worst_age_gap(comparison_of(aged({30: 2.0})))
    with pytest.raises(NotKnownError, match="0 groups"):
        accuracy.worst_age_gap(comparison_of(aged({30: 2.0, 40: 6.0}, FEWEST - 1)))


def test_the_mean_error_is_over_faces_and_an_empty_part_says_so():
    with pytest.raises(NotKnownError, match="nobody: validation faces"):
        accuracy.mae(comparison_of(aged({30: 2.0})), "validation")
    case = aged({30: 2.0, 40: -6.0, 50: 1.0})
    assert accuracy.mae(comparison_of(case), "test")[0] == np.mean(np.abs(case.errors("test"))) == 3
