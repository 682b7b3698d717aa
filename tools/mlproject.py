"""Write MLproject anew from the options of the entry points (``make docs``)."""

from __future__ import annotations

import importlib
import json
import re
import textwrap
from pathlib import Path

import click

from entrypoints.console import AUDIENCES

FILE = Path(__file__).resolve().parents[1] / "MLproject"
BEGIN = "entry_points:\n"


def mlproject(before: str) -> str:
    """The file: its head and the order of its entries as they are, a new entry point last."""
    head, _, entries = before.partition(BEGIN)
    known = [name for names in AUDIENCES.values() for name in names]
    written = [name for name in re.findall(r"^  (\w+):$", entries, re.MULTILINE) if name in known]
    return head + BEGIN + "\n".join(map(_entry, dict.fromkeys(written + known)))


def _entry(name: str) -> str:
    options = importlib.import_module(f"entrypoints.{name}").main.params
    words = [f'PYTHONPATH="$PWD/src" python -m entrypoints.{name}', *(f"--{one.name} {{{one.name}}}" for one in options)]
    command = textwrap.fill(" ".join(words), 120, initial_indent=" " * 6, subsequent_indent=" " * 6, break_on_hyphens=False)
    parameters = "".join(f"      {one.name}: {_parameter(one)}\n" for one in options)
    return f"  {name}:\n    parameters:\n{parameters}    command: >-\n{command}\n"


def _parameter(one: click.Option) -> str:
    """Its type as MLflow knows types, and its default as people type it."""
    if one.required:
        return "{type: string}"
    if isinstance(one.default, (int, float)) and not isinstance(one.default, bool):
        return f"{{type: {type(one.default).__name__}, default: {one.default}}}"
    text = str(one.default).lower() if isinstance(one.default, bool) else one.default
    return f"{{type: string, default: {json.dumps(text, ensure_ascii=False)}}}"


if __name__ == "__main__":
    FILE.write_text(mlproject(FILE.read_text(encoding="utf-8")), encoding="utf-8")
