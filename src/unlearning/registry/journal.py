"""The journal: every transition of a registered model, as an artifact of an MLflow run of its own.

The file ``audit.jsonl`` is chained by hashes (``registry.hash_chain``). MLflow can only replace an artifact, and replacing can
stop in the middle; so the log with the new entry is written beside the old one first, as ``audit.jsonl.next``. That comes
before the registry is touched and says how to undo what is about to be done. Then the registry is changed, then the hash of
the new entry becomes a tag of the registered model: from that moment on the transition has happened. At last ``audit.jsonl``
is replaced. Wherever a process dies, the next one knows from files and tag what to finish or to undo.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from unlearning.errors import InputError
from unlearning.registry import hash_chain
from unlearning.registry.version import Facts, State, moved
from unlearning.tracking import temporary
from unlearning.tracking.own_experiments import find_own, own_experiment
from unlearning.tracking.store import first_line

BEGIN, FOUND = "begin", "found"
NOTES = (BEGIN, FOUND)
TOLD = ("what", "time", "user")


@dataclass(frozen=True)
class Logged:
    """What the log says of one version.

    Args:
        facts: as the last entry that touched it left it.
        entry: that entry in words: ``promote of 2026-11-24T12:03:04Z by anna``.
    """

    facts: Facts
    entry: str


def entry_of(before: State, after: State, told: dict[str, str]) -> dict:
    """The entry of a transition.

    Args:
        before: all versions; a new one is not among them.
        after: all versions; a deleted one is not among them.
        told: who did what when and why, and in which run.
    """
    touched = [number for number in sorted(before.keys() | after.keys()) if before.get(number) != after.get(number)]
    sides = [(number, before.get(number), after.get(number)) for number in touched]
    return told | {
        "versions": [{"version": str(n), "before": _side(was, now), "after": _side(now, was)} for n, was, now in sides]
    }


def _side(own: Facts | None, other: Facts | None) -> dict | None:
    if own is None:
        return None
    side = {"stage": own.stage, "aliases": list(own.aliases), "tags": _differing(own, other)}
    return side | ({"description": own.description} if other is None or own.description != other.description else {})


def _differing(own: Facts, other: Facts | None) -> dict[str, str]:
    """Tags that are not the other side's; those whose names are not ASCII are nobody's of ours, and no JSON key here."""
    theirs = other.tags if other else {}
    return {name: value for name, value in own.tags.items() if name.isascii() and theirs.get(name) != value}


def undone(now: State, entry: dict) -> State:
    """The versions as they are now, with what an entry did, in part or whole, taken back; what it did not touch stays."""
    state, aliases = dict(now), {}
    if entry["what"] in NOTES:
        return state
    for part in entry["versions"]:
        number, before, after = int(part["version"]), part["before"], part["after"]
        aliases |= dict.fromkeys(after["aliases"] if after else (), None)
        if before is None:
            state.pop(number, None)
        elif number in state:
            state[number] = _become(state[number], after or {"tags": {}}, before)
    for part in entry["versions"]:
        aliases |= dict.fromkeys(part["before"]["aliases"] if part["before"] else (), int(part["version"]))
    return moved(state, aliases)


def _become(facts: Facts, was: dict, side: dict) -> Facts:
    """Facts with one side of an entry written over the other."""
    tags = {name: value for name, value in facts.tags.items() if name not in was["tags"]} | side["tags"]
    return Facts(side["stage"], tuple(side["aliases"]), tags, side.get("description", facts.description))


def replay(entries: list[dict], deleted: bool = False) -> dict[int, Logged]:
    """What the log says of every version; with ``deleted`` also what it said last of those that are gone."""
    known: dict[int, Logged] = {}
    for entry in entries:
        if entry["what"] == BEGIN:
            known = {}
        for part in entry["versions"]:
            number = int(part["version"])
            was = known.get(number)
            if not part["after"] and not deleted:
                known.pop(number, None)
            if part["after"]:
                base = was.facts if was and part["before"] else Facts("", (), {})
                known[number] = Logged(_become(base, part["before"] or {"tags": {}}, part["after"]), in_words(entry))
    return dict(sorted(known.items()))


def in_words(entry: dict) -> str:
    """An entry as half a sentence."""
    what, time, user = (entry[name] for name in TOLD)
    return f"{what} of {time} by {user}"


EXPERIMENT, HOLDS = "age-unlearning audit", "the audit log"
FILE, NEXT = "audit.jsonl", "audit.jsonl.next"
MODEL = "audit.model"


@dataclass(frozen=True)
class AuditLog:
    """The log of a registered model as it was found.

    Args:
        run_id: where it is.
        text: the lines, as far as they have happened.
        begun: entries of a transition that did not come to its end, to be undone.
        is_behind: did the last transition happen without ``audit.jsonl`` being replaced?
        damage: why nothing may be added; empty for a sound log.
        named: the hash that the registered model names as the last entry's.
    """

    run_id: str
    text: bytes = b""
    begun: tuple[dict, ...] = ()
    is_behind: bool = False
    damage: str = ""
    named: str = ""

    @property
    def head(self) -> str:
        return hash_chain.head(self.text) if self.text else ""

    @property
    def entries(self) -> list[dict]:
        """What was entered; none of a log that is damaged."""
        return [] if self.damage or hash_chain.first_broken(self.text) else hash_chain.entries(self.text)

    def knows(self, number: int) -> bool:
        """Does any entry tell of this version? Within texts the quotation marks stand behind backslashes."""
        return f'"version":"{number}"'.encode() in self.text

    def with_entries(self, entries: list[dict]) -> bytes:
        """The lines with more of them."""
        text = self.text
        for entry in entries:
            text += hash_chain.next_line(text, entry)
        return text


def find(model: str) -> list[str]:
    """The runs that hold a model's log, or did before another model took its name, oldest first."""
    experiment = find_own(EXPERIMENT, HOLDS)
    order = ["attributes.start_time ASC"]
    found = mlflow.MlflowClient().search_runs([experiment], f"tags.`{MODEL}` = '{model}'", order_by=order) if experiment else ()
    return [run.info.run_id for run in found]


