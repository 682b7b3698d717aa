"""The model registry: the only module that touches it.

A version's role, state and scores are tags; who is served is the alias ``champion``; stages mirror the aliases, because
people look for them. Stages and aliases are not safe when two act at once, so every transition takes the lock.
"""

import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

import mlflow
from mlflow.entities.model_registry import ModelVersion

from unlearning.commands import command, spelt
from unlearning.errors import InputError
from unlearning.naming import check_model_name, did_you_mean
from unlearning.registry.journal import RUN
from unlearning.registry.record import unpacked
from unlearning.registry.version import ALIASES, GONE, State, Version, logged_name
from unlearning.tracking import addresses, temporary
from unlearning.tracking.answers import first_line, or_none, store_errors
from unlearning.tracking.paging import every

DIGITS = 9  # of a version's number, which every store can hold
STAGES_RETIRED = "(?s).*(stages|latest_versions|transition_model_version_stage).*deprecated.*"
_seen: ContextVar[dict[str, list[Version]] | None] = ContextVar("_seen", default=None)


@contextmanager
def one_look() -> Iterator[None]:
    """Within it each registered model is read once, so that whatever is decided there is decided on one state of it.

    For what only reads: a transition reads anew, under its lock.
    """
    outer = _seen.get()
    token = _seen.set({} if outer is None else outer)
    try:
        yield
    finally:
        _seen.reset(token)


def all_versions(model: str) -> list[Version]:
    """All versions, oldest first, within ``one_look`` as they were when first asked for.

    An empty list when there is no such model, InputError when there can be none.
    """
    seen = _seen.get()
    if seen is None:
        return read_versions(model)
    if model not in seen:
        seen[model] = read_versions(model)
    return list(seen[model])


def read_versions(model: str) -> list[Version]:
    """All versions as the store has them now, oldest first."""
    check_model_name(model)
    client = mlflow.MlflowClient()
    registered = or_none(client.get_registered_model, model)
    if registered is None:
        return []
    addresses.note_model(model)
    found = every(client.search_model_versions, f"name = '{model}'", order_by=["version_number ASC"])
    held: dict[int, list[str]] = {}
    for alias, number in registered.aliases.items():
        held.setdefault(int(number), []).append(alias)
    with stages():
        return sorted((_version(one, held.get(int(one.version), [])) for one in found), key=lambda v: v.number)


def _version(one: ModelVersion, aliases: list[str]) -> Version:
    return Version(
        model=one.name,
        number=int(one.version),
        stage=one.current_stage or "None",
        aliases=tuple(sorted(aliases)),
        tags=unpacked(dict(one.tags)),
        run_id=one.run_id or "",
        source=one.source or "",
        description=one.description or "",
    )


def state_of(known: list[Version]) -> State:
    """What a transition can change of all versions."""
    return {version.number: version.facts for version in known}


def named_by(model: str, reference: str) -> tuple[str, str]:
    """The registered model that a reference means, and the alias or number within it: a model URI says both."""
    named = re.fullmatch(r"models:/([^/]+)[/@]([^/@]+)", reference)
    return (named[1], named[2]) if named else (model, reference)


def find(model: str, reference: str, purged: bool = False) -> Version:
    """The version that an alias, a number or an MLflow model URI means; InputError, which lists what there is, for none.

    Args:
        model: for an alias or a number; a URI names its own, so whatever is done is done to ``version.model``.
        reference: ``champion``, ``ft-20-28-e8``, ``3``, ``models:/name/3``, ``models:/name@alias``, ``models:/m-...`` or
            ``runs:/.../...``.
        purged: also by an alias that a purge has taken away.
    """
    model, reference = named_by(model, reference)
    known = all_versions(model)
    if not known:
        raise missing(model)
    for version in known:
        if reference in _names(version):
            return version
    for version in reversed(known if purged and reference else []):
        if reference in version.tag(ALIASES).split(","):
            return version
    legal = [alias for version in known for alias in version.aliases]
    raise InputError(
        f"{model} has no version {reference!r}{did_you_mean(reference, legal)}; legal: "
        f"{', '.join(legal)}, or a number from {', '.join(str(v.number) for v in known)}"
    )


def missing(model: str) -> InputError:
    """The error of whoever asks for a registered model that there is not; it may have been renamed."""
    others = [one.name for one in every(mlflow.MlflowClient().search_registered_models) if RUN in one.tags]
    known = f" (there is {', '.join(others)}: {spelt(name=others[0])})" if others else ""
    return InputError(f"there is no registered model {model!r} yet{known}; make one with: {command('train', model)}")


def _names(version: Version) -> set[str]:
    called = ("model", logged_name(version.tags)) if version.run_id and "role" in version.tags else ()
    run_model = {f"runs:/{version.run_id}/{name}" for name in called}
    return {*version.aliases, str(version.number), version.source, *run_model}


def find_or_none(model: str, alias: str) -> Version | None:
    """The version under an alias, or None."""
    return next((version for version in all_versions(model) if alias in version.aliases), None)


def named(model: str, reference: str) -> Version | None:
    """The version under an alias or number, or None, by one question however many versions there are.

    Its aliases are not asked for.
    """
    if reference.isdecimal() and len(reference) > DIGITS:
        return None
    client = mlflow.MlflowClient()
    ask = client.get_model_version if reference.isdecimal() else client.get_model_version_by_alias
    with stages():
        found = or_none(ask, model, reference, gone=("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"))
        return _version(found, []) if found else None


def download_model(version: Version, part: str = "") -> Path:
    """A version's logged files: the store's own, or a copy that goes with this process; InputError when they are lost.

    ``part``: a folder or file of them, which alone is fetched: the code that is logged beside the weights is many files.
    """
    try:
        with temporary.private():
            return Path(mlflow.artifacts.download_artifacts(artifact_uri=f"{version.uri}/{part}".rstrip("/")))
    except store_errors() as error:
        raise InputError(f"the files of {version.label} of {version.model} cannot be read: {first_line(error)}") from error


def logged_model_id(version: Version) -> str:
    """The id (``m-...``) of the logged model that a version was made from: its source names it."""
    return version.source.removeprefix("models:/")


@contextmanager
def stages() -> Iterator[None]:
    """Stages are deprecated and still what people look at; this one warning is known."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", STAGES_RETIRED, FutureWarning)
        yield


def find_version(name: str, reference: str) -> Version:
    """A version of ours by alias, number or model URI; InputError when there is none, it is not ours, or it was purged."""
    version = find_known(name, reference)
    if version.tag("state") in GONE:
        raise InputError(
            f"{version.label} of {version.model} was purged: its model and its predictions are gone, and its numbers stay; "
            f"choose another one from: {command('status', version.model)}"
        )
    return version


def find_known(name: str, reference: str, purged: bool = False) -> Version:
    """The same, also one that was purged: its entry, its run and its evidence are there; ``purged`` as in ``find``."""
    version = find(name, reference, purged)
    if not {"role", "data_run", "data_digest"} <= version.tags.keys():
        raise InputError(
            f"{version.label} of {version.model} was not made by this project (its tags role, data_run and data_digest "
            f"are missing); choose another one from: {command('status', version.model)}"
        )
    return version
