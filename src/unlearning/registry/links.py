"""What MLflow's page of a logged model says of the versions that were made of it: ``Not registered`` without this tag.

``mlflow.register_model`` writes it too; registering by the client, which alone can add tags in the same call, does not.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

import mlflow
from mlflow.entities import LoggedModel
from mlflow.utils.mlflow_tags import MLFLOW_MODEL_VERSIONS

Held = set[tuple[str, int]]


def told(model: LoggedModel) -> Held:
    """Names and numbers of the versions that the page of a logged model names; none where the tag cannot be read."""
    try:
        return {(one["name"], int(one["version"])) for one in json.loads(model.tags.get(MLFLOW_MODEL_VERSIONS, "[]"))}
    except (ValueError, TypeError, KeyError):
        return set()


def tell(model_id: str, versions: Iterable[tuple[str, int]]) -> None:
    """Let the page of a logged model name these versions."""
    content = json.dumps([{"name": name, "version": str(number)} for name, number in sorted(versions)])
    mlflow.MlflowClient().set_logged_model_tags(model_id, {MLFLOW_MODEL_VERSIONS: content})
