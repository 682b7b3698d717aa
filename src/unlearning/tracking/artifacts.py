"""Artifacts that do not stay: folders of a run that are listed, fetched file by file, and erased from the store."""

from contextlib import suppress
from pathlib import Path

import mlflow
from mlflow.entities import Run
from mlflow.store.artifact.artifact_repo import ArtifactRepository
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

from unlearning.errors import InputError
from unlearning.tracking.answers import first_line, store_errors


def refusals() -> tuple[type[Exception], ...]:
    """How a store refuses to delete; some of MLflow's cannot, and say so as code that is not written yet."""
    return (*store_errors(), NotImplementedError)


def store_of(run: Run) -> ArtifactRepository:
    """Where a run's artifacts are; asked by ``runs:/`` MLflow would search for logged models as well, and copy every file."""
    return get_artifact_repository(run.info.artifact_uri)


def log_folder(folder: Path, name: str) -> None:
    """Everything in a folder as artifacts of the active run, under ``name``."""
    mlflow.log_artifacts(str(folder), name)


def listed(run_id: str, name: str) -> list[str]:
    """The paths of all files under an artifact folder of a run, none without one; InputError where the store does not say."""
    try:
        found = store_of(mlflow.MlflowClient().get_run(run_id)).list_artifacts(name)
    except store_errors() as error:
        raise InputError(f"the artifacts {name} of run {run_id} cannot be listed: {first_line(error)}") from error
    return [path for info in found for path in (listed(run_id, info.path) if info.is_dir else [info.path])]


def erase(run_id: str, names: list[str]) -> list[str]:
    """Delete files of a run from its artifact store, and return those that the store did not delete."""
    store = store_of(mlflow.MlflowClient().get_run(run_id))
    for name in names:
        # What the store says counts less than what it holds afterwards.
        with suppress(*refusals()):
            store.delete_artifacts(name)
    folders = {str(Path(name).parent) for name in names}
    left = {path for folder in folders for path in listed(run_id, folder)}
    return [name for name in names if name in left]
