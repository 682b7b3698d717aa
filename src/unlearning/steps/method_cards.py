"""methods: all there is to forget with, as a table, as a card of one, and as the page docs/methods.md."""

from __future__ import annotations

import inspect
import re
from dataclasses import Field, fields

from rich.console import Console
from rich.markdown import Markdown

from unlearning import markdown
from unlearning.declared import args_lines
from unlearning.listing import Listing, width
from unlearning.methods import METHODS
from unlearning.methods.card import legal_range
from unlearning.naming import choose

COLUMNS = ("method", "in one line", "result", "reads", "passes", "source")
FORMATS = ("table", "markdown")
PAGE = """# Methods of unlearning

{count} ways to make a model forget. This page is made from the methods' own cards by `make docs`, and a test fails
when it is old. The same on a terminal: `mlflow run . -e methods`, and for one of them `mlflow run . -e methods -P method=ft`.

f(x) is a prediction and y a true age, both in years; f_O is the original model, before it forgets; retain and forget are the
training faces to keep and to forget. **exact** means that the result is distributed as if the forget set had never been seen;
everything else is approximate, and only measuring tells how well it forgot. Settings are given as `-P params="lr=1e-4"`; their
defaults are the source's, or [were found on validation faces](defaults.md), and the ranges searched are those of
`mlflow run . -e tune`. A method that makes passes takes `-P epochs=2,4,8`.

{table}

{cards}"""


def methods(name: str, format: str) -> str:
    """The table of all methods, or the card of the one called ``name``: for a terminal, or in Markdown."""
    if format == "markdown":
        return _card(choose(METHODS, name, "method")) if name else page()
    if not name:
        return _table()
    console = Console(width=width())
    with console.capture() as captured:
        console.print(Markdown(_card(choose(METHODS, name, "method"))))
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def page() -> str:
    """docs/methods.md."""
    lines = markdown.table(COLUMNS, map(_row, METHODS.values()))
    cards = "\n\n".join(_card(kind) for kind in METHODS.values())
    return PAGE.format(count=len(METHODS), table=lines, cards=cards)


def _joined(text: str) -> str:
    """One line of Markdown in which a star outside of code is a star."""
    return re.sub(r"(`+.*?`+)|\*", lambda found: found[1] or "\\*", " ".join(text.split()))


def _told(kind: type) -> tuple[str, str]:
    """The first line of a method's docstring, and what follows up to its ``Args:``, one paragraph a line."""
    first, _, text = inspect.getdoc(kind).partition("\n\nArgs:\n")[0].partition("\n\n")
    return first, "\n\n".join(_joined(part) for part in text.split("\n\n"))


def _row(kind: type) -> tuple[str, ...]:
    card, first = kind.card, _told(kind)[0].rstrip(".")
    passes = str(kind.epochs) if kind.epochs else "-"
    return kind.name, first, "exact" if card.exact else "approximate", " and ".join(card.touches), passes, card.source


def _table() -> str:
    rows = [_row(kind) for kind in METHODS.values()]
    table = Listing("methods of unlearning", COLUMNS, rows, least=("source", "reads"), more="; -P method=NAME shows its card")
    return table.fitted(width())


def _card(kind: type) -> str:
    card, (first, text) = kind.card, _told(kind)
    facts = {
        "result": "exact" if card.exact else "approximate",
        "reads": " and ".join(card.touches),
        "passes": _passes(kind),
        **({"needs": f"a model trained with -P scheme={card.scheme}"} if card.scheme else {}),
        **({"predicts": "numbers alone, no classes"} if card.numbers_alone else {}),
        "cost": card.cost,
        "fails": card.fails,
        "source": card.source,
    }
    listed = "\n".join(f"* **{name}**: {fact}" for name, fact in facts.items())
    parts = [f"## {kind.name}", f"**{first}**", text, f"    {card.formula}", _settings(kind), listed]
    return "\n\n".join(parts)


def _passes(kind: type) -> str:
    if not kind.epochs:
        return "none to be counted; epochs cannot be asked for"
    each = "one run gives all" if kind.card.prefix else "a run for each"
    return f"{kind.epochs} if nothing else is asked for; of several numbers asked for, {each}"


def _settings(kind: type) -> str:
    if not fields(kind):
        return "It has no settings."
    head, about = ("setting", "what it is", "default", "legal", "searched"), args_lines(kind)
    return markdown.table(head, [_setting(field, _joined(about[field.name])) for field in fields(kind)])


def _setting(field: Field, meaning: str) -> tuple[str, ...]:
    about = field.metadata
    unit = f" {about['unit']}" if about.get("unit") else ""
    if field.type in ("int", "float"):
        default, legal = f"{field.default}{unit}", legal_range(about["low"], about["high"]) + unit
    else:
        default, legal = str(field.default).lower() or "empty", ", ".join(_choices(field)) or "text"
    return field.name, meaning, default, legal, _searched(field)


def _choices(field: Field) -> tuple[str, ...]:
    if field.type == "bool":
        return "true", "false"
    return tuple(map(str, field.metadata.get("search", ())))


def _searched(field: Field) -> str:
    search = field.metadata.get("search", ())
    if not search:
        return "no"
    if field.type not in ("int", "float"):
        return "all"
    return f"{search[0]:g} to {search[1]:g}{', logarithmic' if field.metadata['log'] else ''}"
