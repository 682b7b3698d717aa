"""What a user decides about the registry itself: the defaults of rollback, repair and status stand here."""

from __future__ import annotations

from dataclasses import dataclass

from unlearning.declared import setting
from unlearning.errors import InputError
from unlearning.naming import did_you_mean
from unlearning.settings.forgetting import model_name

TRUSTS = {
    "log": "what the journal says is put back",
    "aliases": "the aliases as they are now are meant, and the rest follows them",
}
FORMATS = ("table", "json", "markdown", "html")


@dataclass(frozen=True)
class RollbackSettings:
    """A return to an earlier version.

    Args:
        to: alias, number or model URI of the earlier version that is to be served again.
        reason: why; it is written on both versions and into the journal.
        allow_regain: also go back to a version that remembers what the champion was made to forget.
        name: registered model.
    """

    to: str
    reason: str = setting(kind="words")
    allow_regain: bool = False
    name: str = model_name()


@dataclass(frozen=True)
class RepairSettings:
    """A repair.

    Args:
        trust: {choices}.
        reason: why, for the journal.
        name: registered model.
    """

    trust: str = setting("log", choices=TRUSTS)
    reason: str = setting("", kind="words")
    name: str = model_name()

    def __post_init__(self):
        if self.trust not in TRUSTS:
            guess = did_you_mean(self.trust, TRUSTS)
            raise InputError(f"trust={self.trust!r} is unknown{guess}; legal: {', '.join(TRUSTS)}")


@dataclass(frozen=True)
class StatusSettings:
    """A look at the registry.

    Args:
        format: table, json, markdown, or html: a page that draws which version was made from which.
        check: compare the registry with its journal and with itself, and fail when they differ.
        out: file to write to instead of the terminal.
        name: registered model.
    """

    format: str = setting("table", kind="choice", choices=FORMATS)
    check: bool = False
    out: str = ""
    name: str = model_name()


@dataclass(frozen=True)
class PurgeSettings:
    """A purge.

    Args:
        version: alias, number or model URI of the version to erase, as original.
        confirm: the version's name typed back, as age-resnet50/1; without it nothing goes, and is said what would.
        reason: why; it is written on the version and into the journal.
        force: erase also what a waiting candidate is measured against; never the champion.
        name: registered model.
        people: seal also what names people whose forgetting is certified: who holds the signing key reads it.
    """

    version: str
    confirm: str = ""
    reason: str = setting("", kind="words")
    force: bool = False
    people: bool = False
    name: str = model_name()
