"""Labels: from UTKFace file names (``[age]_[gender]_[race]_[timestamp].jpg``, also ``.jpg.chip.jpg``) or a table's cells."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from unlearning.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from unlearning.targets import Target

GENDERS = ("male", "female")
RACES = ("White", "Black", "Asian", "Indian", "Other")
CODES = {"gender": GENDERS, "race": RACES}  # what the names of UTKFace's files hold besides the age
UNKNOWN = -1
LABEL = "label"  # the column of a manifest that holds what is predicted, where that is not the age
TEXT = "text"  # of a table's cells and of the account of files: the same as the table says it
OLDEST = 120  # years; the oldest face of UTKFace is 116
PATTERN = re.compile(r"(\d{1,3})_(\d+)_(\d+)_(\d+)\.jpg(\.chip\.jpg)?", re.IGNORECASE)

NUMBER = re.compile(r"[+-]?\d+(\.\d*)?(e[+-]?\d{1,2})?", re.IGNORECASE)


@dataclass(frozen=True)
class Label:
    """What is known of a picture.

    Age in years, gender 0-1 and race 0-4 by their codes (-1: not known), whose face it is, and the text of what else is to be
    predicted of it.
    """

    age: int
    gender: int = UNKNOWN
    race: int = UNKNOWN
    subject: str = ""
    text: str = ""


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
    """Read the cells of a table's row as text: age, and optional gender, race (a code or a word) and subject.

    A row with a ``text`` of what is predicted need not have an age.
    """
    text = cells.get(TEXT)
    age = _age(cells.get("age", "").strip(), text is None)
    gender = code(cells.get("gender", ""), GENDERS, "gender")
    return Label(age, gender, code(cells.get("race", ""), RACES, "race"), cells.get("subject", "").strip(), text or "")


def _age(text: str, needed: bool) -> int:
    """Whole years; InputError for anything else."""
    if not text:
        if needed:
            raise InputError("the age is missing")
        return UNKNOWN
    if not NUMBER.fullmatch(text):
        raise InputError(f"age {text!r} is not a number")
    age = float(text)
    if not 0 <= age <= OLDEST:
        raise InputError(f"age {text} is not possible")
    if age != int(age):
        raise InputError(f"age {text} is not a whole number of years")
    return int(age)


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


def labels_of(table: pd.DataFrame) -> pd.Series:
    """What is to be predicted of each row of a manifest or prediction table."""
    return table[column_of(table)]


def strata_of(table: pd.DataFrame, target: Target) -> pd.Series:
    """The age, the class, or the sixtieth of a range that each row's label is in, as whole numbers."""
    import pandas as pd

    labels = labels_of(table)
    return pd.Series(target.strata(labels.to_numpy()) // 1, labels.index)


def column_of(table: pd.DataFrame) -> str:
    """The column that holds it: ``label``, or where there is none ``age``."""
    return LABEL if LABEL in table else "age"
