"""status: which version is served, what each has forgotten, and how well."""

from __future__ import annotations

import json

from rich.console import Console
from rich.table import Table

from unlearning.errors import InputError
from unlearning.tracking import registry, runs
from unlearning.tracking.registry import Version
from unlearning.tracking.store import prepare_store

COLUMNS = (
    "version", "role", "stage", "aliases", "forget_set", "epochs", "test_mae", "Utility", "Forgetting", "F", "seconds", "state"
)  # fmt: skip
NUMBERS = ("test_mae", "Utility", "Forgetting", "F", "seconds")
FORMATS = ("table", "json", "markdown")


def status(name: str, format: str) -> str:
    """The registry table as text: for a terminal, for programs, or for a page. Reading needs no right to write."""
    if not runs.launched():
        prepare_store()
        return _render(name, format)
    with runs.run("status", f"status of {name}"):
        runs.log_text(_render(name, "json"), "status.json")
        return _render(name, format)


def _render(name: str, format: str) -> str:
    rows = [_row(version) for version in registry.versions(name)]
    if not rows:
        raise InputError(f"there is no registered model {name!r} yet; make one with: mlflow run . -e train")
    return {"table": _as_table, "json": _as_json, "markdown": _as_markdown}[format](name, rows)


def _row(version: Version) -> dict:
    row = {column: version.tag(column) or None for column in COLUMNS}
    row |= {"version": version.number, "stage": version.stage, "aliases": list(version.aliases)}
    row["forget_set"] = version.tag("forget_rule", version.tag("forget_set")) or None
    return row | {name: float(row[name]) if row[name] else None for name in NUMBERS}


def _text(column: str, value) -> str:
    if value is None or value == "none":
        return "-"
    if column == "seconds":
        return f"{value:.0f}"
    return ", ".join(value) if isinstance(value, list) else f"{value:.3f}" if column in NUMBERS else str(value)


def _as_json(name: str, rows: list[dict]) -> str:
    return json.dumps({"model": name, "versions": rows}, indent=1)


def _as_markdown(name: str, rows: list[dict]) -> str:
    lines = [COLUMNS, ["---"] * len(COLUMNS), *([_text(c, row[c]) for c in COLUMNS] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _as_table(name: str, rows: list[dict]) -> str:
    table = Table(title=f"registered model {name}", title_justify="left")
    for column in COLUMNS:
        table.add_column(column, justify="right" if column in NUMBERS else "left", overflow="fold")
    for row in rows:
        style = "bold" if "champion" in row["aliases"] else ""
        table.add_row(*(_text(column, row[column]) for column in COLUMNS), style=style)
    console = Console(width=150)
    with console.capture() as captured:
        console.print(table)
    return captured.get().rstrip()
