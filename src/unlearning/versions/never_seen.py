"""Which forget sets a reference was trained without, and which it should have been: a fair one lacks both old and new."""

from __future__ import annotations

from unlearning.data.forget import ForgetSet
from unlearning.registry.lookup import Version


def never_saw(version: Version) -> set[str]:
    """Names of the forget sets that a retrained version was trained without; none of any other version."""
    return set(version.tag("forgotten").split(",")) if version.tag("role") == "retrained" else set()


def left_out(version: Version, forget: ForgetSet) -> set[str]:
    """Names of the forget sets that a reference for a version and a set should never have seen."""
    return {*version.tag("forgotten").split(","), forget.name} - {"", "none"}
