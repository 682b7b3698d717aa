"""The model registry: the only module that touches it.

A version's role, state and scores are tags; who is served is the alias ``champion``; stages mirror the aliases, because
people look for them. Stages and aliases are not safe when two act at once, so every transition takes the lock.
"""

from __future__ import annotations

import math
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import mlflow
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from unlearning.commands import command
from unlearning.errors import InputError
from unlearning.naming import check_model_name, did_you_mean
from unlearning.registry import links, transitions
from unlearning.registry.deprecated import stages
from unlearning.registry.entries import BEGIN, FOUND, entry_of
from unlearning.registry.journal import AuditLog
from unlearning.registry.lock import Lock, LockLostError, registry_lock
from unlearning.registry.transitions import INSTALLING
from unlearning.registry.version import CHAMPION as CHAMPION
from unlearning.registry.version import FORGOTTEN as FORGOTTEN
from unlearning.registry.version import ORIGINAL as ORIGINAL
from unlearning.registry.version import Change as Change
from unlearning.registry.version import Facts, State, applied, as_number, logged_name
from unlearning.tracking import runs, temporary
from unlearning.tracking.paging import PAGE, every
from unlearning.tracking.store import first_line


@dataclass(frozen=True)
class Version:
    """A registered version, with the numbers of aliases and versions as every store spells them."""

    model: str
    number: int
    stage: str
    aliases: tuple[str, ...]
    tags: dict[str, str]
    run_id: str
    source: str
    description: str

    @property
    def uri(self) -> str:
        return f"models:/{self.model}/{self.number}"

    @property
    def short(self) -> str:
        """Its most telling alias, or ``version N``."""
        telling = [alias for alias in self.aliases if alias != CHAMPION and not alias.startswith(FORGOTTEN)]
        return telling[0] if telling else f"version {self.number}"

    @property
    def label(self) -> str:
        """How a sentence would call it: by its number and its most telling alias."""
        return f"version {self.number}" + (f" ({self.short})" if self.short != f"version {self.number}" else "")

    @property
    def facts(self) -> Facts:
        """What a transition can change of it."""
        return Facts(self.stage, self.aliases, self.tags, self.description)

    def tag(self, name: str, default: str = "") -> str:
        return self.tags.get(name, default)

    def number_in(self, name: str) -> float:
        """The number in a tag; not a number where there is none."""
        return as_number(self.tag(name))

    def require_number(self, name: str, default: float = math.nan) -> float:
        """The same, where nothing can be done without it; InputError says how it is put back."""
        found = self.number_in(name) if name in self.tags else default
        if math.isnan(found):
            raise InputError(
                f"{self.label} of {self.model} has the tag {name}={self.tag(name)!r}, which is no number; put it back with: "
                f"{command('repair', self.model)}"
            )
        return found


def versions(model: str) -> list[Version]:
    """All versions, oldest first; an empty list when there is no such model, InputError when there can be none."""
    check_model_name(model)
    client = mlflow.MlflowClient()
    try:
        aliases = client.get_registered_model(model).aliases
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return []
        raise
    order = ["version_number ASC"]
    found = every(client.search_model_versions, f"name = '{model}'", max_results=PAGE, order_by=order)
    held: dict[int, list[str]] = {}
    for alias, number in aliases.items():
        held.setdefault(int(number), []).append(alias)
    with stages():
        return sorted((_version(one, held.get(int(one.version), [])) for one in found), key=lambda v: v.number)


def _version(one: ModelVersion, aliases: list[str]) -> Version:
    own, stage = tuple(sorted(aliases)), one.current_stage or "None"
    return Version(one.name, int(one.version), stage, own, dict(one.tags), one.run_id, one.source, one.description or "")


def state_of(known: list[Version]) -> State:
    """What a transition can change of all versions."""
    return {version.number: version.facts for version in known}


def named_by(model: str, reference: str) -> tuple[str, str]:
    """The registered model that a reference means, and the alias or number within it: a model URI says both."""
    named = re.fullmatch(r"models:/([^/]+)[/@]([^/@]+)", reference)
    return (named[1], named[2]) if named else (model, reference)


def find(model: str, reference: str) -> Version:
    """The version that an alias, a number or an MLflow model URI means.

    Args:
        model: name of the registered model, for an alias or a number; whatever is done with the version is done to
            ``version.model``, which a URI names.
        reference: ``champion``, ``ft-20-28-e8``, ``3``, ``models:/name/3``, ``models:/name@alias``, ``models:/m-...`` or
            ``runs:/.../...``.

    Raises:
        InputError: no such model or version; lists what there is.
    """
    model, reference = named_by(model, reference)
    known = versions(model)
    if not known:
        raise missing(model)
    for version in known:
        if reference in _names(version):
            return version
    legal = [alias for version in known for alias in version.aliases]
    raise InputError(
        f"{model} has no version {reference!r}{did_you_mean(reference, legal)}; legal: "
        f"{', '.join(legal)}, or a number from {', '.join(str(v.number) for v in known)}"
    )


