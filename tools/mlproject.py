"""Write MLproject and docs/options.md anew from the options of the entry points (``make docs``)."""

import importlib
import json
import re
import textwrap
from pathlib import Path

import click

from entrypoints.command import Maybe, Positive
from entrypoints.console import AUDIENCES
from unlearning.markdown import table, text

ROOT = Path(__file__).resolve().parents[1]
FILE, PAGE = ROOT / "MLproject", ROOT / "docs" / "options.md"
BEGIN = "entry_points:\n"
HEAD = """# Options

Every entry point with its options, made from the code by `make docs`; a test fails when this page is old. An option is given as
`-P NAME=VALUE` to `mlflow run . -e ENTRY`, or as `--NAME VALUE` to `age-unlearning ENTRY`, whose `--help` says the same.
"""
KINDS = {"text": "text", "float": "a number", "integer": "a whole number", "boolean": "true or false"}
COLUMNS = ("option", "default", "legal", "what it is")


def mlproject(before: str) -> str:
    """The file: its head and the order of its entries as they are, a new entry point last."""
    head, _, entries = before.partition(BEGIN)
    known = [name for names in AUDIENCES.values() for name in names]
    written = [name for name in re.findall(r"^  (\w+):$", entries, re.MULTILINE) if name in known]
    return head + BEGIN + "\n".join(map(_entry, dict.fromkeys(written + known)))


def _options(name: str) -> list[click.Option]:
    """Those of an entry point; what people type in place of one is no parameter of its own."""
    params = importlib.import_module(f"entrypoints.{name}").main.params
    return [one for one in params if isinstance(one, click.Option)]


def _entry(name: str) -> str:
    options = _options(name)
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


def options() -> str:
    """docs/options.md: for each audience its entry points, with a table of their options."""
    parts = [HEAD]
    for audience, names in AUDIENCES.items():
        parts += [f"## {audience}\n", *map(_section, names)]
    return "\n".join(parts)


def _section(name: str) -> str:
    main = importlib.import_module(f"entrypoints.{name}").main
    rows = [(one.name, _shown_default(one), _legal(one, click.Context(main)), text(one.help)) for one in _options(name)]
    return f"### {name}\n\n{text(main.help.splitlines()[0])}\n\n{table(COLUMNS, rows)}\n"


def _shown_default(one: click.Option) -> str:
    if one.required:
        return "must be given"
    return text(str(one.default).lower() if isinstance(one.default, bool) else one.default) or "empty"


def _legal(one: click.Option, context: click.Context) -> str:
    """The words that a shell completes, or what kind of value it is."""
    words = [item.value for item in one.shell_complete(context, "")]
    if words:
        return ", ".join(text(word) or "empty" for word in words)
    if isinstance(one.type, Maybe):
        return f"{one.type.legal}, or empty"
    if isinstance(one.type, (click.IntRange, click.FloatRange)):
        return f"from {one.type.min}" + (f" to {one.type.max}" if one.type.max is not None else "")
    return "a number above 0" if isinstance(one.type, Positive) else KINDS[one.type.name]


if __name__ == "__main__":
    FILE.write_text(mlproject(FILE.read_text(encoding="utf-8")), encoding="utf-8")
    PAGE.write_text(options(), encoding="utf-8")
