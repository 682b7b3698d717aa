"""Carrying a transition out: all of it, or what was done is put back, by this process or by the next one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime

import mlflow
from mlflow.exceptions import MlflowException

from unlearning.commands import command
from unlearning.errors import InputError
from unlearning.registry import hash_chain, journal, links
from unlearning.registry.entries import BEGIN, FOUND, entry_of, replay, undone
from unlearning.registry.journal import EXPERIMENT, FILE, HEAD, NEXT, RUN, Journal
from unlearning.registry.lock import Lock, LockLostError, registry_lock
from unlearning.registry.lookup import all_versions, state_of
from unlearning.registry.version import CHAMPION, MODEL_DESCRIPTION, Facts, State, Version, applied
from unlearning.registry.writes import become
from unlearning.tracking import runs
from unlearning.tracking.answers import refused_in_words
from unlearning.tracking.paging import every
from unlearning.tracking.runs import find_run
from unlearning.tracking.store import first_line

INSTALLING = "installing"
# An alias that no version has: taking it away changes nothing and takes the same right as taking away any other.
NO_ALIAS = "no-version-has-this-alias"
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


def find_journal(model: str) -> Journal | None:
    """The journal of a registered model; None when it has none yet."""
    tags = mlflow.MlflowClient().get_registered_model(model).tags
    run_id = tags.get(RUN) or next((one for one in journal.find(model) if not _owners(one)), "")
    if run_id and find_run(run_id) is None:
        return Journal("", damage=f"its run {run_id} was deleted for good", named=tags.get(HEAD, ""))
    return journal.load(run_id, tags.get(HEAD, "")) if run_id else None


def _owners(run_id: str) -> list[str]:
    """Registered models whose log is in a run: after a renaming, one of another name than the log was made for."""
    return [one.name for one in every(mlflow.MlflowClient().search_registered_models, f"tags.`{RUN}` = '{run_id}'")]


def find_promotion(model: str, number: int) -> str:
    """The run that made a version the champion last, as the journal tells; empty where it does not."""
    log = find_journal(model)
    for entry in reversed(log.entries if log else []):
        served = (part["version"] for part in entry["versions"] if part["after"] and CHAMPION in part["after"]["aliases"])
        if entry["what"] == "promote" and entry["run"] and str(number) in served:
            return entry["run"]
    return ""


def former(model: str) -> dict[int, Facts]:
    """What the journal said last of every version that it knows, deleted ones among them; nothing where it is damaged."""
    log = find_journal(model)
    return {number: one.facts for number, one in replay(log.entries if log else [], deleted=True).items()}


def ready_journal(model: str, read: Read, confirm: Callable) -> Journal:
    """Under the lock: the journal, and the registry as its last whole transition left it.

    What a process began and did not end, because it died, is undone here.

    Raises:
        InputError: the log is damaged.
    """
    log = find_journal(model) or Journal(journal.create(model))
    if log.damage:
        raise InputError(
            f"the journal of {model} (run {log.run_id or 'gone'}) is damaged: {log.damage}; nothing is changed until that is "
            f"mended: {command('repair', model)}"
        )
    if log.is_behind:
        journal.write(log.run_id, FILE, log.text)
    if log.begun:
        _undo(model, log.begun, read, confirm)
        confirm()
        journal.write(log.run_id, NEXT, log.text)
    return log


def remove_unfinished(model: str, now: State, confirm: Callable) -> bool:
    """Delete versions that a process registered and did not install, because it died; True when there were any.

    Args:
        model: name of the registered model.
        now: versions, some of which may be such.
        confirm: raises LockLostError when one could be a living process's by now.
    """
    finished = {number: facts for number, facts in now.items() if INSTALLING not in facts.tags}
    become(model, now, finished, confirm)
    return len(finished) < len(now)


def carry_out(model: str, log: Journal, entries: list[dict], now: State, after: State, read: Read, confirm: Callable) -> None:
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
    journal.write(log.run_id, NEXT, text)
    try:
        become(model, now, after, confirm)
        confirm()
        _set_head(model, log.run_id, hash_chain.head(text))
        journal.write(log.run_id, FILE, text)
    except LockLostError:
        raise
    except BaseException as error:
        _put_back(model, log, entries, read, confirm, error)
        raise


def _put_back(model: str, log: Journal, entries: list[dict], read: Read, confirm: Callable, error: BaseException) -> None:
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
        journal.write(log.run_id, FILE, log.text)
        journal.write(log.run_id, NEXT, log.text)
    except (MlflowException, OSError):
        return


def _undo(model: str, entries: list[dict] | tuple[dict, ...], read: Read, confirm: Callable) -> None:
    now = wanted = read()
    for entry in reversed(entries):
        wanted = undone(wanted, entry)
    become(model, now, wanted, confirm)


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


def transition(model: str, decide: Callable, what: str = "promote", reason: str = "") -> list[Version]:
    """Move versions between stages and aliases, all or nothing, one transition at a time, and record it in the journal.

    Args:
        model: name of the registered model.
        decide: called under the lock with the versions as they are; returns the changes, and the aliases to set as a
            dictionary from alias to version number (None takes the alias away).
        what: promote, rollback, install, repair, purge, ...: for the log.
        reason: why, in the words of whoever did it.

    Returns:
        The versions as they are afterwards. When a write fails, also to the log, what was written is put back and the error
        goes on.
    """
    with _under_lock(model) as (lock, log):
        return _move(model, lock, log, decide, told(model, what, reason))


def add(model: str, model_id: str, run_id: str, tags: dict[str, str], description: str, move: Callable) -> Version:
    """Register a logged model as a new version and move it to its stage and aliases; without the move there is no version.

    Args:
        model: name of the registered model, made if it is the first version.
        model_id: the logged model (``m-...``).
        run_id: the run that made it.
        tags: of the version.
        description: of the version, for people.
        move: (versions, number of the new one) -> changes and aliases, as ``transition`` wants them.
    """
    client = mlflow.MlflowClient()
    try:
        client.create_registered_model(model, description=MODEL_DESCRIPTION)
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    own = {"run_id": run_id, "tags": tags | {INSTALLING: run_id}, "description": description, "model_id": model_id}
    with _under_lock(model) as (lock, log):
        lock.confirm()
        made = int(client.create_model_version(model, f"models:/{model_id}", **own).version)
        try:
            known = _move(model, lock, log, lambda versions: move(versions, made), told(model, "install", ""), made)
        except LockLostError:
            raise  # whoever holds the lock now removes what was made here
        except Exception:
            own = {number: facts for number, facts in state_of(all_versions(model)).items() if number == made}
            remove_unfinished(model, own, lock.confirm)
            raise
    _tell_page(model_id, model, made)
    return next(version for version in known if version.number == made)


def _tell_page(model_id: str, model: str, number: int) -> None:
    """The version stands by now, so a page that cannot be told is no reason to fail: ``repair`` tells it."""
    try:
        links.tell(model_id, links.told(mlflow.MlflowClient().get_logged_model(model_id)) | {(model, number)})
    except MlflowException as error:
        print(f"MLflow's page of the logged model {model_id} does not name its version: {first_line(error)}", file=sys.stderr)


def require_rights(model: str) -> None:
    """Ask a server for the right MANAGE before anything is written.

    EDIT lets a transition begin, but not take tags, aliases and versions away: neither to come to its end, nor to be put back.
    """
    mlflow.MlflowClient().delete_registered_model_alias(model, NO_ALIAS)


@contextmanager
def _under_lock(model: str) -> Iterator[tuple[Lock, Journal]]:
    """The lock, the right to change everything, and the registry and its log without anything half done."""
    with explained(model), registry_lock(model) as lock:
        require_rights(model)
        log = ready_journal(model, lambda: state_of(all_versions(model)), lock.confirm)
        yield lock, log


def _move(model: str, lock: Lock, log: Journal, decide: Callable, why: dict[str, str], made: int = 0) -> list[Version]:
    """Decide and carry out; ``made``: the number of a version that belongs to this transition."""
    known = all_versions(model)
    if remove_unfinished(model, {v.number: v.facts for v in known if v.number != made}, lock.confirm):
        known = all_versions(model)
    changes, aliases = decide(known)
    now = state_of(known)
    after = applied(now, changes, aliases)
    if made:
        after[made] = replace(after[made], tags={k: v for k, v in after[made].tags.items() if k != INSTALLING})
    before = {number: facts for number, facts in now.items() if number != made}
    entries = [*_noted(log, before, after, why), entry_of(before, after, why)]
    carry_out(model, log, entries, now, after, lambda: state_of(all_versions(model)), lock.confirm)
    return all_versions(model)


def _noted(log: Journal, before: State, after: State, why: dict[str, str]) -> list[dict]:
    """What the log has to know before the transition: all versions, if it is new, or those that other hands have made."""
    if not log.text:
        return [entry_of({}, before, why | {"what": BEGIN})] if before else []
    strange = {n: facts for n, facts in before.items() if after.get(n) != facts and not log.knows(n)}
    return [entry_of({}, strange, why | {"what": FOUND})] if strange else []


def told(model: str, what: str, reason: str) -> dict[str, str]:
    """Who does what, when, why and in which run: for an entry of the journal."""
    time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    run = mlflow.active_run()
    own = {"model": model, "what": what, "time": time, "user": runs.user(), "reason": reason}
    return own | {"run": run.info.run_id if run else ""}
