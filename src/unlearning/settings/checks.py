"""What can be known to be wrong with settings before a store is asked, or anything large is imported."""

from __future__ import annotations

import math
from pathlib import Path

from unlearning.data.settings import MANIFEST
from unlearning.errors import InputError
from unlearning.methods import METHODS
from unlearning.methods.params import epochs_of, make_method
from unlearning.naming import choose


def listed(text: str) -> list[str]:
    """``a, b`` -> ["a", "b"]."""
    return [part.strip() for part in text.split(",") if part.strip()]


def key_file(text: str) -> Path:
    """The file that a key is in. What leads to no file may be the key: it is neither repeated nor left on the run."""
    from unlearning.certificates.keys import VARIABLE, is_there

    if is_there(Path(text)):
        return Path(text).expanduser()
    from unlearning.tracking.blotting import blot_out

    raise InputError(
        f"key takes the path of a file, and no file is there. If you gave a key, {blot_out('key')}; take it for known to "
        f"others, make another with make key, and give its path, or the key itself in {VARIABLE} alone"
    )


def check_method(name: str, params: str = "", epochs: tuple[int, ...] = ()) -> None:
    """InputError when there is no such method, or it has no such setting, or makes no passes and is asked for some."""
    epochs_of(make_method(choose(METHODS, name, "method"), params), epochs)


def check_rule(text: str) -> None:
    """InputError when a forget rule cannot be read; whom it names is seen with the data."""
    from unlearning.data.rules import parse  # pandas: not for a method that is misspelt

    if not text.strip().startswith(MANIFEST):
        parse(text)


def check_gates(text: str) -> None:
    """InputError when gates cannot be read or name an unknown metric."""
    from unlearning.evaluation.gates import parse_gates

    if text:  # without any they are those of the reference
        parse_gates(text)


def parse_whole_numbers(text: str, name: str, smallest: int) -> tuple[int, ...]:
    """``2,4,8`` -> (2, 4, 8); InputError for anything but different whole numbers from ``smallest`` to nine digits."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and len(part) < 10 and int(part) >= smallest for part in parts):
        raise InputError(f"{name}={text!r} cannot be read; legal: whole numbers from {smallest}, joined by commas, as 2,4,8")
    return _once(tuple(map(int, parts)), text, name)


def _once(numbers: tuple, text: str, name: str) -> tuple:
    if len(set(numbers)) < len(numbers):
        raise InputError(f"{name}={text!r} names a number twice; give each once")
    return numbers


def parse_numbers(text: str, name: str) -> tuple[float, ...]:
    """``2,5,10`` -> (2.0, 5.0, 10.0); InputError for anything but different finite numbers above 0."""
    try:
        numbers = tuple(float(part) for part in text.split(","))
    except ValueError:
        numbers = ()
    if not numbers or not all(0 < number < math.inf for number in numbers):
        raise InputError(f"{name}={text!r} cannot be read; legal: numbers above 0, joined by commas, as 2,5,10")
    return _once(numbers, text, name)
