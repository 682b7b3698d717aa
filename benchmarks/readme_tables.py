"""The README's tables on real faces, as Markdown from the tables of a report: nobody copies numbers by hand.

    PYTHONPATH=src python benchmarks/readme_tables.py results/utkface-study-small

Prints the versions of 20-28, F of the five age groups, and every method on each forget set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import click
import pandas as pd

NAMES = {
    "original": "*original*",
    "retrained": "*retrained*",
    "retrained again": "*retrained, the other seed*",
    "ft": "FT",
    "rnd": "RND",
    "rnd as_published=true": "RND as published",
    "ft (own defaults)": "**ft**",
    "rnd (own defaults)": "**rnd**",
}
STUDY = {"test_mae": "test MAE", "Utility": "Utility", "Forgetting": "Forgetting", "F": "F"}
METHODS = STUDY | {
    "forget_mae": "forget MAE",
    "test_in_range_mae": "MAE, test faces of its ages",
    "forget_difference": "years from retrained",
    "samples_ratio": "faces shown",
    "seconds_ratio": "seconds",
}
YEARS = ("test_mae", "forget_mae", "test_in_range_mae", "forget_difference")


def number(value: float, metric: str) -> str:
    """Years with one digit where a method's table shows them, everything else with two and no leading zero."""
    text = f"{value:.1f}" if metric in YEARS else f"{value:.2f}"
    return text[1:] if text.startswith("0.") and metric not in YEARS else text


def cell(row: pd.Series, spread: bool = True) -> str:
    """Mean, standard deviation over the seeds, and in brackets the study's value."""
    if pd.isna(row.ours):
        return ""
    sd = f" ± {number(row.sd, row.metric)}" if spread and pd.notna(row.sd) else ""
    return f"{number(row.ours, row.metric)}{sd}" + (f" ({number(row.published, '')})" if pd.notna(row.published) else "")


def lines(heads: list[str], rows: Iterable[list[str]]) -> str:
    """A Markdown table."""
    parts = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(part)} |" for part in parts)


def wide(table: pd.DataFrame, keys: list[str], across: dict[str, str], title: Callable[..., str]) -> str:
    """One row for each value of ``keys``, one column a metric."""
    rows = []
    for key, own in table.groupby(keys, sort=False):
        cells = {row.metric: cell(row, row.metric not in ("samples_ratio", "seconds_ratio")) for row in own.itertuples()}
        rows.append([title(*key), *(cells.get(name, "") for name in across)])
    return lines(["version", *across.values()], rows)


def versions(table: pd.DataFrame) -> str:
    """Original, reference, FT and RND after every number of epochs."""

    def title(epochs: int, model: str) -> str:
        return NAMES.get(model, model) + (f", {epochs} epochs" if epochs else "")

    shown = ["original", "retrained", "ft", "rnd"]
    own = table[table.model.isin(shown)]
    return wide(own.iloc[own.model.map(shown.index).argsort(kind="stable")], ["epochs", "model"], STUDY, title)


def groups(table: pd.DataFrame) -> str:
    """F by forget set, one column a model."""
    own = table[table.metric == "F"]
    models = list(dict.fromkeys(own.model))
    rows = [
        [rule, *(cell(row) for name in models for row in part[part.model == name].itertuples())]
        for rule, part in own.groupby("forget_set", sort=False)
    ]
    return lines(["forget set", *(NAMES.get(name, name) for name in models)], rows)


def methods(table: pd.DataFrame) -> str:
    """Every method after its own passes, the best F first."""
    return wide(table, ["model", "epochs"], METHODS, lambda model, epochs: NAMES.get(model, model))


@click.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(folder: Path) -> None:
    """Print the README's tables from the CSV files of FOLDER."""

    def table(name: str) -> pd.DataFrame:
        return pd.read_csv(folder / "tables" / f"{name}.csv")

    print(versions(table("tables_4_to_7")), groups(table("table_8")), sep="\n\n")
    if (folder / "tables" / "methods.csv").exists():
        for rule, own in table("methods").groupby("forget_set", sort=False):
            print(f"\n{rule}\n\n{methods(own)}")


if __name__ == "__main__":
    main()
