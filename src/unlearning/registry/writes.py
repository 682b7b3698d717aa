"""The writes that make the registry say something else, one after the other, and nothing that it says already."""

from collections.abc import Callable, Iterator
from functools import partial

import mlflow

from unlearning.registry.lock import Lock, registry_lock
from unlearning.registry.lookup import stages
from unlearning.registry.record import changed
from unlearning.registry.version import State, Version, holders

Confirm = Callable[[], None]
Write = Callable[[], object]


def become(model: str, now: State, wanted: State, confirm: Confirm) -> None:
    """Write what differs; ``confirm`` is asked before every write, and raises when somebody else may be writing.

    The versions come first, one after the other, then the aliases, then versions are deleted: so an alias, which decides who is
    served, never stands on a version that does not say yet what it is, nor on one that is gone.
    """
    for write in _writes(mlflow.MlflowClient(), model, now, wanted):
        confirm()
        write()


def _writes(client: mlflow.MlflowClient, model: str, now: State, wanted: State) -> Iterator[Write]:
    for number, facts in wanted.items():
        was, version = now[number], str(number)
        names = sorted(facts.tags.keys() | was.tags.keys())
        values = {name: facts.tags.get(name) for name in names if was.tags.get(name) != facts.tags.get(name)}
        if values:
            yield from _tag(client, model, version, values)
        if was.description != facts.description:
            yield partial(client.update_model_version, model, version, facts.description)
        if was.stage != facts.stage:
            yield partial(_to_stage, client, model, version, facts.stage)
    at, due = holders(now), holders(wanted)
    for alias in sorted(at.keys() - due.keys()):
        yield partial(client.delete_registered_model_alias, model, alias)
    for alias in sorted(alias for alias, number in due.items() if at.get(alias) != number):
        yield partial(client.set_registered_model_alias, model, alias, str(due[alias]))
    for number in now.keys() - wanted.keys():
        yield partial(client.delete_model_version, model, str(number))


def _tag(
    client: mlflow.MlflowClient, model: str, version: str, values: dict[str, str | None], scores: bool = False
) -> Iterator[Write]:
    with stages():
        stored = dict(client.get_model_version(model, version).tags)
    for name, value in changed(stored, values, scores).items():
        if value is None:
            yield partial(client.delete_model_version_tag, model, version, name)
        else:
            yield partial(client.set_model_version_tag, model, version, name, value)


def write_scores(version: Version, values: dict[str, str]) -> None:
    """Write scores as tags of a version, under the lock: of two writers of the record one would lose what the other wrote."""
    with registry_lock(version.model) as lock:
        write_tags(lock, version, values)


def write_tags(lock: Lock, version: Version, values: dict[str, str]) -> None:
    """The same, by who holds the lock already."""
    for write in _tag(mlflow.MlflowClient(), version.model, str(version.number), dict(values), scores=True):
        lock.confirm()
        write()


def _to_stage(client: mlflow.MlflowClient, model: str, version: str, stage: str) -> None:
    with stages():
        client.transition_model_version_stage(model, version, stage, archive_existing_versions=False)
