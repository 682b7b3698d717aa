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
from unlearning.tracking import temporary
from unlearning.tracking.own_experiments import find_own, own_experiment
from unlearning.tracking.store import first_line

EXPERIMENT, HOLDS = "age-unlearning audit", "the journal"
FILE, NEXT = "audit.jsonl", "audit.jsonl.next"
MODEL = "audit.model"

RUN, HEAD = "audit.run", "audit.head"


@dataclass(frozen=True)
class Journal:
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


def load(run_id: str, head: str) -> Journal:
    """Read a log.

    Args:
        run_id: where it is.
        head: the hash of the last entry that has happened, as the registered model's tag has it.

    Raises:
        InputError: the artifact store does not answer.
    """
    written, beside = read(run_id, FILE), read(run_id, NEXT)
    if head and beside != written and _last(beside) == head:
        return Journal(run_id, beside, is_behind=True, named=head)
    damage = _damage(written, head)
    if not damage:
        return Journal(run_id, written, _added(written, beside), named=head)
    happened = _until(beside, head)
    if happened is None:
        return Journal(run_id, written, damage=damage, named=head)
    return Journal(run_id, happened, _added(happened, beside), is_behind=True, named=head)


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
        raise InputError(f"the journal in run {run_id} cannot be read: {first_line(error)}") from error


def write(run_id: str, name: str, content: bytes) -> None:
    """Replace an artifact."""
    with temporary.folder() as place:
        path = Path(place) / name
        path.write_bytes(content)
        _files(run_id).log_artifact(str(path))


def _files(run_id: str) -> ArtifactRepository:
    """Where a run's artifacts are, asked anew each time: a client remembers it even for another store."""
    return get_artifact_repository(mlflow.MlflowClient().get_run(run_id).info.artifact_uri)
