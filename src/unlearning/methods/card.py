"""What a method says of itself: its card, and the knobs among its fields. ``docs/methods.md`` is made of both."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, fields
from typing import Any

from unlearning.errors import InputError

RETAIN, FORGET = "retain", "forget"


@dataclass(frozen=True)
class Card:
    """One method in words; what it does stands in the docstring of its class.

    Args:
        formula: what it minimises or changes, in one line.
        touches: which of retain and forget it reads.
        cost: passes over retain and forget, in words and in terms of its settings.
        fails: when not to use it.
        source: paper or write-up, and year.
        exact: is the result distributed as if the forget set had never been seen?
        prefix: is its state after k epochs of a longer run what a run of k epochs ends with? Then one run gives all.
        scheme: how a model must have been trained for it; empty for any way.
        numbers_alone: is it of targets that are numbers, and not of classes?
    """

    formula: str
    touches: tuple[str, ...]
    cost: str
    fails: str
    source: str
    exact: bool = False
    prefix: bool = True
    scheme: str = ""
    numbers_alone: bool = False


def knob(
    default: Any,
    low: float = -math.inf,
    high: float = math.inf,
    *,
    search: tuple[Any, ...] = (),
    log: bool = False,
    unit: str = "",
) -> Any:
    """A hyperparameter: a field of a method's dataclass with what is legal and what is worth searching.

    Args:
        search: (low, high) of a number, or all values of a text; empty keeps it out of the search.
        log: search on a logarithmic scale.
    """
    about = {"low": low, "high": high, "search": search, "log": log, "unit": unit}
    return field(default=default, metadata=about)


def rate(default: float, search: tuple[float, float] = (1e-6, 1e-2)) -> Any:
    """A learning rate: above 0, searched on a logarithmic scale."""
    return knob(default, math.nextafter(0, 1), 10.0, search=search, log=True)


def share(default: float, search: tuple[float, float] = (0.0, 1.0)) -> Any:
    """A share between 0 and 1, both included."""
    return knob(default, 0.0, 1.0, search=search)


def check_knobs(method: Any) -> None:
    """InputError when a setting is not legal; names the value and the legal ones."""
    for entry in fields(method):
        value, about = getattr(method, entry.name), entry.metadata
        if isinstance(value, (int, float)) and "low" in about and not about["low"] <= value <= about["high"]:
            legal = legal_range(about["low"], about["high"])
            raise InputError(f"params: {entry.name}={value} of {method.name} is not possible; legal: {legal}")


def legal_range(low: float, high: float) -> str:
    """From where to where, in words."""
    if low == math.nextafter(0, 1):
        return f"above 0, up to {high:g}" if math.isfinite(high) else "numbers above 0"
    if math.isinf(high):
        return f"from {low:g}"
    return f"{low:g} to {high:g}"
