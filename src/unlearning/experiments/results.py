"""What an experiment found: one outcome for each forget set, arm and milestone, with the cases of all its seeds."""

from dataclasses import dataclass, replace

import pandas as pd

from unlearning.evaluation.case import Case
from unlearning.evaluation.registry import measure
from unlearning.evaluation.table import align
from unlearning.experiments.plan import ORIGINAL, RETRAINED
from unlearning.targets import AGE, ANSWER, Target

POOLED = "pooled"
AGAIN = "retrained again"
AT_DEFAULTS = "(own defaults)"
SUMMED = ("seconds", "retrained_seconds", "samples", "retrained_samples")
BESIDES = ("memory_left", "mia_auc", "mia_gap", "forget_difference", "forget_w1_predictions")


@dataclass(frozen=True)
class Outcome:
    """One row of the study's tables.

    Args:
        arm: ``original``, ``retrained``, AGAIN, or a method's name, with settings that are not the preset's, or AT_DEFAULTS
            where the preset has settings for it and it runs without them. AGAIN is the retrained model of another seed, judged
            as if it were unlearned: what chance alone makes of the scores.
        epochs: passes of unlearning; 0 for those that were not unlearned.
        cases: one a seed: the version's prediction table and its own reference's.
        pooled: the same of the predictions averaged over the seeds.
    """

    forget_set: str
    arm: str
    epochs: int
    seeds: tuple[int, ...]
    cases: tuple[Case, ...]
    pooled: Case


@dataclass(frozen=True)
class Results:
    """All outcomes of one experiment, in the order of the plan; ``digest`` is that of the data."""

    preset: str
    digest: str
    outcomes: tuple[Outcome, ...]

    @property
    def seeds(self) -> tuple[int, ...]:
        return self.outcomes[0].seeds

    @property
    def target(self) -> Target:
        return self.outcomes[0].pooled.target if self.outcomes else AGE

    @property
    def of_ages(self) -> "Results":
        """What can stand beside the study, which predicts ages: nothing of an experiment on another target."""
        return replace(self, outcomes=tuple(outcome for outcome in self.outcomes if outcome.pooled.target == AGE))

    @property
    def forget_sets(self) -> list[str]:
        """The rules, in the order of the plan."""
        return list(dict.fromkeys(outcome.forget_set for outcome in self.outcomes))

    def find(self, forget_set: str, arm: str, epochs: int = 0) -> Outcome | None:
        """The outcome of a cell; None when the experiment did not run it."""
        wanted = (forget_set, arm, epochs)
        return next((o for o in self.outcomes if (o.forget_set, o.arm, o.epochs) == wanted), None)

    def series(self, forget_set: str, arm: str) -> list[Outcome]:
        """The milestones of an arm, in order."""
        return sorted((o for o in self.outcomes if (o.forget_set, o.arm) == (forget_set, arm)), key=lambda o: o.epochs)

    def arms(self, forget_set: str) -> list[str]:
        """The unlearning arms of a forget set."""
        known = dict.fromkeys(o.arm for o in self.outcomes if o.forget_set == forget_set)
        return [arm for arm in known if arm not in (ORIGINAL, RETRAINED, AGAIN)]


def outcome_of(forget_set: str, arm: str, epochs: int, seeds: tuple[int, ...], cases: tuple[Case, ...]) -> Outcome:
    """An outcome of the cases of its seeds, with their predictions averaged as well."""
    pooled = _pooled(cases)
    # Averaged over the seeds other retrained models are the references themselves, so that a likeness would say nothing.
    return Outcome(forget_set, arm, epochs, seeds, cases, replace(pooled, retrained=None) if arm == AGAIN else pooled)


def _pooled(cases: tuple[Case, ...]) -> Case:
    """Predictions averaged over the seeds; with all seeds in the average there is no second reference."""
    sides = {name: [getattr(case, name) for case in cases] for name in ("version", "retrained", "original")}
    tables = {name: pool(side) if all(one is not None for one in side) else None for name, side in sides.items()}
    costs = {name: sum(getattr(case, name) for case in cases) for name in SUMMED}
    return replace(cases[0], **tables, **costs, peak_memory_mb=max(case.peak_memory_mb for case in cases), second=None)


def pool(tables: list[pd.DataFrame]) -> pd.DataFrame:
    """One prediction table with the mean of several tables' predictions, face by face; the mean has no likeliest class."""
    first = tables[0]
    others = [align(table, first).predicted.to_numpy() for table in tables[1:]]
    mean = sum([first.predicted.to_numpy(), *others]) / len(tables)
    return first.drop(columns=ANSWER, errors="ignore").assign(predicted=mean)


def scores(results: Results) -> pd.DataFrame:
    """All metrics of all outcomes: columns forget_set, arm, epochs, seed (or ``pooled``), HEADLINES and BESIDES.

    The study's N = 3 can be read in two ways: the mean of the metrics of three seeds, or the metric of the mean of their
    predictions. Rows by seed give the first, rows with ``pooled`` the second.
    """
    rows = []
    for outcome in results.outcomes:
        keys = {"forget_set": outcome.forget_set, "arm": outcome.arm, "epochs": outcome.epochs}
        named = [*zip(map(str, outcome.seeds), outcome.cases, strict=True), (POOLED, outcome.pooled)]
        rows += [keys | {"seed": seed} | measure(case, BESIDES) | case.target.measured(case.version) for seed, case in named]
    return pd.DataFrame(rows)


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """``scores`` by forget set, arm and epochs: means over seeds, spreads (``_sd``), and pooled values (``_pooled``)."""
    keys = ["forget_set", "arm", "epochs"]
    metrics = [name for name in table.columns if name not in (*keys, "seed")]
    seeds = table[table.seed != POOLED].groupby(keys, sort=False)[metrics]
    pooled = table[table.seed == POOLED].set_index(keys)[metrics]
    parts = [seeds.mean(), seeds.std(ddof=1).add_suffix("_sd"), pooled.add_suffix("_pooled")]
    return pd.concat(parts, axis=1).reset_index()
