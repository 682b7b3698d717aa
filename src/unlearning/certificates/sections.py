"""A hash of every section of a statement, so that a changed certificate says where it was changed.

The signature tells that something was changed; the hashes tell what. They are no second lock: whoever rewrites a section can
rewrite its hash too, and is then told by the signature alone.
"""

from __future__ import annotations

import hashlib

from unlearning.canonical import canonical

NAME = "section_sha256"


def seal(statement: dict) -> dict:
    """The statement with the hash of each of its sections in its predicate."""
    own = {name: _hash(section) for name, section in _sections(statement).items()}
    return statement | {"predicate": statement["predicate"] | {NAME: own}}


def changed(statement: object) -> list[str]:
    """The sections that do not have the hash they were sealed with, or that are missing or too many; by name."""
    if not isinstance(statement, dict) or not isinstance(statement.get("predicate"), dict):
        return ["predicate"]
    sealed, found = statement["predicate"].get(NAME), _sections(statement)
    if not isinstance(sealed, dict):
        return [f"predicate.{NAME}"]
    return sorted(name for name in sealed.keys() | found.keys() if name not in found or sealed.get(name) != _hash(found[name]))


def _sections(statement: dict) -> dict[str, object]:
    outer = {name: part for name, part in statement.items() if name != "predicate"}
    return outer | {f"predicate.{name}": part for name, part in statement["predicate"].items() if name != NAME}


def _hash(section: object) -> str:
    return hashlib.sha256(canonical(section)).hexdigest()
