"""What a user decides about the registry itself: the defaults of rollback, repair and status stand here."""

from __future__ import annotations

from dataclasses import dataclass

from unlearning.errors import InputError
from unlearning.naming import did_you_mean
from unlearning.repair.consistency import TRUSTS as TRUSTS
from unlearning.steps.settings import MODEL_NAME

FORMATS = ("table", "json", "markdown", "html")


@dataclass(frozen=True)
class RollbackSettings:
    """A return to an earlier version.

    Args:
        to: an alias, a number or a model URI.
        reason: why; it is written on both versions and into the audit log.
        allow_regain: also return to a version that remembers what the champion has forgotten.
        name: registered model.
    """

    to: str
    reason: str
    allow_regain: bool = False
    name: str = MODEL_NAME


@dataclass(frozen=True)
class RepairSettings:
    """A repair.

    Args:
        trust: a name of TRUSTS.
        reason: why, for the audit log.
        name: registered model.
    """

    trust: str = "log"
    reason: str = ""
    name: str = MODEL_NAME

    def __post_init__(self):
        if self.trust not in TRUSTS:
            guess = did_you_mean(self.trust, TRUSTS)
            raise InputError(f"trust={self.trust!r} is unknown{guess}; legal: {', '.join(TRUSTS)}")


@dataclass(frozen=True)
class StatusSettings:
    """A look at the registry.

    Args:
        format: one of FORMATS.
        check: also compare the registry with its audit log and with itself.
        out: file to write to instead of the terminal; empty for the terminal.
        name: registered model.
    """

    format: str = "table"
    check: bool = False
    out: str = ""
    name: str = MODEL_NAME
