"""The journal: every transition of a registered model, as an artifact of an MLflow run of its own, chained by hashes.

The tag ``audit.head`` of the registered model names the last entry that has happened. In which order the tag, ``audit.jsonl``
and ``audit.jsonl.next`` are written says ``registry.transitions``; read together they tell what a process that died has left.
"""

from dataclasses import dataclass
from pathlib import Path

import mlflow
from mlflow.entities import Run

from unlearning.errors import InputError
from unlearning.registry import hash_chain
from unlearning.registry.entries import Entry, replay
from unlearning.registry.version import CHAMPION, Facts
from unlearning.tracking import temporary
from unlearning.tracking.answers import first_line, or_none, store_errors
from unlearning.tracking.artifacts import store_of
from unlearning.tracking.own_experiments import find_own, own_experiment
from unlearning.tracking.paging import every
from unlearning.tracking.runs import find_run

EXPERIMENT, HOLDS = "age-unlearning audit", "the journal"
FILE, NEXT = "audit.jsonl", "audit.jsonl.next"
MODEL = "audit.model"
RUN, HEAD = "audit.run", "audit.head"


@dataclass(frozen=True)
class Journal:
    """The journal of a registered model as it was found.

    Args:
        run_id: where it is.
        text: the lines, as far as they have happened.
        begun: entries of a transition that did not come to its end, to be undone.
        is_behind: did the last transition happen without ``audit.jsonl`` being replaced?
        damage: why nothing may be added; empty for a sound journal.
        named: the hash that the registered model names as the last entry's.
    """

    run_id: str
    text: bytes = b""
    begun: tuple[Entry, ...] = ()
    is_behind: bool = False
    damage: str = ""
    named: str = ""

    @property
    def head(self) -> str:
        return hash_chain.head(self.text)

    @property
    def broken(self) -> str:
        """What is wrong with any of its entries; empty for a whole journal."""
        return self.damage or hash_chain.first_broken(self.text)

    @property
    def entries(self) -> list[Entry]:
        """What was entered; none of a journal that is damaged."""
        return [] if self.broken else hash_chain.entries(self.text)

    def knows(self, number: int) -> bool:
        """Does any entry tell of this version? Within texts the quotation marks stand behind backslashes."""
        return f'"version":"{number}"'.encode() in self.text

    def with_entries(self, entries: list[Entry]) -> bytes:
        """The lines with more of them."""
        text = self.text
        for entry in entries:
            text += hash_chain.next_line(text, entry)
        return text

    def write(self, name: str, content: bytes) -> None:
        """Replace a file of its run."""
        with temporary.folder() as place:
            path = Path(place) / name
            path.write_bytes(content)
            # The client itself remembers where a run's artifacts are even for another store.
            store = store_of(mlflow.MlflowClient().get_run(self.run_id))
            store.log_artifact(str(path))  # type: ignore[no-untyped-call]  # MLflow's


def create(model: str) -> Journal:
    """An empty journal, in a new run."""
    client = mlflow.MlflowClient()
    tags = {MODEL: model, "mlflow.runName": f"audit log of {model}", "step": "audit log"}
    run_id: str = client.create_run(own_experiment(EXPERIMENT, HOLDS), tags=tags).info.run_id
    client.set_terminated(run_id)
    return Journal(run_id)


def find_journal(model: str) -> Journal | None:
    """The journal of a registered model; None when it has none yet.

    Raises:
        InputError: the artifact store does not answer.
    """
    tags = mlflow.MlflowClient().get_registered_model(model).tags
    run_id, head = tags.get(RUN) or _unowned_run(model), tags.get(HEAD, "")
    if not run_id:
        return None
    if (run := find_run(run_id)) is None:
        return Journal("", damage=f"its run {run_id} was deleted for good", named=head)
    return _load(run, head)


def find_head(model: str) -> str:
    """The hash of the last transition that has happened, as the registered model's tag has it; empty before the first."""
    found = or_none(mlflow.MlflowClient().get_registered_model, model)
    return str(found.tags.get(HEAD, "")) if found else ""


def _unowned_run(model: str) -> str:
    """The oldest run that was made for the model's journal, and is not that of a model that was renamed since."""
    client, experiment = mlflow.MlflowClient(), find_own(EXPERIMENT, HOLDS)
    if not experiment:
        return ""
    made = client.search_runs([experiment], f"tags.`{MODEL}` = '{model}'", order_by=["attributes.start_time ASC"])
    owned = {one.tags.get(RUN) for one in every(client.search_registered_models)} if made else set()
    return next((run.info.run_id for run in made if run.info.run_id not in owned), "")


def find_promotion(model: str, number: int) -> str:
    """The run that made a version the champion last, as the journal tells; empty where it does not."""
    journal = find_journal(model)
    for entry in reversed(journal.entries if journal else []):
        served = (part["version"] for part in entry["versions"] if part["after"] and CHAMPION in part["after"]["aliases"])
        if entry["what"] == "promote" and entry["run"] and str(number) in served:
            return str(entry["run"])
    return ""


def former(model: str) -> dict[int, Facts]:
    """What the journal said last of every version that it knows, deleted ones among them; nothing where it is damaged."""
    journal = find_journal(model)
    return {number: one.facts for number, one in replay(journal.entries if journal else [], deleted=True).items()}


def _load(run: Run, head: str) -> Journal:
    """Read both files: the lines up to the entry that the tag names have happened, those after it are to be undone."""
    run_id, (written, beside) = run.info.run_id, (read_file(run, name) for name in (FILE, NEXT))
    if head and beside != written and hash_chain.head(beside) == head:
        return Journal(run_id, beside, is_behind=True, named=head)
    damage = _damage(written, head)
    if not damage:
        return Journal(run_id, written, _added(written, beside), named=head)
    happened = _until(beside, head)  # where the process died while it replaced the file
    if happened is None:
        return Journal(run_id, written, damage=damage, named=head)
    return Journal(run_id, happened, _added(happened, beside), is_behind=True, named=head)


def _added(text: bytes, longer: bytes) -> tuple[Entry, ...]:
    """The entries that a longer journal has besides; none where they were changed, whatever was wrong before them."""
    if longer == text or not longer.startswith(text) or hash_chain.first_broken(longer) != hash_chain.first_broken(text):
        return ()
    try:
        return tuple(hash_chain.entries(longer.removeprefix(text)))
    except ValueError:
        return ()


def _until(text: bytes, head: str) -> bytes | None:
    """A whole journal up to an entry; None when it is not whole or has no such entry."""
    if not hash_chain.head(text):
        return None
    if not head:
        return b""
    at = text.rfind(_naming(head))
    return None if at < 0 else text[: text.index(b"\n", at) + 1]


def _naming(head: str) -> bytes:
    """How a line spells its own hash: in texts within it quotation marks stand behind backslashes."""
    return f'"sha256":"{head}"'.encode()


def _damage(text: bytes, head: str) -> str:
    if not text:
        return "it is gone" if head else ""
    if not hash_chain.head(text):
        return hash_chain.first_broken(text)
    return "" if not head or _naming(head) in text else hash_chain.first_broken(text, head)


def read_file(run: Run, name: str) -> bytes:
    """The bytes of a file of a run; none when it is not there."""
    try:
        artifacts = store_of(run)
        if name not in [info.path for info in artifacts.list_artifacts()]:
            return b""
        with temporary.folder() as place:
            return Path(artifacts.download_artifacts(name, place)).read_bytes()  # type: ignore[no-untyped-call]  # MLflow's
    except store_errors() as error:
        raise InputError(f"the journal in run {run.info.run_id} cannot be read: {first_line(error)}") from error
