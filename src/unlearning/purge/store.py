"""Erase the files of a registered version from the artifact store, and list what is there before and after.

MLflow's own deletions leave files: that of a run or of a version only marks a row, and ``mlflow gc`` collects model files only
after ``delete_logged_model``, takes the model's numbers along, and needs the database. Here the files are deleted in place
through the artifact store, which works on folders and through a server, and every row stays.
"""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository
from mlflow.store.artifact.local_artifact_repo import LocalArtifactRepository
from mlflow.store.artifact.models_artifact_repo import ModelsArtifactRepository

from unlearning.digests import sha256_of
from unlearning.errors import InputError
from unlearning.purge.rules import MODEL, OTHER, File, kind_of
from unlearning.registry.lookup import find, logged_model_id
from unlearning.registry.version import Version
from unlearning.tracking import runs, temporary
from unlearning.tracking.answers import first_line, or_none, store_errors
from unlearning.tracking.artifacts import refusals
from unlearning.tracking.paging import every
from unlearning.tracking.store import when_free

REMEMBERING = (".safetensors", ".parquet", ".npy", ".npz", ".pt", ".pth", ".ckpt", ".bin")
# How MLflow's local store calls a file that is being written.
HALF_WRITTEN = ".artifact.uploading."


@dataclass(frozen=True)
class Place:
    """A folder of the artifact store, and the kind of all its files; empty where their paths tell."""

    name: str
    uri: str
    kind: str = ""

    @cached_property
    def store(self) -> ArtifactRepository:
        return get_artifact_repository(self.uri)

    @property
    def folder(self) -> Path | None:
        """Where it lies on this machine; None behind a server or in a bucket."""
        return Path(self.store.artifact_dir) if isinstance(self.store, LocalArtifactRepository) else None


def places_of(version: Version) -> list[Place]:
    """The logged model and the run of a version; the model also where its row was deleted by hand and its files were not."""
    model = Place(f"logged model {logged_model_id(version)}", _model_uri(version), MODEL)
    run = runs.find_run(version.run_id)
    return [model, Place(f"run {version.run_id}", run.info.artifact_uri)] if run else [model]


def _model_uri(version: Version) -> str:
    try:
        return mlflow.MlflowClient().get_logged_model(logged_model_id(version)).artifact_location
    except MlflowException:
        return ModelsArtifactRepository.get_underlying_uri(version.uri)


def files_of(place: Place) -> list[File]:
    """Every file of a place, unread; InputError where the store does not say."""
    try:
        return [*_walk(place, None), *_hidden(place)]
    except store_errors() as error:
        raise InputError(f"the files of {place.name} cannot be listed: {first_line(error)}") from error


def _walk(place: Place, below: str | None) -> Iterator[File]:
    for info in place.store.list_artifacts(below):
        if info.is_dir:
            yield from _walk(place, info.path)
        else:
            yield File(place.name, info.path, int(info.file_size or 0), place.kind or kind_of(info.path))


def _hidden(place: Place) -> Iterator[File]:
    """What a process that was killed while it wrote has left in a folder: no list of MLflow's has it."""
    for path in sorted(place.folder.rglob(f"{HALF_WRITTEN}*")) if place.folder else ():
        yield File(place.name, path.relative_to(place.folder).as_posix(), path.stat().st_size, place.kind or OTHER)


def read(place: Place, files: list[File]) -> list[File]:
    """The files with the sha256 of their content; a remote one is fetched for that, one at a time."""
    return [replace(file, sha256=_sha256(place, file.path)) for file in files]


def _sha256(place: Place, path: str) -> str:
    try:
        with temporary.folder() as fetched:
            return sha256_of(Path(place.store.download_artifacts(path, None if place.folder else fetched)))
    except store_errors() as error:
        raise InputError(f"{path} of {place.name} cannot be read: {first_line(error)}") from error


def erase(place: Place, files: list[File]) -> list[str]:
    """Delete files from the store, a whole model with its folder; returns why the store refused, in sentences."""
    names = [None] if place.kind else [file.path for file in files if file.goes]
    refused = []
    for name in names if files else []:
        try:
            place.store.delete_artifacts(name)
        except refusals() as error:
            refused.append(f"{name or 'the folder'} of {place.name}: {first_line(error)}")
    return refused


def mark(version: Version, state: str) -> None:
    """Let the pages of the logged model and of the run say so too."""
    client = mlflow.MlflowClient()
    run = runs.find_run(version.run_id)
    if run and run.info.lifecycle_stage == "active":
        client.set_tag(version.run_id, "state", state)
    model_id = logged_model_id(version)
    if or_none(client.get_logged_model, model_id):  # otherwise somebody deleted its row; the run tells
        client.set_logged_model_tags(model_id, {"state": state})


def others_with_its_files(version: Version) -> list[str]:
    """Other versions, of whatever model, that are made of the same files."""
    own = (version.model, version.number)
    return [f"{name}/{number}" for name, number, source, run in registered()
            if (name, number) != own and (source == version.source or (run and run == version.run_id))]  # fmt: skip


def registered() -> list[tuple[str, int, str, str]]:
    """Model, number, source and run of every version in the registry."""
    found = every(mlflow.MlflowClient().search_model_versions)
    return [(one.name, int(one.version), one.source, one.run_id or "") for one in found]


def same_bytes(files: list[File]) -> list[str]:
    """Files in the folders of this store's experiments, and in this machine's temporary folders, with the content of one that
    remembers."""
    wanted = {file.sha256: file.size for file in files if file.path.endswith(REMEMBERING)}
    experiments = every(mlflow.MlflowClient().search_experiments)
    folders = [Place(one.name, one.artifact_location).folder for one in experiments]
    found = [str(path.relative_to(folder)) for folder in folders if folder for path in _copies_in(folder, wanted)]
    return sorted([*found, *(str(path) for folder in temporary.others() for path in _copies_in(folder, wanted))])


def _copies_in(folder: Path, wanted: dict[str, int]) -> Iterator[Path]:
    for root, _, names in os.walk(folder) if wanted else ():
        for path in (Path(root) / name for name in names):
            with suppress(FileNotFoundError, PermissionError):  # gone meanwhile, or another user's
                if path.is_file() and path.stat().st_size in wanted.values() and sha256_of(path) in wanted:
                    yield path


def rows_of(version: Version) -> dict[str, dict[str, int]]:
    """How many entries MLflow's API shows of a version, its run and its logged model: a purge leaves all of them."""
    return {"of the version": when_free(lambda: _rows_of(version))}


def _rows_of(version: Version) -> dict[str, int]:
    known, run = find(version.model, str(version.number)), runs.find_run(version.run_id)
    counts = {"versions": 1, "tags of the version": len(known.tags), "aliases of the version": len(known.aliases)}
    if run:
        parts = {"metrics": run.data.metrics, "parameters": run.data.params, "tags": run.data.tags}
        counts |= {f"{name} of the run": len(values) for name, values in parts.items()}
    try:
        model = mlflow.MlflowClient().get_logged_model(logged_model_id(version))
    except MlflowException:
        return counts | {"logged models": 0}
    return counts | {"logged models": 1, "metrics of the logged model": len(model.metrics or [])}
