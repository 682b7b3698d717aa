"""How often the test for single faces errs, and how often it notices a memory, on an original and its cross-fitting.

    PYTHONPATH=src python benchmarks/never_seen.py --name age-resnet50 --keep results/never-seen/10-folds.parquet
    PYTHONPATH=src python benchmarks/never_seen.py --from results/never-seen/10-folds.parquet --table 10-folds.csv

Strangers: one seed's models of the folds are judged as if they were a version, beside the table of the other seeds; they saw no
face that they are asked about. Members: the original itself, beside all seeds. Each row holds so many random groups of training
faces, with the exact 95 % interval of the share; the groups share faces, so that it is narrower than new faces would have it.
"""

from __future__ import annotations

from pathlib import Path

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
    """How often, with the exact (Clopper-Pearson) interval."""
    interval = binomtest(sum(found), len(found)).proportion_ci()
    return f"{np.mean(found):.3f} ({interval.low:.3f} to {interval.high:.3f})"


def numbered(table: pd.DataFrame) -> pd.DataFrame:
    """Predictions that name nobody: numbers for ids, in an order that is drawn once; no more digits than models have."""
    shuffled = table.iloc[np.random.default_rng().permutation(len(table))].reset_index(drop=True)
    numbers = shuffled.select_dtypes("float").astype(np.float32)
    return shuffled.assign(**numbers, **{"id": shuffled.index.astype(str)} if "id" in table else {})


def show(rows: pd.DataFrame, table: Path | None) -> None:
    """Print a table as Markdown, and write it into a CSV file where one is named."""
    print(rows_of(list(rows), rows.astype(str).fillna("not known").to_numpy().tolist()), end="\n\n")
    if table:
        rows.to_csv(table, index=False)


def answers(name: str) -> pd.DataFrame:
    """The newest cross-fitting of a model's original, without copies, and as ``predicted`` what the original says."""
    version = find(name, "original")
    manifest, _ = account_of(version.tag("data_run"))
    table = never_seen_of(version).merge(predictions_of(version)[["id", "predicted"]], on="id")
    return numbered(table[~table.id.isin(manifest.id[manifest.copy_of != ""])])


def one_size(table: pd.DataFrame, size: int, groups: int, seed: int) -> dict[str, str]:
    """False alarms over all seeds in turn, and noticed memories, of random groups of one size."""
    random = np.random.default_rng([seed, size])
    trained = table.id[table.split == "train"].to_numpy()
    seeds = [column for column in table if column.startswith(SEED)]
    whole, beside = NeverSeen(table), [NeverSeen(table.drop(columns=stranger)) for stranger in seeds]
    strangers = [table.assign(predicted=table[stranger]) for stranger in seeds]
    alarms, noticed, aucs = [], [], []
    for number in range(groups):
        ids = random.choice(trained, size, replace=False)
        turn = number % len(seeds)
        alarms.append(beside[turn].judge(strangers[turn], table, ids, number).p < LEVEL)
        said = whole.judge(table, table, ids, number)
        noticed.append(said.p < LEVEL)
        aucs.append(said.auc)
    return {"faces": str(size), "false alarms": share(alarms), "noticed": share(noticed), "AUC": f"{np.mean(aucs):.2f}"}


@click.command()
@click.option(
    "--name", default="age-resnet50", help="Registered model whose original was cross-fitted with three seeds or more."
)
@click.option("--from", "kept", type=Path, help="Table that --keep wrote; without one the store is read.")
@click.option("--keep", type=Path, help="Where to write the table, with numbers for ids.")
@click.option("--table", "file", type=Path, help="CSV file to write what is printed to as well.")
@click.option("--groups", default=600, help="Random groups of each size.")
@click.option("--seed", default=0, help="Of the draws.")
def main(name: str, kept: Path | None, keep: Path | None, file: Path | None, groups: int, seed: int):
    """Print false alarms and noticed memories by the number of faces, as a Markdown table."""
    if kept is None:
        prepare_store()
    table = answers(name) if kept is None else pd.read_parquet(kept)
    if keep:
        keep.parent.mkdir(parents=True, exist_ok=True)
        table.to_parquet(keep, index=False)
    table = table.astype({"id": object})  # pandas looks for one among others ten times as fast as in its own strings
    rows = [one_size(table, size, groups, seed) for size in track(SIZES, len(SIZES), "sizes")]
    show(pd.DataFrame(rows), file)


if __name__ == "__main__":
    main()
