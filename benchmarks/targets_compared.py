"""Do the methods forget other targets as they forget ages? Memory left of each on a group, and how alike their orders are.

    PYTHONPATH=src python benchmarks/targets_compared.py --out results/methods results/methods/*/

Each folder is what ``report -P out=FOLDER`` kept of a study of all methods; the forget set not drawn counts. ``left.csv``
has memory left (percent, mean of the seeds) by method and folder. ``agreement.csv`` has Spearman's rank correlation of the
methods in two folders, the mean over all pairs of their seeds; a folder with itself pairs two different seeds, so that its row
says how much of the order is chance. No store and no face is needed.
"""

from __future__ import annotations

from itertools import combinations_with_replacement, product
from pathlib import Path

import click
import pandas as pd
from never_seen import show

from unlearning.evaluation.case import Case
from unlearning.evaluation.registry import measure
from unlearning.experiments.kept import load
from unlearning.reports.words import model_name


def left(folder: Path) -> pd.DataFrame:
    """Memory left in percent: a row a method, a column a seed."""
    results, _ = load(folder / "kept")
    forget_set = next(rule for rule in results.forget_sets if not rule.startswith("random"))
    ends = [results.series(forget_set, arm)[-1] for arm in results.arms(forget_set)]
    cells = {model_name(one.arm): dict(zip(one.seeds, map(_left, one.cases), strict=True)) for one in ends}
    return pd.DataFrame.from_dict(cells, orient="index").rename_axis("method")


def _left(case: Case) -> float:
    return measure(case, ["memory_left"])["memory_left"]


def agreement(tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """Rank correlation of every two folders over the methods that both have, by the distance of memory left from 0."""
    rows, far = [], {name: table.abs() for name, table in tables.items()}
    for one, other in combinations_with_replacement(far, 2):
        both = far[one].index.intersection(far[other].index)
        pairs = [pair for pair in product(far[one], far[other]) if one != other or pair[0] < pair[1]]
        found = [far[one].loc[both, a].corr(far[other].loc[both, b], method="spearman") for a, b in pairs]
        rows.append({"one": one, "other": other, "methods": len(both), "correlation": pd.Series(found).mean()})
    return pd.DataFrame(rows)


@click.command()
@click.argument("folders", type=Path, nargs=-1, required=True)
@click.option("--out", type=Path, required=True, help="Folder for the two tables.")
def main(folders: tuple[Path, ...], out: Path):
    """Print both tables, and write them."""
    tables = {folder.name: left(folder) for folder in folders}
    means = pd.concat({name: table.mean(axis=1) for name, table in tables.items()}, axis=1)
    show(means.round(1).reset_index(), out / "left.csv")
    show(agreement(tables).round(2), out / "agreement.csv")


if __name__ == "__main__":
    main()
