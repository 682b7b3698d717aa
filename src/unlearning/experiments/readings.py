"""The readings that the study makes of its tables, each with its test: an interval of a difference, and the sign in every seed.

A reading is confirmed when the 95 % interval of what it claims to be positive lies above 0 and every seed agrees; it is
contradicted when the interval lies below 0; anything else, and what one seed says alone, is open. Intervals come of a
bootstrap in two stages: seeds are drawn, and within them faces, each with its copies and near-copies. All scores of a claim
see the same draws, so that differences are paired.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from unlearning.data.settings import GROUPS
from unlearning.evaluation.ground import Comparison, comparison_of
from unlearning.evaluation.numbers import forgetting
from unlearning.evaluation.resample import RESAMPLES, draw_seeds, interval_of_seeds
from unlearning.experiments.plan import ORIGINAL
from unlearning.experiments.published import ALPHAS
from unlearning.experiments.results import Outcome, Results
from unlearning.naming import by_name

CONFIRMED, CONTRADICTED, OPEN, NOT_RUN = "confirmed", "not confirmed: the opposite", "not confirmed: open", "not run"
FIRST = "20-28"


@dataclass(frozen=True)
class Drawn:
    """Scores of one outcome: means over its seeds, of the sample and in every resample of seeds and faces, (1 + resamples,).

    ``counts``: how often each seed counts, shape (1 + resamples, seeds).
    """

    comparisons: tuple[Comparison, ...]
    counts: np.ndarray

    def utility(self) -> np.ndarray:
        return self._mean(forgetting.utility)

    def f_score(self) -> np.ndarray:
        return self._mean(forgetting.f_score)

    def forgetting(self, alpha: float = 0.0) -> np.ndarray:
        """At a scale in years; 0 for that of the cases."""
        return self._mean(lambda comparison: forgetting.forgetting(_at(comparison, alpha) if alpha else comparison))

    def _mean(self, score: Callable[[Comparison], np.ndarray]) -> np.ndarray:
        values = np.stack([score(comparison) for comparison in self.comparisons], axis=1)
        mean: np.ndarray = (values * self.counts).sum(axis=1) / self.counts.sum(axis=1)
        return mean


def _at(comparison: Comparison, alpha: float) -> Comparison:
    """The same with another scale of Forgetting."""
    ground = replace(comparison.ground, alpha=alpha)
    subject, retrained = (replace(one, ground=ground, _known={}) for one in (comparison.subject, comparison.other("retrained")))
    return Comparison(subject, retrained)


@dataclass(frozen=True)
class Evidence:
    """One claim, measured: what should be above 0, what was found, its 95 % interval, and the value in each seed by itself."""

    claim: str
    value: float
    low: float
    high: float
    seeds: tuple[float, ...]

    @property
    def verdict(self) -> str:
        if len(self.seeds) < 2:  # its interval is that of the faces alone: what another seed would say is not known
            return OPEN
        if self.low > 0 and all(value > 0 for value in self.seeds):
            return CONFIRMED
        return CONTRADICTED if self.high < 0 else OPEN


@dataclass(frozen=True)
class Reading:
    """What the study says, and the evidence for each of its parts; empty when the cells were not run."""

    name: str
    sentence: str
    function: Callable[[Results], list[Evidence]]
    parts: int = 1


def verdict(evidence: list[Evidence], parts: int = 1) -> str:
    """Of a whole reading: confirmed when every part is, the opposite when every part is; else, or with one missing, open."""
    verdicts = {part.verdict for part in evidence}
    if not verdicts:
        return NOT_RUN
    return verdicts.pop() if len(verdicts) == 1 and len(evidence) >= parts else OPEN


def _measured(claim: str, outcomes: list[Outcome], statistic: Callable[..., np.ndarray]) -> list[Evidence]:
    """The statistic of some outcomes' ``Drawn``, over the seeds that all of them have, and of each seed alone; else none."""
    seeds = [seed for seed in outcomes[0].seeds if all(seed in outcome.seeds for outcome in outcomes)]
    if not seeds:
        return []
    cases = [[outcome.cases[outcome.seeds.index(seed)] for seed in seeds] for outcome in outcomes]
    compared = [tuple(comparison_of(case, RESAMPLES) for case in of_outcome) for of_outcome in cases]
    everyone = np.ones((1 + RESAMPLES, len(seeds)))
    both, faces = (
        statistic(*(Drawn(comparisons, counts) for comparisons in compared))
        for counts in (draw_seeds(len(seeds), RESAMPLES, seed=0), everyone)
    )
    alone = [statistic(*(Drawn((one,), everyone[:, :1]) for one in of_seed))[0] for of_seed in zip(*compared, strict=True)]
    return [Evidence(claim, float(both[0]), *interval_of_seeds(both, faces, len(seeds)), tuple(map(float, alone)))]


