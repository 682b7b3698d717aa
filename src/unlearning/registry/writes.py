"""The writes that make the registry say something else, one after the other, and nothing that it says already."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import mlflow

from unlearning.registry.lookup import stages
from unlearning.registry.version import State, holders


def become(model: str, now: State, wanted: State, confirm: Callable) -> None:
    """Write what differs, and nothing else; ``confirm`` is asked before every write."""
    for write in _writes(model, now, wanted):
        confirm()
        write()


def _writes(model: str, now: State, wanted: State) -> Iterator[Callable]:
    client = mlflow.MlflowClient()
    for number, facts in wanted.items():
        was, version = now[number], str(number)
        if was == facts:
            continue
        for name in sorted(facts.tags.keys() | was.tags.keys()):
            if name not in facts.tags:
                yield lambda v=version, n=name: client.delete_model_version_tag(model, v, n)
            elif was.tags.get(name) != facts.tags[name]:
                yield lambda v=version, n=name, to=facts.tags[name]: client.set_model_version_tag(model, v, n, to)
        if was.description != facts.description:
            yield lambda v=version, to=facts.description: client.update_model_version(model, v, to)
        if was.stage != facts.stage:
            yield lambda v=version, to=facts.stage: _to_stage(client, model, v, to)
    yield from _alias_writes(client, model, now, wanted)
    for number in now.keys() - wanted.keys():
        yield lambda v=str(number): client.delete_model_version(model, v)


def _to_stage(client: mlflow.MlflowClient, model: str, version: str, stage: str) -> None:
    with stages():
        client.transition_model_version_stage(model, version, stage, archive_existing_versions=False)


def _alias_writes(client: mlflow.MlflowClient, model: str, now: State, wanted: State) -> Iterator[Callable]:
    at, due = holders(now), holders(wanted)
    for alias in sorted(at.keys() - due.keys()):
        yield lambda a=alias: client.delete_registered_model_alias(model, a)
    for alias in sorted(alias for alias, number in due.items() if at.get(alias) != number):
        yield lambda a=alias, to=str(due[alias]): client.set_registered_model_alias(model, a, to)
