"""Results of an experiment that never ran: every model errs by chosen years."""

import numpy as np
import pytest

from reports.experiments import outcome as of_tables
from reports.experiments import predictions
from unlearning.data.forget import ForgetSet
from unlearning.experiments.results import Outcome, Results

COUNT = 300
AGES, SPLITS = np.tile(np.arange(20, 60), 8)[:COUNT].astype(float), np.repeat(["train", "validation", "test"], [180, 60, 60])


def table(test: float, forget: float, seed: int):
    """Predictions that are off by about so many years on the test and on the forget set, half of them too young."""
    random = np.random.default_rng(seed)
    size = np.where(SPLITS == "test", test, forget) * random.uniform(0.8, 1.2, COUNT)
    return predictions(AGES, SPLITS, AGES + size * random.choice([-1, 1], COUNT))


def outcome(rule: str, arm: str, epochs: int, test: float, forget: float) -> Outcome:
    """An arm with these errors; its reference errs by 8 years on the test and by 12 on the forget set."""
    ids = [f"face{number:04d}" for number in range(COUNT)]
    forgotten = ForgetSet(rule, rule, "digest", tuple(ids[:100]), tuple(ids[240:260]))
    tables = [table(test, forget, seed) for seed in range(3)]
    return of_tables(forgotten, arm, epochs, tables, [table(8.0, 12.0, seed + 50) for seed in range(3)])


@pytest.fixture(scope="session")
def as_the_study_says() -> Results:
    """All that the study reads in its tables is true here."""
    groups = ("20-28", "28-36", "36-44", "44-52", "52-60")
    found = []
    for rule in groups:
        oldest = 6.0 if rule == "52-60" else 0.0
        found += [
            outcome(rule, "original", 0, 6.0, 3.0 - oldest / 3),
            outcome(rule, "ft", 8, 6.4, 9.0 - oldest),
            outcome(rule, "rnd", 2, 9.0, 5.5 - oldest / 2),
        ]
    for epochs, test, forget in ((2, 6.0, 5.5), (4, 6.2, 7.0), (16, 6.8, 10.5)):
        found.append(outcome("20-28", "ft", epochs, test, forget))
    return Results("small", "digest", tuple(found))


@pytest.fixture(scope="session")
def all_the_same() -> Results:
    """Every model is as good as the other."""
    arms = (("original", 0), ("ft", 2), ("ft", 4), ("ft", 8), ("ft", 16), ("rnd", 2))
    return Results("small", "digest", tuple(outcome(rule, arm, e, 8.0, 8.0) for rule in ("20-28", "52-60") for arm, e in arms))
