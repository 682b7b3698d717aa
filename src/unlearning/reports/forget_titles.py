"""What a forget set is called where others read it: short, without the place of a list, and without anybody's name."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import PurePath

from unlearning.data.forget import ForgetSet
from unlearning.data.rules import TOKEN

LONGEST = 60
FACE = re.compile(r"\d{1,3}_\d_\d_\d+")
IN_A_COMMAND = re.compile(r"""\b(file|subject):("[^"]*"|[^\s&|!();'"]+)""")


def titles(sets: list[ForgetSet]) -> dict[str, str]:
    """Titles by the sets' names: the rule, with ``list NAME`` for a list and ``one person`` for a subject.

    A title that two sets would share, or that is cut, ends with the set's name, which is in aliases and tags as well.
    """
    plain = {forget.name: TOKEN.sub(_title, forget.rule).strip() for forget in sets}
    often = Counter(plain.values())
    clear = {name for name, title in plain.items() if often[title] == 1 and len(title) <= LONGEST}
    return {name: title if name in clear else _with_name(title, name) for name, title in plain.items()}


def _with_name(title: str, name: str) -> str:
    return f"{title if len(title) <= LONGEST else title[: LONGEST - 3] + '...'} ({name})"


def _title(found: re.Match) -> str:
    kind, _, value = (found[2] or "").partition(":")
    said = {"file": _list_name, "subject": lambda _: "one person"}.get(kind)
    return found[0].removesuffix(found[2]) + said(value) if said else found[0]


def _list_name(path: str) -> str:
    name = PurePath(path.replace('"', "")).name
    return "a list" if FACE.search(name) else f"list {name}"


def discreet(command: str) -> str:
    """A command as others may read it: of a list only its name, of a person nothing."""
    return IN_A_COMMAND.sub(lambda found: f"{found[1]}:{_told(found[1], found[2])}", command)


def _told(kind: str, value: str) -> str:
    return _list_name(value).removeprefix("list ") if kind == "file" else "..."
