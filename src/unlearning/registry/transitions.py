"""Carrying a transition out: all of it, or what was done is put back, by this process or by the next one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import mlflow
from mlflow.exceptions import MlflowException

from unlearning.commands import command
from unlearning.errors import InputError
from unlearning.registry import hash_chain
from unlearning.registry import journal as audit_log
from unlearning.registry.deprecated import stages
from unlearning.registry.entries import replay, undone
from unlearning.registry.journal import EXPERIMENT, FILE, NEXT, AuditLog
from unlearning.registry.lock import LockLostError
from unlearning.registry.version import CHAMPION, Facts, State, holders
from unlearning.tracking.answers import refused_in_words
from unlearning.tracking.paging import every
from unlearning.tracking.runs import find_run
from unlearning.tracking.store import first_line

RUN, HEAD = "audit.run", "audit.head"
INSTALLING = "installing"
Read = Callable[[], State]


@contextmanager
def explained(model: str) -> Iterator[None]:
    """A server's refusal as a sentence."""
    right = (
        f"ask who runs it for the right MANAGE on the registered model {model}, whose aliases a change may take away, and EDIT "
        f"on the experiment {EXPERIMENT!r}, where it is recorded"
    )
    with refused_in_words(f"read {model} and not change it", right):
        yield


def find_head(model: str) -> str:
    """The hash of the last transition that has happened, as the registered model's tag has it; empty before the first."""
    try:
        return mlflow.MlflowClient().get_registered_model(model).tags.get(HEAD, "")
    except MlflowException as error:
        if error.error_code != "RESOURCE_DOES_NOT_EXIST":
            raise
        return ""


def find_log(model: str) -> AuditLog | None:
    """The audit log of a registered model; None when it has none yet."""
    tags = mlflow.MlflowClient().get_registered_model(model).tags
    run_id = tags.get(RUN) or next((one for one in audit_log.find(model) if not _owners(one)), "")
    if run_id and find_run(run_id) is None:
        return AuditLog("", damage=f"its run {run_id} was deleted for good", named=tags.get(HEAD, ""))
    return audit_log.load(run_id, tags.get(HEAD, "")) if run_id else None


def _owners(run_id: str) -> list[str]:
    """Registered models whose log is in a run: after a renaming, one of another name than the log was made for."""
    return [one.name for one in every(mlflow.MlflowClient().search_registered_models, f"tags.`{RUN}` = '{run_id}'")]


def find_promotion(model: str, number: int) -> str:
    """The run that made a version the champion last, as the audit log tells; empty where it does not."""
    log = find_log(model)
    for entry in reversed(log.entries if log else []):
        served = (part["version"] for part in entry["versions"] if part["after"] and CHAMPION in part["after"]["aliases"])
        if entry["what"] == "promote" and entry["run"] and str(number) in served:
            return entry["run"]
    return ""


def former(model: str) -> dict[int, Facts]:
    """What the audit log said last of every version that it knows, deleted ones among them; nothing where it is damaged."""
    log = find_log(model)
    return {number: one.facts for number, one in replay(log.entries if log else [], deleted=True).items()}


def ready_log(model: str, read: Read, confirm: Callable) -> AuditLog:
    """Under the lock: the audit log, and the registry as its last whole transition left it.

    What a process began and did not end, because it died, is undone here.

    Raises:
        InputError: the log is damaged.
    """
    log = find_log(model) or AuditLog(audit_log.create(model))
    if log.damage:
        raise InputError(
            f"the audit log of {model} (run {log.run_id or 'gone'}) is damaged: {log.damage}; nothing is changed until that is "
            f"mended: {command('repair', model)}"
        )
    if log.is_behind:
        audit_log.write(log.run_id, FILE, log.text)
    if log.begun:
        _undo(model, log.begun, read, confirm)
        confirm()
        audit_log.write(log.run_id, NEXT, log.text)
    return log


