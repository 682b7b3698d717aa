"""Experiments with drawn errors, and by hand."""

import numpy as np
import pandas as pd

from unlearning.data.forget import ForgetSet
from unlearning.evaluation.case import Case
from unlearning.evaluation.metric import TOLD, Metric
from unlearning.experiments.results import Outcome, pool

TRUE_AGES = (22, 25, 27, 31, 35, 38, 42, 47, 51, 54, 58, 60)
SCALE = {"original": 2.0, "retrained": 6.6, "ft": 6.3, "rnd": 7.0}


def dummy_metric() -> Metric:
    """A metric that nobody knows: how many faces are forgotten."""
    return Metric(
        name="dummy",
        function=lambda comparison: comparison.constant(len(comparison.ground.rows["forget"])),
        kind=TOLD,
        unit="faces",
        better="",
        range="from 0",
        formula="counted",
        source="this test",
        description="How many faces are forgotten",
        headline=True,
    )


def predictions(ages, splits, predicted) -> pd.DataFrame:
    """A prediction table by hand."""
    ids = [f"face{number:04d}" for number in range(len(ages))]
    return pd.DataFrame({"id": ids, "split": splits, "age": ages, "predicted": predicted, "member_0": predicted})


def outcome(forget, arm, epochs, evaluated, retrained, originals=None) -> Outcome:
    """One outcome of prediction tables, one a seed."""
    cost = {"seconds": 3.0 + epochs, "retrained_seconds": 60.0, "samples": 100.0 * epochs, "retrained_samples": 1200.0}
    seeds = zip(evaluated, retrained, originals or [None] * len(retrained), strict=True)
    cases = tuple(Case(own, reference, forget, original=original, **cost) for own, reference, original in seeds)
    pooled = Case(pool(list(evaluated)), pool(list(retrained)), forget, **cost)
    return Outcome(forget.rule, arm, epochs, tuple(range(len(cases))), cases, pooled)


def _drawn(arm, epochs, seed, faces) -> pd.DataFrame:
    """Predictions with errors of the arm's size; RND as published forgets all ages."""
    random = np.random.default_rng([len(arm), epochs, seed])
    ages = np.resize(TRUE_AGES, faces)
    splits = np.resize(["train", "train", "train", "validation", "test"], faces)
    predicted = ages + random.normal(0, SCALE.get(arm, 6.5), faces)
    return predictions(ages, splits, 18 + 0.1 * predicted if "as_published" in arm else predicted)


def _forget_set(rule, table) -> ForgetSet:
    known = table.age.between(*map(int, rule.split("-"))) if "-" in rule else table.index % 7 == 0
    ids, tested = (tuple(sorted(table.id[known & (table.split == "test").eq(is_test)])) for is_test in (False, True))
    return ForgetSet(rule, rule, "0123456789abcdef", ids, tested)


def outcomes(rule, arms, seeds, faces) -> list[Outcome]:
    retrained, originals = ([_drawn(arm, 0, seed, faces) for seed in range(seeds)] for arm in ("retrained", "original"))
    forget = _forget_set(rule, retrained[0])

    def of(arm, epochs, evaluated) -> Outcome:
        return outcome(forget, arm, epochs, evaluated, retrained, originals)

    found = [of("original", 0, originals), of("retrained", 0, retrained)]
    for arm, milestones in arms.items():
        found += [of(arm, e, [_drawn(arm, e, seed, faces) for seed in range(seeds)]) for e in milestones]
    return found
