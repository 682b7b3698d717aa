"""``params="lr=1e-4 offset_max=5"``: a method's own fields, typed from its dataclass."""

from __future__ import annotations

import ast
import importlib.util
import math
import shlex
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from unlearning.errors import InputError
from unlearning.methods.card import check_knobs
from unlearning.naming import did_you_mean
from unlearning.targets import AGE

if TYPE_CHECKING:
    from unlearning.methods.task import Method
    from unlearning.targets import Target

TRUTH = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
OF_AGES = ("youngest", "oldest", "as_published")
OF_NUMBERS = ("offset_min", "offset_max", "scale", "distance")
Setting = int | float | str | bool
READERS: dict[str, Callable[[str], Setting]] = {"int": int, "float": float, "str": str}
READERS["bool"] = lambda text: TRUTH[text.lower()]


def make_method(kind: type[Any], text: str) -> Any:
    """An instance of the method class ``kind`` with the fields that ``text`` names (``name=value``, by spaces).

    Raises:
        InputError: an unknown or repeated field, a value of the wrong type or out of range; lists what is legal.
    """
    types = {field.name: str(getattr(field.type, "__name__", field.type)) for field in fields(kind)}
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
    method = kind(**values)
    check_knobs(method)
    return method


def epochs_of(method: Method, asked: tuple[int, ...]) -> tuple[int, ...]:
    """After how many passes versions are made: as asked, or the method's own number; InputError of one that makes none."""
    if not asked:
        return (method.epochs,)
    if method.epochs == 0:
        given = ",".join(map(str, asked))
        raise InputError(f"epochs={given}: {method.name} makes no passes that could be counted; leave epochs out")
    return asked


def supports(method: Method | type[Method], target: Target) -> bool:
    """Is the method of such targets at all?"""
    return target.numeric or not method.card.numbers_alone


def require_support(method: Method | type[Method], target: Target) -> None:
    """InputError where a method, or one of its settings, says nothing of such a target."""
    if not supports(method, target):
        raise InputError(
            f"{method.name} is of numbers, and this model predicts {target.name}, which has classes; choose another method: "
            f"age-unlearning methods"
        )
    without, usual = idle(target), {one.name: one.default for one in fields(cast("Any", method))}
    given = [name for name in without if name in usual and getattr(method, name) != usual[name]]
    if given:
        what = without[given[0]]
        raise InputError(f"params: {' and '.join(given)} is of {what}, and this model predicts {target.name}; leave it out")


def idle(target: Target) -> dict[str, str]:
    """Settings of methods that do nothing for a target, and what they are of."""
    of_ages = dict.fromkeys(OF_AGES, "ages") if target != AGE else {}
    return of_ages | (dict.fromkeys(OF_NUMBERS, "numbers") if not target.numeric else {})


def modules_of(kind: type) -> list[str]:
    """Files of this room that a method's code stands in, as ``methods/ft.py``: its module and those of ours it imports.

    None of a class that was typed at a prompt or in a notebook.
    """
    modules: list[str] = []
    waiting = [kind.__module__] if kind.__module__ != "__main__" else []
    while waiting:
        name = waiting.pop()
        spec = importlib.util.find_spec(name) if name not in modules else None
        if spec is None or spec.origin is None:
            continue
        modules.append(name)
        nodes = ast.walk(ast.parse(Path(spec.origin).read_text(encoding="utf-8")))
        imported = (node.module for node in nodes if isinstance(node, ast.ImportFrom) and node.module)
        waiting += [module for module in imported if module.startswith("unlearning.methods.")]
    return sorted(f"methods/{name.rpartition('.')[2]}.py" for name in modules)


def _split(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError as error:
        raise InputError(f"params={text!r} cannot be read: {error}") from error


def _read(name: str, kind: str, value: str) -> Setting:
    try:
        number = READERS[kind](value)
    except (ValueError, KeyError) as error:
        raise InputError(f"params: {name}={value!r} is not of type {kind}") from error
    if isinstance(number, float) and not math.isfinite(number):
        raise InputError(f"params: {name}={value!r} is not finite")
    return number
