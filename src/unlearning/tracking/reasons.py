"""What is left on runs that failed, and on those that ``mlflow run`` has opened and no step has begun in."""

import os

import mlflow
from mlflow.entities import RunTag

from unlearning.naming import printable
from unlearning.secrets import without_secrets
from unlearning.tracking.answers import in_words
from unlearning.tracking.store import RUN_ID, STEP, is_misplaced, when_free

ENTRY = "mlflow.project.entryPoint"  # a tag of runs that mlflow run has opened
LOOK = {"kind": "look"}  # nothing was made in the run: tags.kind IS NULL finds all others


def tag_reason(run_id: str, reason: str) -> None:
    """Leave on a run why it failed; a store that cannot be written to is no reason to tell less of why it came to that."""
    try:
        failure = {"failure": printable(without_secrets(reason))[:500]}
        when_free(lambda: _write_tags(run_id, failure | _of_stub(run_id, "refused ")))
    except Exception as error:
        if not in_words(error):
            raise
        print(f"the reason could not be left on run {run_id}: {in_words(error)}")


def tag_failure(reason: str) -> None:
    """Leave the reason on the run that ``mlflow run`` has opened for this process, if it has."""
    run_id = os.environ.get(RUN_ID)
    if run_id and not is_misplaced():
        tag_reason(run_id, reason)


def tag_look() -> None:
    """Give the run that ``mlflow run`` has opened a name, where its command has logged nothing."""
    run_id = os.environ.get(RUN_ID)
    if run_id and not is_misplaced():
        _write_tags(run_id, _of_stub(run_id))


def _write_tags(run_id: str, values: dict[str, str]) -> None:
    mlflow.MlflowClient().log_batch(run_id, tags=[RunTag(name, value) for name, value in values.items()])


def _of_stub(run_id: str, how: str = "") -> dict[str, str]:
    """What a run is called that ``mlflow run`` has opened, where no step has begun in it; nothing for any other run."""
    tags = mlflow.MlflowClient().get_run(run_id).data.tags
    if ENTRY not in tags or STEP in tags:
        return {}
    return LOOK | {"mlflow.runName": how + tags[ENTRY]}
