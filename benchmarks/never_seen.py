"""How often the test for single faces errs, and how often it notices a memory, on an original and its cross-fitting.

    PYTHONPATH=src python benchmarks/never_seen.py --name age-resnet50

Strangers: one seed's models of the folds are judged as if they were a version, beside the table of the other seeds; they saw no
face that they are asked about. Members: the original itself. Each row holds so many random groups of training faces, with the
exact 95 % interval of the share.
"""

from __future__ import annotations

import click
import numpy as np
import pandas as pd
from scipy.stats import binomtest

from unlearning.evaluation.never_seen import LEVEL, SEED, NeverSeen
from unlearning.markdown import table as rows_of
from unlearning.progress import track
from unlearning.registry.lookup import find
from unlearning.tracking.store import prepare_store
from unlearning.versions.data import account_of
from unlearning.versions.files import predictions_of
from unlearning.versions.never_seen import never_seen_of

SIZES = (1, 3, 5, 10, 20, 50, 100)


def share(found: list[bool]) -> str:
    interval = binomtest(sum(found), len(found)).proportion_ci()
    return f"{np.mean(found):.3f} ({interval.low:.3f} to {interval.high:.3f})"


def one_size(
    table: pd.DataFrame, copies: pd.Series, original: pd.DataFrame, size: int, groups: int, seed: int
) -> dict[str, str]:
    """False alarms over all seeds in turn, and noticed memories, of random groups of one size."""
    random = np.random.default_rng([seed, size])
    trained = table.id[(table.split == "train") & ~table.id.isin(copies)].to_numpy()
    seeds = [column for column in table if column.startswith(SEED)]
    alarms, noticed, aucs = [], [], []
    for number in range(groups):
        ids = random.choice(trained, size, replace=False)
        stranger = seeds[number % len(seeds)]
        beside = NeverSeen(table.drop(columns=stranger), copies)
        alarms.append(beside.judge(table.assign(predicted=table[stranger]), original, ids, number).p < LEVEL)
        said = beside.judge(original, original, ids, number)
        noticed.append(said.p < LEVEL)
        aucs.append(said.auc)
    return {"faces": str(size), "false alarms": share(alarms), "noticed": share(noticed), "AUC": f"{np.mean(aucs):.2f}"}


@click.command()
@click.option(
    "--name", default="age-resnet50", help="Registered model whose original was cross-fitted with three seeds or more."
)
@click.option("--groups", default=600, help="Random groups of each size.")
@click.option("--seed", default=0, help="Of the draws.")
def main(name: str, groups: int, seed: int):
    """Print false alarms and noticed memories by the number of faces, as a Markdown table."""
    prepare_store()
    version = find(name, "original")
    manifest, _ = account_of(version.tag("data_run"))
    copies, table, original = manifest.id[manifest.copy_of != ""], never_seen_of(version), predictions_of(version)
    sizes = track(SIZES, len(SIZES), "sizes")
    rows = [one_size(table, copies, original, size, groups, seed) for size in sizes]
    print(rows_of(list(rows[0]), [list(row.values()) for row in rows]))


if __name__ == "__main__":
    main()