def remove_unfinished(model: str, now: State, confirm: Callable) -> bool:
    """Delete versions that a process registered and did not install, because it died; True when there were any.

    Args:
        model: name of the registered model.
        now: versions, some of which may be such.
        confirm: raises LockLostError when one could be a living process's by now.
    """
    finished = {number: facts for number, facts in now.items() if INSTALLING not in facts.tags}
    _become(model, now, finished, confirm)
    return len(finished) < len(now)


def carry_out(model: str, log: AuditLog, entries: list[dict], now: State, after: State, read: Read, confirm: Callable) -> None:
    """Make the registry say ``after`` and the log say why.

    Args:
        model: name of the registered model.
        log: as it is.
        entries: to be added to it.
        now: all versions as they are.
        after: as they shall be.
        read: gives the versions anew.
        confirm: raises LockLostError when somebody else may be writing.

    Raises:
        InputError: a write failed, and so did putting back what was done before.
        BaseException: whatever a write raised; everything is as it was.
    """
    text = log.with_entries(entries)
    confirm()
    audit_log.write(log.run_id, NEXT, text)
    try:
        _become(model, now, after, confirm)
        confirm()
        _set_head(model, log.run_id, hash_chain.head(text))
        audit_log.write(log.run_id, FILE, text)
    except LockLostError:
        raise
    except BaseException as error:
        _put_back(model, log, entries, read, confirm, error)
        raise


def _put_back(model: str, log: AuditLog, entries: list[dict], read: Read, confirm: Callable, error: BaseException) -> None:
    """The registry first, then the log; a log that cannot be written is left for the next transition, which can tell.

    After a lost lock nothing is put back: its next owner does that, and may have gone on since.
    """
    confirm()
    try:
        _set_head(model, log.run_id, log.head)
        _undo(model, entries, read, confirm)
    except (MlflowException, OSError) as second:
        raise InputError(
            f"{first_line(error)}; what was changed of {model} before that could not be put back ({first_line(second)}): the "
            f"next transition will do it, or: {command('repair', model)}"
        ) from error
    confirm()
    try:
        audit_log.write(log.run_id, FILE, log.text)
        audit_log.write(log.run_id, NEXT, log.text)
    except (MlflowException, OSError):
        return


def _undo(model: str, entries: list[dict] | tuple[dict, ...], read: Read, confirm: Callable) -> None:
    now = wanted = read()
    for entry in reversed(entries):
        wanted = undone(wanted, entry)
    _become(model, now, wanted, confirm)


def _set_head(model: str, run_id: str, head: str) -> None:
    """With this write a transition has happened."""
    client = mlflow.MlflowClient()
    tags = client.get_registered_model(model).tags
    if tags.get(RUN) != run_id:
        client.set_registered_model_tag(model, RUN, run_id)
    if head:
        client.set_registered_model_tag(model, HEAD, head)
    elif HEAD in tags:
        client.delete_registered_model_tag(model, HEAD)


def _become(model: str, now: State, wanted: State, confirm: Callable) -> None:
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
            yield lambda v=version, to=facts.stage: _move(client, model, v, to)
    yield from _alias_writes(client, model, now, wanted)
    for number in now.keys() - wanted.keys():
        yield lambda v=str(number): client.delete_model_version(model, v)


def _move(client: mlflow.MlflowClient, model: str, version: str, stage: str) -> None:
    with stages():
        client.transition_model_version_stage(model, version, stage, archive_existing_versions=False)


def _alias_writes(client: mlflow.MlflowClient, model: str, now: State, wanted: State) -> Iterator[Callable]:
    at, due = holders(now), holders(wanted)
    for alias in sorted(at.keys() - due.keys()):
        yield lambda a=alias: client.delete_registered_model_alias(model, a)
    for alias in sorted(alias for alias, number in due.items() if at.get(alias) != number):
        yield lambda a=alias, to=str(due[alias]): client.set_registered_model_alias(model, a, to)
