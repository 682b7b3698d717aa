"""Prediction tables written by hand."""

import pandas as pd
import pytest

from forgetting import forget_set
from unlearning.evaluation.case import Case


@pytest.fixture(scope="session")
def table():
    """Rows of (split, age, predicted) -> a prediction table; ids count up from ``first``."""

    def make(*rows, first=0):
        frame = pd.DataFrame(rows, columns=["split", "age", "predicted"])
        frame.insert(0, "id", [f"face-{first + i}" for i in range(len(rows))])
        return frame.assign(member_0=frame.predicted)

    return make


@pytest.fixture(scope="session")
def study_case(table):
    """The study's hand example: errors 10, 4 against 2, 1 on the forget set, and MAE 6 against 5 on the test set."""

    def make(**settings):
        retrained = table(("train", 25, 35.0), ("validation", 30, 34.0), ("test", 40, 46.0), ("test", 50, 44.0))
        evaluated = table(("train", 25, 27.0), ("validation", 30, 29.0), ("test", 40, 47.0), ("test", 50, 53.0))
        return Case(**{"version": evaluated, "retrained": retrained, "forget": forget_set("25-30", evaluated)} | settings)

    return make
