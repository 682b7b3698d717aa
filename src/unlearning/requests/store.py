"""Requests to be forgotten, as MLflow runs in an experiment of their own, so that every store can hold them.

A run is a request: its tags say what is asked, one tag a line of history says what became of it, and the forget manifest is
an artifact. A change of state is one write of tags, so that it has happened or not; the run's status mirrors it.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime

import mlflow
from mlflow.entities import Run, RunTag

from unlearning.data.forget import ForgetSet
from unlearning.errors import InputError
from unlearning.naming import manifest_file
from unlearning.records import read_record
from unlearning.registry import lock
from unlearning.registry.lock import Lock, registry_lock
from unlearning.requests import states
from unlearning.requests.states import Request, StateChange
from unlearning.tracking import runs, sealed
from unlearning.tracking.answers import refused_in_words
from unlearning.tracking.own_experiments import find_own, own_experiment
from unlearning.tracking.paging import every

EXPERIMENT, HOLDS = "age-unlearning requests", "the requests"
MODEL, KEY, STATE, REASON, DEADLINE = (f"request.{name}" for name in ("model", "key", "state", "reason", "deadline"))
VERSION, CERTIFICATE, HISTORY = "request.version", "request.certificate", "request.history."
LONGEST = 1000
STATUS = {
    states.RECEIVED: "SCHEDULED",
    states.RUNNING: "RUNNING",
    states.GATED: "RUNNING",
    states.PROMOTED: "FINISHED",
    states.REFUSED: "FINISHED",
    states.FAILED: "FAILED",
}


@contextmanager
def serving(model: str) -> Iterator[Lock]:
    """Serve a model's requests, alone, so that what is found running was left by one that has ended; or InputError."""
    owner = lock.owner_of(f"{model}.process")
    if owner:
        raise InputError(f"{owner} is serving the requests of {model}; wait until that has ended, and ask again")
    with registry_lock(f"{model}.process") as held:
        yield held


def listed(model: str) -> list[Request]:
    """All requests to a registered model, by arrival."""
    known, damaged = readable(model)
    for sentence in damaged:
        print(sentence, file=sys.stderr)
    return known


def readable(model: str) -> tuple[list[Request], list[str]]:
    """The requests, and which of them cannot be read, because somebody has changed their tags, in sentences."""
    client, experiment = mlflow.MlflowClient(), find_own(EXPERIMENT, HOLDS)
    found = every(client.search_runs, [experiment], f"tags.`{MODEL}` = '{model}'") if experiment else []
    known, damaged = [], []
    for run in found:
        try:
            known.append(_request(run))
        except InputError as error:
            damaged.append(str(error))
    return states.in_order(known), damaged


def find(model: str, key: str) -> Request | None:
    """The request with a key, or None."""
    return next((request for request in listed(model) if request.key == key), None)


def move(before: str, now: str) -> None:
    """The requests follow a registered model that was renamed."""
    for request in listed(before):
        mlflow.MlflowClient().set_tag(request.run_id, MODEL, now)


def _request(run: Run) -> Request:
    tags = run.data.tags
    try:
        return Request(
            run.info.run_id,
            tags[MODEL],
            tags[KEY],
            tags["forget_rule"],
            tags["forget_set"],
            tags["forget_sha256"],
            int(tags["forget_count"]),
            tags.get(REASON, ""),
            date.fromisoformat(tags[DEADLINE]) if tags.get(DEADLINE) else None,
            _history(tags),
            tags.get(VERSION, ""),
            tags.get(CERTIFICATE, ""),
        )
    except (KeyError, TypeError, ValueError) as error:
        said = f"the tag {error} is missing" if isinstance(error, KeyError) else error
        raise InputError(
            f"the request in run {run.info.run_id} cannot be read, its tags were changed: {said}; put them right in mlflow ui, "
            f"or take the run out and ask again: mlflow runs delete --run-id {run.info.run_id}"
        ) from error


