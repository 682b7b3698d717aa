"""How often the audit finds fault with a model that never saw the forget set, by the number of retrained seeds beside it.

    PYTHONPATH=src OMP_NUM_THREADS=1 python benchmarks/false_alarms.py --trials 1000

In every trial all models are retrained ones: each shifts all ages by something of its own, as a seed does, shifts those of the
forgotten ages by some more, and errs on every face by itself. One of them is judged beside the others. A number gives a false
alarm where it lies beyond its floor, the audit where any of the numbers that decide does: at most in 5 of 100 trials. Beside
every share stand the ends of its exact 95 % interval (Clopper and Pearson).
"""

from __future__ import annotations

import click
import numpy as np
import pandas as pd
from scipy.stats import binomtest

from unlearning.data.forget import ForgetSet
from unlearning.evaluation.audit.audit import row_of
from unlearning.evaluation.audit.panel import panel_of
from unlearning.evaluation.audit.verdicts import DECIDING, Bounds
from unlearning.evaluation.case import Case
from unlearning.evaluation.on_models.handed import Measured
from unlearning.evaluation.registry import METRICS

SEEDS = (2, 3, 4, 5, 10)
FACES, FORGOTTEN = 600, (20, 28)
SHIFT, SHIFT_OF_FORGOTTEN, NOISE, DIFFICULTY = 0.3, 0.4, 2.0, 5.0


def draw_case(seeds: int, trial: int) -> Case:
    """A model beside so many others of its kind; two are two tables, more are the members of one."""
    random = np.random.default_rng([seeds, trial])
    ages = random.integers(20, 61, FACES)
    forgotten = (ages >= FORGOTTEN[0]) & (ages <= FORGOTTEN[1])
    split = random.choice(["train", "validation", "test"], FACES, p=[0.6, 0.1, 0.3])
    faces = pd.DataFrame({"id": [f"{face:04d}" for face in range(FACES)], "split": split, "age": ages})
    shifts = random.normal(0, SHIFT, (seeds + 1, 1)) + random.normal(0, SHIFT_OF_FORGOTTEN, (seeds + 1, 1)) * forgotten
    answers = ages + random.normal(0, DIFFICULTY, FACES) + shifts + random.normal(0, NOISE, (seeds + 1, FACES))
    ids = [tuple(faces.id[forgotten & part]) for part in (split != "test", split == "test")]

    def table(models: np.ndarray) -> pd.DataFrame:
        return faces.assign(predicted=models.mean(axis=0), **{f"member_{i}": model for i, model in enumerate(models)})

    own, others = table(answers[:1]), answers[1:]
    parts = np.split(others, 2) if seeds == 2 else [others]
    beside = dict(zip(("retrained", "second"), map(table, parts), strict=False))
    return Case(own, forget=ForgetSet("20-28", "20-28", "digest", *ids), **beside)


def alarms(seeds: int, trial: int, resamples: int, bounds: Bounds) -> list[str]:
    """The numbers that decide which lie beyond their floors."""
    panel = panel_of(draw_case(seeds, trial), Measured(), resamples, 0)
    rows = [row_of(METRICS[name], panel, Measured(), bounds) for name in DECIDING]
    return [row.metric for row in rows if row.distance > row.floor]


def share(count: int, trials: int) -> str:
    """A share with the ends of its exact interval."""
    ends = binomtest(count, trials).proportion_ci(method="exact")
    return f"{count / trials:.3f} ({ends.low:.3f} to {ends.high:.3f})"


@click.command()
@click.option("--trials", default=1000, help="Of each number of seeds.")
@click.option("--resamples", default=0, help="Of the faces; 0: by the spread of the seeds alone, which gives most alarms.")
def main(trials: int, resamples: int):
    """Print one line for every number of seeds."""
    alone = Bounds(floor=1 - len(DECIDING) * 0.05)
    print("seeds  any number that decides    each at .95 by itself, on average")
    for seeds in SEEDS:
        together = sum(bool(alarms(seeds, trial, resamples, Bounds())) for trial in range(trials))
        single = sum(len(alarms(seeds, trial, resamples, alone)) for trial in range(trials))
        known = 3 if seeds == 2 else len(DECIDING)  # two retrained models have one distance: no floor
        print(f"{seeds:5d}  {share(together, trials):26s} {single / trials / known:.3f}", flush=True)


if __name__ == "__main__":
    main()