def create(model: str) -> str:
    """A run for a model's log."""
    client = mlflow.MlflowClient()
    tags = {MODEL: model, "mlflow.runName": f"audit log of {model}", "step": "audit log"}
    made = client.create_run(own_experiment(EXPERIMENT, HOLDS), tags=tags)
    client.set_terminated(made.info.run_id)
    return made.info.run_id


def load(run_id: str, head: str) -> AuditLog:
    """Read a log.

    Args:
        run_id: where it is.
        head: the hash of the last entry that has happened, as the registered model's tag has it.

    Raises:
        InputError: the artifact store does not answer.
    """
    written, beside = read(run_id, FILE), read(run_id, NEXT)
    if head and beside != written and _last(beside) == head:
        return AuditLog(run_id, beside, is_behind=True, named=head)
    damage = _damage(written, head)
    if not damage:
        return AuditLog(run_id, written, _added(written, beside), named=head)
    happened = _until(beside, head)
    if happened is None:
        return AuditLog(run_id, written, damage=damage, named=head)
    return AuditLog(run_id, happened, _added(happened, beside), is_behind=True, named=head)


def _added(text: bytes, longer: bytes) -> tuple[dict, ...]:
    """The entries that a whole, longer log has besides."""
    more = longer.removeprefix(text) if longer.startswith(text) and _last(longer) else b""
    return tuple(hash_chain.entries(more))


def _until(text: bytes, head: str) -> bytes | None:
    """A whole log up to an entry; None when it is not whole or has no such entry."""
    if not _last(text) or head.encode() not in text:
        return None
    return text[: text.index(b"\n", text.rindex(f'"sha256":"{head}"'.encode())) + 1] if head else b""


def _last(text: bytes) -> str:
    """The hash of the last entry; empty where that is not whole or there is none."""
    if not text:
        return ""
    try:
        hash_chain.next_line(text, {})
    except ValueError:
        return ""
    return hash_chain.head(text)


def _damage(text: bytes, head: str) -> str:
    if not text:
        return "it is gone" if head else ""
    if not _last(text):
        return str(hash_chain.first_broken(text))
    if head and head.encode() not in text:
        return str(hash_chain.first_broken(text, head))
    return ""


def read(run_id: str, name: str) -> bytes:
    """An artifact's bytes; none when it is not there."""
    try:
        files = _files(run_id)
        if name not in [info.path for info in files.list_artifacts()]:
            return b""
        with temporary.folder() as place:
            return Path(files.download_artifacts(name, place)).read_bytes()
    except (MlflowException, OSError) as error:
        raise InputError(f"the audit log in run {run_id} cannot be read: {first_line(error)}") from error


def write(run_id: str, name: str, content: bytes) -> None:
    """Replace an artifact."""
    with temporary.folder() as place:
        path = Path(place) / name
        path.write_bytes(content)
        _files(run_id).log_artifact(str(path))


def _files(run_id: str) -> ArtifactRepository:
    """Where a run's artifacts are, asked anew each time: a client remembers it even for another store."""
    return get_artifact_repository(mlflow.MlflowClient().get_run(run_id).info.artifact_uri)
