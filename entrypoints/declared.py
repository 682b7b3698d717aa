"""Options made from the fields of settings, and settings made from the options' values."""

from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from functools import wraps
from pathlib import Path

import click

from entrypoints.command import Entry, Maybe, ModelName, Positive, Words, option, options
from unlearning.declared import help_of
from unlearning.settings.checks import parse_whole_numbers

KINDS = {"words": Words, "model": ModelName, "positive": Positive}
TYPES = {
    "str": None,
    "tuple[int, ...]": None,
    "tuple[str, ...]": None,
    "bool": bool,
    "int": int,
    "float": float,
    "int | None": Maybe(int, "a whole number"),
    "float | None": Maybe(float, "a number"),
}


def entry(kind: type, asks: Callable | None = None, trains: Callable = lambda act: act):
    """The command of a step that takes one settings class, from a function of these settings with its help as docstring.

    Args:
        kind: the settings class.
        asks: the versions that the settings name; one that there is not is refused before the step is imported.
        trains: adds the options of what trains: ``resumable`` or ``on_devices``.
    """

    def decorate(function):
        @wraps(function)
        def act(**values):
            settings = read(kind, values)
            if asks:
                ask_registry(settings.name, *asks(settings))
            function(settings)

        return click.command(cls=Entry)(declared(kind)(trains(act)))

    return decorate


def declared(kind: type, *names: str):
    """The options of a settings class as one decorator: of the fields that are named, or of all that a user is asked for."""
    asked = {one.name: one for one in fields(kind) if one.metadata.get("asked", True)}
    return options(*(_option(kind, asked[name]) for name in names or asked))


def read(kind: type, values: dict, **given):
    """Settings from the values of options that are called as its fields; ``given`` are made of others."""
    asked = [one for one in fields(kind) if one.name in values and one.name not in given and one.metadata.get("asked", True)]
    known = {one.name: _value(one, values[one.name]) for one in asked}
    return kind(**known | given)


def _option(kind: type, one: Field):
    chosen = _type(one)
    if one.default is MISSING:
        return click.option(f"--{one.name}", required=True, type=chosen, help=help_of(kind, one))
    default = ",".join(map(str, one.default)) if isinstance(one.default, tuple) else one.default
    words = one.metadata.get("choices", ())
    return option(one.name, "" if default is None else default, help_of(kind, one), chosen, words)


def _type(one: Field):
    known = one.metadata
    if one.type == "int" and known:
        return click.IntRange(known.get("least"), known.get("most"))
    if known.get("kind") == "choice":
        return click.Choice(known["choices"])
    return KINDS[known["kind"]]() if known.get("kind") in KINDS else TYPES[one.type]


def _value(one: Field, value):
    """What the step takes: whole numbers one by one, and an absolute path, because a cell may run elsewhere."""
    if one.type == "tuple[int, ...]":
        return parse_whole_numbers(value, one.name, one.metadata["least"]) if value or one.default else ()
    if one.metadata.get("kind") == "path" and value:
        return str(Path(value).expanduser().resolve())
    return value


def ask_registry(name: str, *references: str, purged: bool = False) -> None:
    """Refuse a version that the store does not know before the step, and PyTorch with it, is imported."""
    from unlearning.registry.lookup import find
    from unlearning.tracking.store import prepare_store

    prepare_store()
    for reference in references:
        find(name, reference, purged)
