"""What a model can predict: a file for each kind of target, and TARGETS, the visible registry; all other rooms ask it."""

from __future__ import annotations

import json
from typing import Any

from unlearning.errors import InputError
from unlearning.records import read_record
from unlearning.targets.classes import ACCURACY, ANSWER, Classes
from unlearning.targets.numeric import Numeric, Years
from unlearning.targets.target import Target

__all__ = ["ACCURACY", "AGE", "ANSWER", "TARGETS", "Classes", "Numeric", "Target", "Years", "from_dict", "from_text"]

TARGETS: dict[str, type[Target]] = {kind.kind: kind for kind in (Years, Numeric, Classes)}
AGE = Years("age")


def from_dict(content: dict[str, Any]) -> Target:
    """Read what ``Target.as_dict`` wrote.

    Raises:
        InputError: a newer version of this project wrote it.
        TypeError: a field is missing, or is of another type.
    """
    fields = {name: tuple(value) if isinstance(value, list) else value for name, value in content.items() if name != "kind"}
    kind = TARGETS.get(content["kind"])
    if kind is None:
        raise InputError(f"the target {content['kind']!r} is not known; a newer version wrote it")
    return read_record(kind, fields)


def from_text(text: str) -> Target:
    """Read what a version's tag says; without one it is the age, as in all versions of earlier releases.

    Raises:
        InputError: somebody has written something else there.
    """
    try:
        return from_dict(json.loads(text)) if text else AGE
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(f"the tag target={text!r:.60} is no target that can be predicted; repair puts it back") from error
