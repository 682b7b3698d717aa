"""The readings that the study makes of its tables, each with its test: an interval of a difference, and the sign in every seed.

A reading is confirmed when the 95 % interval of what it claims to be positive lies above 0 and every seed agrees; it is
contradicted when the interval lies below 0; anything else is open. Intervals are bootstraps over faces, paired where the
same faces are compared.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from unlearning.evaluation.case import Case
from unlearning.evaluation.resample import Resampled, interval
from unlearning.experiments.plan import ORIGINAL
from unlearning.experiments.published import ALPHAS
from unlearning.experiments.results import Outcome, Results
from unlearning.naming import by_name

CONFIRMED, CONTRADICTED, OPEN, NOT_RUN = "confirmed", "not confirmed: the opposite", "not confirmed: open", "not run"
FIRST = "20-28"
Statistic = Callable[[Resampled, list[tuple[Case, ...]]], np.ndarray]


@dataclass(frozen=True)
class Evidence:
    """One claim, measured.

    Args:
        claim: what should be above 0.
        value: what was found.
        low: lower end of its 95 % interval.
        high: upper end.
        seeds: the value in each seed by itself.
    """

    claim: str
    value: float
    low: float
    high: float
    seeds: tuple[float, ...]

    @property
    def verdict(self) -> str:
        if self.low > 0 and all(value > 0 for value in self.seeds):
            return CONFIRMED
        return CONTRADICTED if self.high < 0 else OPEN


@dataclass(frozen=True)
class Reading:
    """A sentence of the study.

    Args:
        name: short name.
        sentence: what the study says.
        function: Results -> evidence for each part of the sentence; empty when the cells were not run.
    """

    name: str
    sentence: str
    function: Callable[[Results], list[Evidence]]


def verdict(evidence: list[Evidence]) -> str:
    """Of a whole reading: confirmed when every part is, the opposite when every part is, open otherwise."""
    verdicts = {part.verdict for part in evidence}
    return NOT_RUN if not verdicts else verdicts.pop() if len(verdicts) == 1 else OPEN


def _measured(claim: str, outcomes: list[Outcome], statistic: Statistic) -> Evidence:
    """Resample the statistic of some outcomes of one forget set: of all seeds together, and of each seed alone."""
    resampled = Resampled(outcomes[0].cases[0])
    by_seed = _shared(outcomes)
    together = statistic(resampled, list(zip(*by_seed, strict=True)))
    alone = [statistic(resampled, [(case,) for case in cases]) for cases in by_seed]
    return Evidence(claim, float(np.mean(together)), *interval(together), tuple(float(np.mean(values)) for values in alone))


def _shared(outcomes: list[Outcome]) -> list[tuple[Case, ...]]:
    """For every seed that all outcomes have, their cases."""
    known = [dict(zip(outcome.seeds, outcome.cases, strict=True)) for outcome in outcomes]
    return [tuple(cases[seed] for cases in known) for seed in known[0] if all(seed in cases for cases in known)]


def original_is_useful(results: Results) -> list[Evidence]:
    """Utility of M_O minus 1."""
    original = results.find(FIRST, ORIGINAL)
    return [_measured("Utility of the original - 1", [original], lambda r, o: r.utility(o[0]) - 1)] if original else []


def _trend(outcomes: list[Outcome], score: str, sign: int, claim: str) -> list[Evidence]:
    """Slope of a score against the doublings of epochs."""
    if len(outcomes) < 3:
        return []
    doublings = np.log2([outcome.epochs for outcome in outcomes])
    centred = (doublings - doublings.mean()) / np.sum((doublings - doublings.mean()) ** 2)
    return [_measured(claim, outcomes, lambda r, o: sign * centred @ np.array([getattr(r, score)(cases) for cases in o]))]


def ft_utility_falls(results: Results) -> list[Evidence]:
    """Minus the slope of FT's Utility."""
    return _trend(results.series(FIRST, "ft"), "utility", -1, "fall of FT's Utility per doubling of the epochs")


def ft_forgetting_rises(results: Results) -> list[Evidence]:
    """Slope of FT's Forgetting."""
    return _trend(results.series(FIRST, "ft"), "forgetting", 1, "rise of FT's Forgetting per doubling of the epochs")


def ft_is_best(results: Results) -> list[Evidence]:
    """For each age group, F of FT after 8 epochs minus the better F of the original and RND after 2."""
    evidence = []
    for rule in results.forget_sets:
        trio = [results.find(rule, "ft", 8), results.find(rule, ORIGINAL), results.find(rule, "rnd", 2)]
        if all(trio) and not rule.startswith("random"):
            claim = f"{rule}: F of FT - the larger F of original and RND"
            evidence.append(_measured(claim, trio, lambda r, o: r.f_score(o[0]) - np.maximum(r.f_score(o[1]), r.f_score(o[2]))))
    return evidence


def alpha_keeps_the_order(results: Results) -> list[Evidence]:
    """For each pair of neighbours in the order at alpha = 15, their smallest difference in Forgetting over all alphas."""
    trio = [results.find(FIRST, ORIGINAL), results.find(FIRST, "ft", 8), results.find(FIRST, "rnd", 2)]
    if not all(trio):
        return []
    at_15 = Resampled(trio[0].cases[0])
    ranked = sorted(trio, key=lambda outcome: -float(np.mean(at_15.forgetting(outcome.cases))))
    return [
        _measured(
            f"Forgetting of {_spoken(upper)} - Forgetting of {_spoken(lower)}, smallest over the alphas",
            [upper, lower],
            lambda r, o: np.min([r.forgetting(o[0], alpha) - r.forgetting(o[1], alpha) for alpha in ALPHAS], axis=0),
        )
        for upper, lower in pairwise(ranked)
    ]


def _spoken(outcome: Outcome) -> str:
    return outcome.arm if outcome.arm == ORIGINAL else outcome.arm.upper()


def oldest_are_hardest(results: Results) -> list[Evidence]:
    """For each other age group, F of FT there minus F of FT on 52-60."""
    oldest = results.find("52-60", "ft", 8)
    others = [results.find(rule, "ft", 8) for rule in results.forget_sets if rule != "52-60" and not rule.startswith("random")]
    if not oldest or len([other for other in others if other]) < 4:
        return []
    return [_against_oldest(other, oldest) for other in others if other]


def _against_oldest(other: Outcome, oldest: Outcome) -> Evidence:
    """Two forget sets share the test faces only: their forget sets are resampled independently."""
    one, two = Resampled(other.cases[0], seed=0), Resampled(oldest.cases[0], seed=10)
    two.test = one.test

    def difference(cases: tuple[Case, ...], old: tuple[Case, ...]) -> np.ndarray:
        return one.f_score(cases) - two.f_score(old)

    pairs = _shared([other, oldest])
    together = difference(*zip(*pairs, strict=True))
    alone = [float(np.mean(difference((a,), (b,)))) for a, b in pairs]
    return Evidence(f"F of FT on {other.forget_set} - on 52-60", float(np.mean(together)), *interval(together), tuple(alone))


READINGS = by_name(
    Reading("original", "The original is more useful than the retrained model: its Utility is above 1.", original_is_useful),
    Reading("utility", "Utility of FT falls with the epochs.", ft_utility_falls),
    Reading("forgetting", "Forgetting of FT rises with the epochs.", ft_forgetting_rises),
    Reading("best", "FT has the best F for every forget set.", ft_is_best),
    Reading("alpha", "alpha only rescales Forgetting and never reorders the models.", alpha_keeps_the_order),
    Reading("oldest", "52-60 is the hardest forget set.", oldest_are_hardest),
)