def _history(tags: dict[str, str]) -> tuple[StateChange, ...]:
    names = sorted(name for name in tags if name.startswith(HISTORY))
    history = tuple(read_record(StateChange, json.loads(tags[name])) for name in names)
    numbered = [f"{HISTORY}{number:04}" for number in range(1, len(names) + 1)]
    if names != numbered or not states.is_whole(history, tags[STATE]):
        raise ValueError(f"its history does not lead to {STATE}={tags[STATE]}")
    return history


def create(model: str, key: str, forget: ForgetSet, reason: str, deadline: date | None, why: str) -> Request:
    """A new request; it is there with its last write, which says whose it is.

    Raises:
        InputError: the server lets its user read only.
    """
    client = mlflow.MlflowClient()
    own = {"mlflow.runName": f"forget {forget.rule}", "step": "forget request"}
    with refused_in_words("read the requests and file none", f"ask who runs it for the right EDIT on {EXPERIMENT}"):
        run_id = client.create_run(own_experiment(EXPERIMENT, HOLDS), tags=own).info.run_id
    client.log_dict(run_id, forget.as_dict(), manifest_file(forget.name))
    sealed.follow(run_id, manifest_file(forget.name))
    asked = {"forget_set": forget.name, "forget_rule": forget.rule, "forget_sha256": forget.sha256}
    asked |= {"forget_count": str(len(forget.ids)), KEY: key, **_given(reason, deadline)}
    first = _change(states.RECEIVED, why)
    _write(client, run_id, asked | {MODEL: model}, 1, first)
    return _request(client.get_run(run_id))


def _given(reason: str, deadline: date | None) -> dict[str, str]:
    return ({REASON: reason[:LONGEST]} if reason else {}) | ({DEADLINE: deadline.isoformat()} if deadline else {})


def ask_again(request: Request, reason: str, deadline: date | None, why: str) -> Request:
    """Open a request again, with the reason and the deadline where they are given; what forgot it before is not its end now."""
    return _moved(request, states.RECEIVED, why, {VERSION: "", CERTIFICATE: "", **_given(reason, deadline)})


def manifest_of(request: Request) -> ForgetSet:
    """Who is to be forgotten, as it was decided when the request was received."""
    return runs.read_json(request.run_id, manifest_file(request.forget_set), ForgetSet.from_dict)


def note_gates(request: Request, content: dict, decision: str, gates: str) -> None:
    """Leave what the gates decided on a request: with all values as an artifact, and in words as tags."""
    client = mlflow.MlflowClient()
    client.log_dict(request.run_id, content, "gates.json")
    client.log_batch(request.run_id, tags=[RunTag("gate_decision", decision), RunTag("gates", gates)])


def change_state(request: Request, state: str, why: str, version: str = "", certificate: str = "") -> Request:
    """Move a request to another state that may follow, in one write; ``why`` is a sentence for its history.

    Raises:
        InputError: the state cannot follow the one it has.
    """
    told = {VERSION: version, CERTIFICATE: certificate}
    return _moved(request, state, why, {name: value for name, value in told.items() if value})


def _moved(request: Request, state: str, why: str, tags: dict[str, str]) -> Request:
    client, change = mlflow.MlflowClient(), _change(state, why)
    _write(client, request.run_id, tags, len(states.changed(request, change).history), change)
    return _request(client.get_run(request.run_id))


def _change(state: str, why: str) -> StateChange:
    time = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return StateChange(state, time, runs.user(), why[:LONGEST])


def _write(client: mlflow.MlflowClient, run_id: str, tags: dict[str, str], number: int, change: StateChange) -> None:
    """The line of history with everything that it says; then the status, which only mirrors it."""
    tags = tags | {STATE: change.state, f"{HISTORY}{number:04}": json.dumps(asdict(change))}
    client.log_batch(run_id, tags=[RunTag(name, value) for name, value in tags.items()])
    status = STATUS[change.state]
    if status in ("FINISHED", "FAILED"):
        client.set_terminated(run_id, status)
    else:
        client.update_run(run_id, status)
