"""What MLflow's API still shows of a version: counted before and after a purge, which erases files and leaves every row."""

import mlflow
from mlflow.exceptions import MlflowException

from unlearning.registry.lookup import find, logged_model_id
from unlearning.registry.version import Version
from unlearning.tracking.runs import find_run
from unlearning.tracking.store import when_free

OWN = "of the version"


def rows_of(version: Version) -> dict[str, dict[str, int]]:
    """How many entries there are of a version, its run and its logged model."""
    return {OWN: when_free(lambda: _rows_of(version))}


def _rows_of(version: Version) -> dict[str, int]:
    known, run = find(version.model, str(version.number)), find_run(version.run_id)
    counts = {"versions": 1, "tags of the version": len(known.tags), "aliases of the version": len(known.aliases)}
    if run:
        parts = {"metrics": run.data.metrics, "parameters": run.data.params, "tags": run.data.tags}
        counts |= {f"{name} of the run": len(values) for name, values in parts.items()}
    try:
        model = mlflow.MlflowClient().get_logged_model(logged_model_id(version))
    except MlflowException:
        return counts | {"logged models": 0}
    return counts | {"logged models": 1, "metrics of the logged model": len(model.metrics or [])}
