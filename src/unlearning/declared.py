"""A setting is declared once: the field of a dataclass with its ``Args:`` line; options and MLproject are made from these."""

import inspect
import re
from collections.abc import Collection
from dataclasses import MISSING, Field, field
from typing import Any

LINE = re.compile(r"^ {4}(\w+): (.*(?:\n {8}.*)*)", re.MULTILINE)


def setting(
    default=MISSING,
    *,
    least: int | None = None,
    most: int | None = None,
    choices: Collection[str] = (),
    kind: str = "",
    help: str = "",
    asked: bool = True,
) -> Any:
    """A field with what the command line has to know of it beyond its type, default and ``Args:`` line.

    Args:
        default: its value where the user gives none; without one it has to be given.
        least: smallest whole number, of one or of several joined by commas.
        most: largest whole number.
        choices: legal words, or words with what they mean; ``{names}`` and ``{choices}`` in the ``Args:`` line list them.
        kind: what else an option makes sure of: ``words``, ``model``, ``path``, ``positive`` or ``choice``.
        help: the help text of a setting that many commands have, in place of the ``Args:`` line.
        asked: is a user asked for it?
    """
    declared = {"least": least, "most": most, "choices": choices, "kind": kind, "help": help, "asked": asked}
    return field(default=default, metadata=declared)


def args_lines(kind: type) -> dict[str, str]:
    """The ``Args:`` of a class's docstring, by name, each as one line."""
    listed = inspect.getdoc(kind).partition("\n\nArgs:\n")[2]
    return {name: " ".join(text.split()) for name, text in LINE.findall(listed)}


def help_of(kind: type, one: Field) -> str:
    """What ``--help`` says of a field: a sentence that begins with a capital, with the legal words filled in."""
    text = one.metadata.get("help") or args_lines(kind)[one.name].replace("``", "")
    legal = one.metadata.get("choices", ())
    if re.match(r"[\w-]*", text)[0] not in legal:
        text = text[0].upper() + text[1:]
    if "{names}" in text:
        text = text.replace("{names}", (" or " if len(legal) == 2 else ", ").join(filter(None, legal)))
    if "{choices}" in text:
        text = text.replace("{choices}", "; ".join(f"{name or 'empty'}: {_meaning(of)}" for name, of in legal.items()))
    return text


def _meaning(value) -> str:
    """What a choice means: its own words, its description, or the first line of its docstring."""
    return value if isinstance(value, str) else getattr(value, "description", "") or value.__doc__.splitlines()[0].rstrip(".")
