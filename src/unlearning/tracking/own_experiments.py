"""Experiments that this project keeps for itself: requests, the journal, and who serves what.

``mlflow run`` works in the project's folder, which may be a clone that is deleted afterwards, and MLflow puts the artifacts of
a new experiment into ``mlruns`` below the working directory. Evidence belongs to the caller's other artifacts instead.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import mlflow
from mlflow.entities import ViewType
from mlflow.exceptions import MlflowException

from unlearning.errors import InputError
from unlearning.tracking.paging import every


def own_experiment(name: str, holds: str) -> str:
    """The id of an experiment, made where it is missing, which holds ``holds``; InputError where somebody has deleted it."""
    client = mlflow.MlflowClient()
    try:
        return client.create_experiment(name, _beside_the_first(client, name))
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    return find_own(name, holds) or own_experiment(name, holds)


def find_own(name: str, holds: str) -> str:
    """The same, empty where it was not made yet."""
    experiment = mlflow.MlflowClient().get_experiment_by_name(name)
    if experiment and experiment.lifecycle_stage != "active":
        raise InputError(
            f"the experiment {name!r}, which holds {holds}, was deleted; bring it back with: "
            f"mlflow experiments restore --experiment-id {experiment.experiment_id}"
        )
    return experiment.experiment_id if experiment else ""


@contextmanager
def deleted_in_words() -> Iterator[None]:
    """What MLflow answers to a run in an experiment that somebody deleted, as a sentence with the command that helps."""
    try:
        yield
    except MlflowException as error:
        said = re.search(r"The experiment (\d+) must be in the 'active' state|No Experiment with id=(\d+)", str(error))
        if not said:
            raise
        deleted, gone = said.groups()
        what = f"the experiment {deleted or gone}, where this run would go,"
        back = f"bring it back with: mlflow experiments restore --experiment-id {deleted}; or " if deleted else ""
        raise InputError(f"{what} was deleted; {back}take another one: MLFLOW_EXPERIMENT_NAME=NAME") from error


def _beside_the_first(client: mlflow.MlflowClient, name: str) -> str | None:
    """A folder beside that of the experiment that every database begins with; None where a server or a bucket decides."""
    if mlflow.get_tracking_uri().startswith("http"):
        return None
    known = every(client.search_experiments, view_type=ViewType.ALL)
    first = min(known, key=lambda one: int(one.experiment_id))  # Default, unless somebody has deleted it for good
    path = first.artifact_location.removeprefix("file://")
    return str(Path(path).parent / name.replace(" ", "-")) if path.startswith("/") else None
