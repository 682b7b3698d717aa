"""What is signed: a statement with a hash of each section, in the form that ``certificate.schema.json`` describes.

The signature tells that a certificate was changed; the hashes of the sections tell where. They are no second lock: whoever
rewrites a section can rewrite its hash too, and is then told by the signature alone. The schema uses a few words of JSON Schema
only, and those are read here, so that the schema is the one description of what verifiers trust to be there.
"""

import hashlib
import json
import re
from functools import cache
from importlib.resources import files
from typing import Any

from unlearning.canonical import NotCanonicalError, canonical, read

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "https://age-unlearning.example/certificate-of-forgetting/v1"
HASHES = "section_sha256"
JSON_TYPES = {"object": dict, "array": list, "string": str, "boolean": bool, "null": type(None)}


def with_hashes(statement: dict[str, Any]) -> dict[str, Any]:
    """The statement with the hash of each of its sections in its predicate."""
    hashes = {name: _hash(section) for name, section in _sections(statement).items()}
    return statement | {"predicate": statement["predicate"] | {HASHES: hashes}}


def _sections(statement: dict[str, Any]) -> dict[str, Any]:
    outer = {name: part for name, part in statement.items() if name != "predicate"}
    return outer | {f"predicate.{name}": part for name, part in statement["predicate"].items() if name != HASHES}


def _hash(section: object) -> str:
    return hashlib.sha256(canonical(section)).hexdigest()


def check_payload(payload: bytes) -> list[str]:
    """Where a payload is not as it was signed, or is no certificate of forgetting; nothing when all is right."""
    try:
        statement = read(payload)
    except NotCanonicalError as error:
        return [f"payload: {error}"]
    changed = _changed(statement)
    if changed:
        return [f"payload {name}: it was changed: its sealed hash is another" for name in changed]
    if not isinstance(statement, dict) or not _is_whole(statement):
        return ["payload: it is no certificate of forgetting of this kind"]
    return [f"payload {name}: it does not hold what a certificate holds there" for name in _misfits(statement)]


def _changed(statement: object) -> list[str]:
    """The sections that do not have the hash they were signed with, or that are missing or too many; by name."""
    if not isinstance(statement, dict) or not isinstance(statement.get("predicate"), dict):
        return ["predicate"]
    hashes, sections = statement["predicate"].get(HASHES), _sections(statement)
    if not isinstance(hashes, dict):
        return [f"predicate.{HASHES}"]
    names = sorted(hashes.keys() | sections.keys())
    return [name for name in names if name not in sections or hashes.get(name) != _hash(sections[name])]


@cache
def _schema() -> dict[str, Any]:
    schema: dict[str, Any] = json.loads((files("unlearning.certificates") / "certificate.schema.json").read_bytes())
    return schema


def _is_whole(statement: dict[str, Any]) -> bool:
    """Is a statement, whose predicate is an object, of the right types, with the parts of a certificate and no others?"""
    if (statement.get("_type"), statement.get("predicateType")) != (STATEMENT_TYPE, PREDICATE_TYPE):
        return False
    parts: dict[str, Any] = _schema()["properties"]
    inner: dict[str, Any] = parts["predicate"]
    given = statement["predicate"].keys()
    return statement.keys() == parts.keys() and set(inner["required"]) <= given <= inner["properties"].keys()


def _misfits(statement: dict[str, Any]) -> list[str]:
    """The parts of a whole statement that hold something else than they should; by name."""
    outer, inner = _schema()["properties"], _schema()["properties"]["predicate"]["properties"]
    wrong = {name for name in outer if name != "predicate" and not _fits(statement[name], outer[name])}
    wrong |= {f"predicate.{name}" for name in statement["predicate"] if not _fits(statement["predicate"][name], inner[name])}
    if "subject" not in wrong:
        names = [subject["name"] for subject in statement["subject"]]
        wrong |= {"subject"} if names != sorted(set(names)) else set()  # every file once: no second digest can stand for one
    return sorted(wrong)


def _fits(content: object, schema: dict[str, Any]) -> bool:
    """Is a JSON value as a part of the schema says?"""
    if "$ref" in schema and not _fits(content, _schema()["$defs"][schema["$ref"].rpartition("/")[2]]):
        return False
    if "anyOf" in schema and not any(_fits(content, part) for part in schema["anyOf"]):
        return False
    if content not in schema.get("enum", [schema.get("const", content)]):
        return False
    if "type" in schema and not isinstance(content, JSON_TYPES[schema["type"]]):
        return False
    if isinstance(content, str):
        pattern = schema.get("pattern", "(?s:.*)")
        return len(content) >= schema.get("minLength", 0) and re.fullmatch(pattern, content) is not None
    if isinstance(content, list) and "items" in schema:
        repeated = schema.get("uniqueItems") and len({canonical(one) for one in content}) < len(content)
        enough = len(content) >= schema.get("minItems", 0)
        return enough and not repeated and all(_fits(one, schema["items"]) for one in content)
    if isinstance(content, dict) and "additionalProperties" in schema:
        known, others = schema.get("properties", {}), schema["additionalProperties"]
        if len(content) < schema.get("minProperties", 0) or not content.keys() >= set(schema.get("required", ())):
            return False
        parts = {name: known.get(name, others) for name in content}
        return all(part is not False and _fits(content[name], part) for name, part in parts.items())
    return True
