"""Experiments that this project keeps for itself: requests and the audit log.

``mlflow run`` works in the project's folder, which may be a clone that is deleted afterwards, and MLflow puts the artifacts of
a new experiment into ``mlruns`` below the working directory. Evidence belongs to the caller's other artifacts instead.
"""

from __future__ import annotations

from pathlib import Path

import mlflow
from mlflow.exceptions import MlflowException

from unlearning.errors import InputError

FIRST = "0"


def own_experiment(name: str, holds: str) -> str:
    """The id of an experiment, which is made when it is missing.

    Args:
        name: of the experiment.
        holds: what is in it, for people.

    Raises:
        InputError: somebody has deleted it.
    """
    client = mlflow.MlflowClient()
    try:
        return client.create_experiment(name, _beside_the_first(client, name))
    except MlflowException as error:
        if error.error_code != "RESOURCE_ALREADY_EXISTS":
            raise
    experiment = client.get_experiment_by_name(name)
    if experiment.lifecycle_stage != "active":
        raise InputError(
            f"the experiment {name!r}, which holds {holds}, was deleted; bring it back with: "
            f"mlflow experiments restore --experiment-id {experiment.experiment_id}"
        )
    return experiment.experiment_id


def _beside_the_first(client: mlflow.MlflowClient, name: str) -> str | None:
    """A folder beside that of the experiment that every database begins with; None where a server or a bucket decides."""
    if mlflow.get_tracking_uri().startswith("http"):
        return None
    path = client.get_experiment(FIRST).artifact_location.removeprefix("file://")
    return str(Path(path).parent / name.replace(" ", "-")) if path.startswith("/") else None
