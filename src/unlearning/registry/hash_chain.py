"""An append-only log: JSON lines, each with its own hash and that of the line before, so that nothing is changed unseen.

An entry's hash is the sha256 of canonical JSON of its number, its content and the hash before it. What no log can show by
itself is that its end was cut off or rewritten: keep the last hash (``head``) somewhere else, such as in a registry tag or a
letter, and compare with it.
"""

import hashlib
from typing import Any

from unlearning.canonical import NotCanonicalError, canonical, read

START = "0" * 64
FIELDS = {"entry", "number", "previous", "sha256"}
MOST_DIGITS = 15


def next_line(log: bytes, entry: dict[str, Any]) -> bytes:
    """The line, with its end, that adds an entry to a log, of which its last line is enough; empty for a new log.

    Raises:
        ValueError: the last line is no whole entry of a log, so nothing may be added to it; or the entry holds numbers.
    """
    number, previous = 1, START
    if log:
        last = _last(log)
        if last is None:
            raise ValueError("the last entry of the log is not whole: nothing may be added to it")
        number, previous = int(last["number"]) + 1, last["sha256"]
    content = {"entry": entry, "number": str(number), "previous": previous}
    return canonical(content | {"sha256": _hash(content)}) + b"\n"


def _last(log: bytes) -> dict[str, Any] | None:
    return _content(log[:-1].rpartition(b"\n")[2]) if log.endswith(b"\n") else None


def entries(log: bytes) -> list[dict[str, Any]]:
    """What was entered, in order; ask ``first_broken`` first, for nothing is checked here."""
    return [_entry(line)["entry"] for line in log.splitlines()]


def head(log: bytes) -> str:
    """The hash of the last entry, which, kept elsewhere, fixes everything up to it; empty where that is not whole, or none."""
    last = _last(log)
    return str(last["sha256"]) if last else ""


def first_broken(log: bytes, expected_head: str = "") -> str:
    """Which entry, from 1, is the first that was changed, taken out, put in or cut off, and why; empty for a whole log.

    ``expected_head``: what ``head`` gave once, if it was kept; entries may have been added since.
    """
    *lines, rest = log.split(b"\n")
    previous, seen = START, {START}
    for number, line in enumerate(lines, 1):
        wrong = _wrong(line, number, previous)
        if wrong:
            return f"entry {number}: {wrong}"
        previous = _entry(line)["sha256"]
        seen.add(previous)
    if rest:
        return f"entry {len(lines) + 1}: it is cut off"
    if expected_head and expected_head not in seen:
        return f"entry {len(lines) + 1}: the entry with the hash {expected_head} is gone: the log was cut off or written anew"
    return ""


def _wrong(line: bytes, number: int, previous: str) -> str:
    """What is wrong with the line at a place; empty when nothing is."""
    content = _content(line)
    if content is None:
        return "it is no entry of a log, or was changed"
    if content["sha256"] != _hash({name: content[name] for name in FIELDS - {"sha256"}}):
        return "it was changed: its hash is another"
    if content["number"] != str(number):
        return f"it is numbered {content['number']}: an entry was taken out, put in or moved"
    return "" if content["previous"] == previous else "it does not follow the entry before it"


def _content(line: bytes) -> dict[str, Any] | None:
    """A line as it was written; None for anything else."""
    try:
        content = read(line)
    except NotCanonicalError:
        return None
    if not isinstance(content, dict) or content.keys() != FIELDS or not isinstance(content["entry"], dict):
        return None
    number = content["number"]
    if not all(isinstance(content[name], str) for name in FIELDS - {"entry"}):
        return None
    return content if number.isascii() and number.isdecimal() and len(number) <= MOST_DIGITS else None


def _entry(line: bytes) -> dict[str, Any]:
    content = _content(line)
    if content is None:
        raise ValueError("a line is no entry of a log: ask first_broken first")
    return content


def _hash(content: dict[str, Any]) -> str:
    return hashlib.sha256(canonical(content)).hexdigest()