def missing(model: str) -> InputError:
    """The error of whoever asks for a registered model that there is not; it may have been renamed."""
    others = [one.name for one in every(mlflow.MlflowClient().search_registered_models) if transitions.RUN in one.tags]
    known = f" (there is {', '.join(others)}: -P name={others[0]})" if others else ""
    return InputError(f"there is no registered model {model!r} yet{known}; make one with: {command('train', model)}")


def _names(version: Version) -> set[str]:
    called = ("model", logged_name(version.tags)) if version.run_id and "role" in version.tags else ()
    run_model = {f"runs:/{version.run_id}/{name}" for name in called}
    return {*version.aliases, str(version.number), version.source, *run_model}


def find_or_none(model: str, alias: str) -> Version | None:
    """The version under an alias, or None."""
    return next((version for version in versions(model) if alias in version.aliases), None)


def download_model(version: Version) -> Path:
    """A version's logged files: the store's own, or a copy that goes with this process; InputError when they are lost."""
    try:
        with temporary.private():
            return Path(mlflow.artifacts.download_artifacts(artifact_uri=version.uri))
    except (MlflowException, OSError) as error:
        raise InputError(f"the files of {version.label} of {version.model} cannot be read: {first_line(error)}") from error


MODEL_DESCRIPTION = """\
Ages in years from pictures of faces, and which faces each version has forgotten.

* alias `champion`: the version to serve; `original`: remembers everything; `retrained-SET`: never saw SET, the reference.
* alias `METHOD-SET-eN`: an unlearned candidate; `forgotten-SET`: the version that was promoted as having forgotten SET.
* tags `role`, `state`, `forget_set`, `forgotten`, `method`, `epochs`, `Utility`, `Forgetting`, `F` say the rest.
"""


def logged_model_id(version: Version) -> str:
    """The id (``m-...``) of the logged model that a version was made from: its source names it."""
    return version.source.removeprefix("models:/")


def score(version: Version, values: dict[str, str]) -> None:
    """Write scores as tags of a version."""
    client = mlflow.MlflowClient()
    for name, value in values.items():
        client.set_model_version_tag(version.model, str(version.number), name, value)


def transition(model: str, decide: Callable, what: str = "promote", reason: str = "") -> list[Version]:
    """Move versions between stages and aliases, all or nothing, one transition at a time, and record it in the audit log.

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
            own = {number: facts for number, facts in state_of(versions(model)).items() if number == made}
            transitions.remove_unfinished(model, own, lock.confirm)
            raise
    _tell_page(model_id, model, made)
    return next(version for version in known if version.number == made)


def _tell_page(model_id: str, model: str, number: int) -> None:
    """The version stands by now, so a page that cannot be told is no reason to fail: ``repair`` tells it."""
    try:
        links.tell(model_id, links.told(mlflow.MlflowClient().get_logged_model(model_id)) | {(model, number)})
    except MlflowException as error:
        print(f"MLflow's page of the logged model {model_id} does not name its version: {first_line(error)}", file=sys.stderr)


@contextmanager
def _under_lock(model: str) -> Iterator[tuple[Lock, AuditLog]]:
    """The lock, and the registry and its log without anything half done."""
    with transitions.explained(model), registry_lock(model) as lock:
        log = transitions.ready_log(model, lambda: state_of(versions(model)), lock.confirm)
        yield lock, log


def _move(model: str, lock: Lock, log: AuditLog, decide: Callable, why: dict[str, str], made: int = 0) -> list[Version]:
    """Decide and carry out; ``made``: the number of a version that belongs to this transition."""
    known = versions(model)
    if transitions.remove_unfinished(model, {v.number: v.facts for v in known if v.number != made}, lock.confirm):
        known = versions(model)
    changes, aliases = decide(known)
    now = state_of(known)
    after = applied(now, changes, aliases)
    if made:
        after[made] = replace(after[made], tags={k: v for k, v in after[made].tags.items() if k != INSTALLING})
    before = {number: facts for number, facts in now.items() if number != made}
    entries = [*_noted(log, before, after, why), entry_of(before, after, why)]
    transitions.carry_out(model, log, entries, now, after, lambda: state_of(versions(model)), lock.confirm)
    return versions(model)


def _noted(log: AuditLog, before: State, after: State, why: dict[str, str]) -> list[dict]:
    """What the log has to know before the transition: all versions, if it is new, or those that other hands have made."""
    if not log.text:
        return [entry_of({}, before, why | {"what": BEGIN})] if before else []
    strange = {n: facts for n, facts in before.items() if after.get(n) != facts and not log.knows(n)}
    return [entry_of({}, strange, why | {"what": FOUND})] if strange else []


def told(model: str, what: str, reason: str) -> dict[str, str]:
    """Who does what, when, why and in which run: for an entry of the audit log."""
    time = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    run = mlflow.active_run()
    own = {"model": model, "what": what, "time": time, "user": runs.user(), "reason": reason}
    return own | {"run": run.info.run_id if run else ""}
