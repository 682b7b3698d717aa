"""UTKFace file names: ``[age]_[gender]_[race]_[timestamp].jpg``, also ``.jpg.chip.jpg``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from unlearning.errors import InputError

GENDERS = ("male", "female")
RACES = ("White", "Black", "Asian", "Indian", "Other")
OLDEST = 120
PATTERN = re.compile(r"(\d{1,3})_(\d+)_(\d+)_(\d+)\.jpg(\.chip\.jpg)?", re.IGNORECASE)


@dataclass(frozen=True)
class Label:
    """What a UTKFace file name says: age in years, gender 0-1 and race 0-4 by their codes."""

    age: int
    gender: int
    race: int


def parse(name: str) -> Label:
    """Read a UTKFace file name (without folders); InputError says what is wrong with it."""
    match = PATTERN.fullmatch(name)
    if not match:
        raise InputError("the name is not [age]_[gender]_[race]_[timestamp].jpg")
    label = Label(*(int(field) for field in match.groups()[:3]))
    if label.age > OLDEST:
        raise InputError(f"age {label.age} is not possible")
    if label.gender >= len(GENDERS):
        raise InputError(f"unknown gender code {label.gender}")
    if label.race >= len(RACES):
        raise InputError(f"unknown race code {label.race}")
    return label
