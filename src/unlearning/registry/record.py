"""The tags of a version: those that people read stand by themselves, all others in one, which every reader here takes apart.

Versions of earlier releases have a tag for everything, and are read and changed as they are.
"""

import json

from unlearning.finding import TAGS as FINDING

RECORD = "record"
READ = (
    *("role", "state", "method", "epochs", "forget_set", "forgotten", "parent_version"),
    *("test_mae", "Utility", "Forgetting", "F", *FINDING, "certificate"),
)


def packed(tags: dict[str, str]) -> dict[str, str]:
    """The tags of a new version, as the store keeps them."""
    others = {name: value for name, value in tags.items() if name not in READ}
    return {name: value for name, value in tags.items() if name in READ} | ({RECORD: _text(others)} if others else {})


def unpacked(stored: dict[str, str]) -> dict[str, str]:
    """Every tag by its name. What stands by itself comes first: somebody has written it there."""
    return record_of(stored) | {name: value for name, value in stored.items() if name != RECORD}


def record_of(stored: dict[str, str]) -> dict[str, str]:
    """What the one tag holds; nothing where there is none, or where it was changed by hand into what is no record."""
    try:
        record = json.loads(stored.get(RECORD, "{}"))
    except ValueError:
        return {}
    return {str(name): str(value) for name, value in record.items()} if isinstance(record, dict) else {}


def changed(stored: dict[str, str], values: dict[str, str | None], scores: bool = False) -> dict[str, str | None]:
    """What to write so that some tags have these values, None to take one away: into the record whatever it holds.

    The record comes first, so that no name is missing in between. New ``scores``, which nobody reads one by one, go there too.
    """
    record = record_of(stored)
    inside = {name for name in values if name in record or (scores and record and name not in READ)}
    known = {name: value for name, value in (record | {n: values[n] for n in inside}).items() if value is not None}
    beside: dict[str, str | None] = {name: None for name in sorted(inside) if name in stored}
    beside |= {name: value for name, value in values.items() if name not in inside}
    return ({RECORD: _text(known)} if known != record else {}) | beside


def _text(record: dict[str, str]) -> str:
    return json.dumps(record, sort_keys=True)
