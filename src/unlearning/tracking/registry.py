"""The model registry: the only module that touches it.

A version's role, state and scores are tags; who is served is the alias ``champion``; stages mirror the aliases, because
people look for them. Stages and aliases are not safe when two act at once, so every transition takes the lock.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import mlflow
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from unlearning.errors import InputError
from unlearning.naming import did_you_mean
from unlearning.tracking.lock import registry_lock
from unlearning.tracking.store import first_line

CHAMPION, ORIGINAL, FORGOTTEN = "champion", "original", "forgotten"
STAGES_RETIRED = "(?s).*(stages|latest_versions|transition_model_version_stage).*deprecated.*"


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

    def tag(self, name: str, default: str = "") -> str:
        return self.tags.get(name, default)


@dataclass(frozen=True)
class Change:
    """What becomes of one version in a transition: its stage, and tags to write over it."""

    number: int
    stage: str
    tags: dict[str, str] = field(default_factory=dict)


@contextmanager
def _stages() -> Iterator[None]:
    """Stages are deprecated and still what people look at; this one warning is known."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", STAGES_RETIRED, FutureWarning)
        yield


def versions(model: str) -> list[Version]:
    """All versions, oldest first; an empty list when there is no such model."""
    client = mlflow.MlflowClient()
    try:
        aliases = client.get_registered_model(model).aliases
    except MlflowException as error:
        if error.error_code == "RESOURCE_DOES_NOT_EXIST":
            return []
        raise
    found, token = [], None
    while token is None or token:
        page = client.search_model_versions(f"name = '{model}'", max_results=1000, page_token=token)
        found, token = found + list(page), page.token or ""
    return sorted((_version(one, aliases) for one in found), key=lambda v: v.number)


def _version(one: ModelVersion, aliases: dict) -> Version:
    number = int(one.version)
    own = tuple(sorted(alias for alias, held in aliases.items() if int(held) == number))
    with _stages():
        stage = one.current_stage or "None"
    return Version(one.name, number, stage, own, dict(one.tags), one.run_id, one.source, one.description or "")


def find(model: str, reference: str) -> Version:
    """The version that an alias, a number or an MLflow model URI means.

    Args:
        model: name of the registered model, for an alias or a number.
        reference: ``champion``, ``ft-20-28-e8``, ``3``, ``models:/name/3``, ``models:/name@alias``, ``models:/m-...`` or
            ``runs:/.../...``.

    Raises:
        InputError: no such model or version; lists what there is.
    """
    named = re.fullmatch(r"models:/([^/@]+)(?:/|@)([^/@]+)", reference)
    if named:
        model, reference = named.groups()
    known = versions(model)
    if not known:
        raise InputError(f"there is no registered model {model!r} yet; make one with: mlflow run . -e train")
    for version in known:
        if reference in _names(version):
            return version
    legal = [alias for version in known for alias in version.aliases]
    raise InputError(
        f"{model} has no version {reference!r}{did_you_mean(reference, legal)}; legal: "
        f"{', '.join(legal)}, or a number from {', '.join(str(v.number) for v in known)}"
    )


def _names(version: Version) -> set[str]:
    run_model = {f"runs:/{version.run_id}/model"} if version.run_id else set()
    return {*version.aliases, str(version.number), version.source, *run_model}


def find_or_none(model: str, alias: str) -> Version | None:
    """The version under an alias, or None."""
    return next((version for version in versions(model) if alias in version.aliases), None)


def download_model(version: Version) -> Path:
    """A local copy of a version's logged files; InputError when the store has lost them."""
    try:
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


def transition(model: str, decide) -> list[Version]:
    """Move versions between stages and aliases, all or nothing, one transition at a time.

    Args:
        model: name of the registered model.
        decide: called under the lock with the versions as they are; returns the changes, and the aliases to set as a
            dictionary from alias to version number.

    Returns:
        The versions as they are afterwards. When a write fails, what was written is put back and the error goes on.
    """
    with registry_lock(model):
        before = versions(model)
        changes, aliases = decide(before)
        try:
            for change in changes:
                _write(model, change)
            for alias, number in aliases.items():
                mlflow.MlflowClient().set_registered_model_alias(model, alias, str(number))
        except BaseException:
            _restore(model, before, changes, aliases)
            raise
        return versions(model)


def add(model: str, model_id: str, run_id: str, tags: dict[str, str], description: str, move) -> Version:
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
    source = f"models:/{model_id}"
    made = client.create_model_version(model, source, run_id=run_id, tags=tags, description=description, model_id=model_id)
    try:
        known = transition(model, lambda versions: move(versions, int(made.version)))
    except BaseException:
        client.delete_model_version(model, made.version)
        raise
    return next(version for version in known if version.number == int(made.version))


def _write(model: str, change: Change) -> None:
    client = mlflow.MlflowClient()
    for name, value in change.tags.items():
        client.set_model_version_tag(model, str(change.number), name, value)
    with _stages():
        client.transition_model_version_stage(model, str(change.number), change.stage, archive_existing_versions=False)


def _restore(model: str, before: list[Version], changes: list[Change], aliases: dict[str, int]) -> None:
    client = mlflow.MlflowClient()
    old = {version.number: version for version in before}
    for change in changes:
        was = old[change.number]
        _write(model, Change(was.number, was.stage, {k: was.tags[k] for k in change.tags if k in was.tags}))
        for name in change.tags.keys() - was.tags.keys():
            client.delete_model_version_tag(model, str(was.number), name)
    holders = {alias: version.number for version in before for alias in version.aliases}
    for alias in aliases:
        if alias in holders:
            client.set_registered_model_alias(model, alias, str(holders[alias]))
        else:
            client.delete_registered_model_alias(model, alias)
