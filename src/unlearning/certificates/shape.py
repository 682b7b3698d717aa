"""Whether a statement is as ``certificate.schema.json`` describes it: what verifiers trust to be there, and of which kind.

The schema uses a few words of JSON Schema only, and those are read here, so that the schema is the one description.
"""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files

KINDS = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


@cache
def _schema() -> dict:
    return json.loads((files("unlearning.certificates") / "certificate.schema.json").read_text(encoding="utf-8"))


def is_whole(statement: dict) -> bool:
    """Has a statement, whose predicate is an object, the parts of a certificate, and no others?"""
    parts = _schema()["properties"]
    return statement.keys() == parts.keys() and statement["predicate"].keys() == parts["predicate"]["properties"].keys()


def misfits(statement: dict) -> list[str]:
    """The parts of a whole statement that hold something else than they should; by name."""
    described = _schema()["properties"]
    pairs = {name: (statement[name], part) for name, part in described.items() if name != "predicate"}
    inner = described["predicate"]["properties"]
    pairs |= {f"predicate.{name}": (statement["predicate"][name], part) for name, part in inner.items()}
    wrong = [name for name, (content, part) in pairs.items() if not _fits(content, part)]
    return sorted(wrong if "subject" in wrong or _in_order(statement["subject"]) else [*wrong, "subject"])


def _in_order(subjects: list[dict]) -> bool:
    """Every file once, so that no second digest can stand for one."""
    names = [subject["name"] for subject in subjects]
    return names == sorted(set(names))


def _fits(content: object, schema: dict) -> bool:
    """Is a JSON value as a part of the schema says?"""
    if "$ref" in schema and not _fits(content, _schema()["$defs"][schema["$ref"].rpartition("/")[2]]):
        return False
    if "anyOf" in schema and not any(_fits(content, part) for part in schema["anyOf"]):
        return False
    if content not in schema.get("enum", [schema.get("const", content)]):
        return False
    if "type" in schema and not isinstance(content, KINDS[schema["type"]]):
        return False
    if isinstance(content, str):
        return len(content) >= schema.get("minLength", 0) and bool(re.fullmatch(schema.get("pattern", "(?s:.*)"), content))
    return _fits_inside(content, schema)


def _fits_inside(content: object, schema: dict) -> bool:
    if isinstance(content, list) and "items" in schema:
        once = not schema.get("uniqueItems") or all(one not in content[:at] for at, one in enumerate(content))
        return len(content) >= schema.get("minItems", 0) and once and all(_fits(one, schema["items"]) for one in content)
    if isinstance(content, dict) and "additionalProperties" in schema:
        known, others = schema.get("properties", {}), schema["additionalProperties"]
        if len(content) < schema.get("minProperties", 0) or not content.keys() >= set(schema.get("required", ())):
            return False
        parts = {name: known.get(name, others) for name in content}
        return all(part is not False and _fits(content[name], part) for name, part in parts.items())
    return True
