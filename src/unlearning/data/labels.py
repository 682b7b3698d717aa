"""Labels: from UTKFace file names (``[age]_[gender]_[race]_[timestamp].jpg``, also ``.jpg.chip.jpg``) or a table's cells."""

from __future__ import annotations

import re
from dataclasses import dataclass

from unlearning.errors import InputError

GENDERS = ("male", "female")
RACES = ("White", "Black", "Asian", "Indian", "Other")
UNKNOWN = -1
OLDEST = 120  # years; the oldest face of UTKFace is 116
PATTERN = re.compile(r"(\d{1,3})_(\d+)_(\d+)_(\d+)\.jpg(\.chip\.jpg)?", re.IGNORECASE)

NUMBER = re.compile(r"[+-]?\d+(\.\d*)?(e[+-]?\d{1,2})?", re.IGNORECASE)


@dataclass(frozen=True)
class Label:
    """What is known of a picture: age in years, gender 0-1 and race 0-4 by their codes (-1: not known), whose face it is."""

    age: int
    gender: int = UNKNOWN
    race: int = UNKNOWN
    subject: str = ""


def parse(name: str) -> Label:
    """Read a UTKFace file name (without folders); InputError says what is wrong with it."""
    match = PATTERN.fullmatch(name)
    if not match:
        raise InputError("the name is not [age]_[gender]_[race]_[timestamp].jpg")
    label = Label(int(match[1]), int(match[2]), int(match[3]))
    if label.age > OLDEST:
        raise InputError(f"age {label.age} is not possible")
    if label.gender >= len(GENDERS):
        raise InputError(f"unknown gender code {label.gender}")
    if label.race >= len(RACES):
        raise InputError(f"unknown race code {label.race}")
    return label


def of_cells(cells: dict[str, str]) -> Label:
    """Read the cells of a table's row as text: age, and optional gender, race (a code or a word) and subject."""
    text = cells["age"].strip()
    if not text:
        raise InputError("the age is missing")
    if not NUMBER.fullmatch(text):
        raise InputError(f"age {text!r} is not a number")
    age = float(text)
    if not 0 <= age <= OLDEST:
        raise InputError(f"age {text} is not possible")
    if age != int(age):
        raise InputError(f"age {text} is not a whole number of years")
    gender = code(cells.get("gender", ""), GENDERS, "gender")
    return Label(int(age), gender, code(cells.get("race", ""), RACES, "race"), cells.get("subject", "").strip())


def code(text: str, words: tuple[str, ...], kind: str) -> int:
    """The code that a number or a word means, -1 for an empty text; InputError lists the legal ones."""
    word = text.strip().lower()
    if not word:
        return UNKNOWN
    known = {name.lower(): number for number, name in enumerate(words)} | {str(n): n for n in range(len(words))}
    whole = word.removesuffix(".0")
    if whole not in known:
        legal = ", ".join(f"{number} ({name})" for number, name in enumerate(words))
        raise InputError(f"unknown {kind} {text.strip()!r}; legal: {legal}")
    return known[whole]
