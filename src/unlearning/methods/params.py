"""``params="lr=1e-4 offset_max=5"``: a method's own fields, typed from its dataclass."""

from __future__ import annotations

import math
import shlex
from dataclasses import fields

from unlearning.errors import InputError
from unlearning.naming import did_you_mean

TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
READERS = {"int": int, "float": float, "str": str, "bool": lambda text: TRUTH[text.lower()]}


def make_method(kind: type, text: str):
    """An instance of the method class ``kind`` with the fields that ``text`` names (``name=value``, by spaces).

    Raises:
        InputError: an unknown or repeated field, or a value of the wrong type; lists the legal fields with defaults.
    """
    types = {field.name: getattr(field.type, "__name__", field.type) for field in fields(kind)}
    legal = ", ".join(f"{f.name}={f.default} ({types[f.name]})" for f in fields(kind)) or "none"
    values = {}
    for part in _split(text):
        name, equals, value = part.partition("=")
        if not equals or name not in types:
            hint = did_you_mean(name, types) if name not in types else ", write name=value without spaces"
            raise InputError(f"params: {part!r} is no setting of {kind.name}{hint}; legal: {legal}")
        if name in values:
            raise InputError(f"params: {name} is given twice")
        values[name] = _read(name, types[name], value)
    return kind(**values)


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise InputError(f"params={text!r} cannot be read: {error}") from error


def _read(name: str, kind: str, value: str):
    try:
        number = READERS[kind](value)
    except (ValueError, KeyError) as error:
        raise InputError(f"params: {name}={value!r} is not of type {kind}") from error
    if isinstance(number, float) and not math.isfinite(number):
        raise InputError(f"params: {name}={value!r} is not finite")
    if name == "lr" and number <= 0:
        raise InputError(f"params: lr={value!r} is not possible; legal: numbers above 0")
    return number