def original_is_useful(results: Results) -> list[Evidence]:
    original = results.find(FIRST, ORIGINAL)
    return _measured("Utility of the original - 1", [original], lambda o: o.utility() - 1) if original else []


def _trend(results: Results, score: Callable[[Drawn], np.ndarray], sign: int, claim: str) -> list[Evidence]:
    """Slope of a score of FT against the doublings of epochs."""
    outcomes = results.series(FIRST, "ft")
    if len(outcomes) < 3:
        return []
    doublings = np.log2([outcome.epochs for outcome in outcomes])
    centred = (doublings - doublings.mean()) / np.sum((doublings - doublings.mean()) ** 2)
    return _measured(claim, outcomes, lambda *drawn: sign * centred @ np.array([score(one) for one in drawn]))


def ft_utility_falls(results: Results) -> list[Evidence]:
    return _trend(results, Drawn.utility, -1, "fall of FT's Utility per doubling of the epochs")


def ft_forgetting_rises(results: Results) -> list[Evidence]:
    return _trend(results, Drawn.forgetting, 1, "rise of FT's Forgetting per doubling of the epochs")


def ft_is_best(results: Results) -> list[Evidence]:
    """For each age group, F of FT after 8 epochs minus the better F of the original and RND after 2."""
    evidence = []
    for rule in results.forget_sets:
        trio = [results.find(rule, "ft", 8), results.find(rule, ORIGINAL), results.find(rule, "rnd", 2)]
        if all(trio) and not rule.startswith("random"):
            claim = f"{rule}: F of FT - the larger F of original and RND"
            evidence += _measured(claim, trio, lambda ft, o, rnd: ft.f_score() - np.maximum(o.f_score(), rnd.f_score()))
    return evidence


def alpha_keeps_the_order(results: Results) -> list[Evidence]:
    """For each pair of neighbours in the order at alpha = 15, their smallest difference in Forgetting over all alphas."""
    trio = [results.find(FIRST, ORIGINAL), results.find(FIRST, "ft", 8), results.find(FIRST, "rnd", 2)]
    if not all(trio):
        return []
    ranked = sorted(trio, key=lambda one: -np.mean([forgetting.forgetting(comparison_of(case))[0] for case in one.cases]))
    evidence = []
    for upper, lower in pairwise(ranked):
        evidence += _measured(
            f"Forgetting of {_spoken(upper)} - Forgetting of {_spoken(lower)}, smallest over the alphas",
            [upper, lower],
            lambda one, two: np.min([one.forgetting(alpha) - two.forgetting(alpha) for alpha in ALPHAS], axis=0),
        )
    return evidence


def _spoken(outcome: Outcome) -> str:
    return outcome.arm if outcome.arm == ORIGINAL else outcome.arm.upper()


def oldest_are_hardest(results: Results) -> list[Evidence]:
    """For each other age group, F of FT there minus F of FT on 52-60."""
    oldest = results.find("52-60", "ft", 8)
    others = [results.find(rule, "ft", 8) for rule in results.forget_sets if rule != "52-60" and not rule.startswith("random")]
    known = [other for other in others if other]
    if not oldest or len(known) < 4:
        return []
    evidence = []
    for other in known:
        claim = f"F of FT on {other.forget_set} - on 52-60"
        evidence += _measured(claim, [other, oldest], lambda one, two: one.f_score() - two.f_score())
    return evidence


READINGS = by_name(
    Reading("original", "The original is more useful than the retrained model: its Utility is above 1.", original_is_useful),
    Reading("utility", "Utility of FT falls with the epochs.", ft_utility_falls),
    Reading("forgetting", "Forgetting of FT rises with the epochs.", ft_forgetting_rises),
    Reading("best", "FT has the best F for every forget set.", ft_is_best, len(GROUPS)),
    Reading("alpha", "alpha only rescales Forgetting and never reorders the models.", alpha_keeps_the_order, 2),
    Reading("oldest", "52-60 is the hardest forget set.", oldest_are_hardest, len(GROUPS) - 1),
)
