"""Logged models: a trained folder as an MLflow model that can be served as it is, and what its page says of versions."""

import base64
import io
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
from mlflow.entities import LoggedModel, LoggedModelStatus
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types import ColSpec, ParamSchema, ParamSpec, Schema, TensorSpec
from mlflow.utils.mlflow_tags import MLFLOW_MODEL_VERSIONS

from unlearning.data.drawn import draw_face
from unlearning.registry.served_code import SERVED, copy_served
from unlearning.registry.version import TARGET, logged_name
from unlearning.targets import AGE, Target, from_text
from unlearning.tracking import temporary
from unlearning.tracking.answers import first_line
from unlearning.tracking.paging import every
from unlearning.tracking.runs import version_of

NEEDED = ("mlflow", "torch", "torchvision", "timm", "safetensors", "pillow", "numpy", "pandas")


def signature_of(target: Target) -> ModelSignature:
    """What goes in and comes out: for one number a list without names, for classes a table."""
    named: list[ColSpec | TensorSpec] = [ColSpec(kind, name) for name, kind in target.columns.items()]
    return ModelSignature(
        # Required, MLflow itself would refuse a request without it, and repeat the whole picture in its error.
        inputs=Schema([ColSpec("binary", "image", required=False)]),
        outputs=Schema([ColSpec("double")]) if target.numeric else Schema(named),
        params=ParamSchema([ParamSpec("tell_version", "boolean", False)]),  # its answer is a table: age, version
    )


SIGNATURE = signature_of(AGE)


def log_model(folder: Path, metadata: dict[str, str]) -> str:
    """Log a saved ensemble, a folder called ``age_model``, into the active run and return the logged model's id (``m-...``).

    ``metadata``: the version's tags, by which it is named, and what it can say of itself when it is loaded.
    """
    with _without_bytecode(), temporary.folder() as place:
        info = mlflow.pyfunc.log_model(
            name=logged_name(metadata),
            python_model=str(SERVED),
            artifacts={folder.name: str(folder)},
            code_paths=[str(copy_served(Path(place)))],
            signature=signature_of(from_text(metadata.get(TARGET, ""))),
            input_example=_example(),
            pip_requirements=[f"{name}=={version_of(name).split('+')[0]}" for name in NEEDED],
            metadata=metadata,
        )
    _keep_bytecode_out(info.model_id)
    return str(info.model_id)


def logged_in(run_id: str) -> str:
    """The id of the model that a run has logged whole, when it was killed before there was a version; else empty.

    One that it has logged in part is deleted.
    """
    client, found = mlflow.MlflowClient(), ""
    experiment = client.get_run(run_id).info.experiment_id
    for model in every(client.search_logged_models, [experiment], filter_string=f"source_run_id = '{run_id}'"):
        if model.status == LoggedModelStatus.READY:
            found = model.model_id
        else:
            client.delete_logged_model(model.model_id)
    return found


@contextmanager
def _without_bytecode() -> Iterator[None]:
    before, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        sys.dont_write_bytecode = before


def _keep_bytecode_out(model_id: str) -> None:
    """Put a file where Python would make the folder for the compiled ``served.py``.

    A local store hands out the version's own files, and the certificate names every one of them. Python compiles the file that
    MLflow runs before it can say that it wants no such thing; where the folder cannot be made, Python does without.
    """
    with temporary.folder() as place:
        taken = Path(place) / "__pycache__"
        taken.write_text(
            "This file keeps Python from writing compiled code into the files of a registered version.\n", encoding="utf-8"
        )
        mlflow.MlflowClient().log_model_artifact(model_id, str(taken))


def _example() -> pd.DataFrame:
    """One drawn face, as a client would send it."""
    out = io.BytesIO()
    draw_face(30, 0, 0, np.random.default_rng(0)).save(out, "JPEG")
    return pd.DataFrame({"image": [base64.b64encode(out.getvalue()).decode()]})


def named_versions(model: LoggedModel) -> set[tuple[str, int]]:
    """Names and numbers of the versions that the page of a logged model names; none where the tag cannot be read."""
    try:
        return {(one["name"], int(one["version"])) for one in json.loads(model.tags.get(MLFLOW_MODEL_VERSIONS, "[]"))}
    except (ValueError, TypeError, KeyError):
        return set()


def name_versions(model_id: str, versions: Iterable[tuple[str, int]]) -> None:
    """Let the page of a logged model name these versions; it says ``Not registered`` without.

    ``mlflow.register_model`` writes it too; registering by the client, which alone can add tags in the same call, does not.
    """
    content = json.dumps([{"name": name, "version": str(number)} for name, number in sorted(versions)])
    mlflow.MlflowClient().set_logged_model_tags(model_id, {MLFLOW_MODEL_VERSIONS: content})


def name_one_more(model_id: str, model: str, number: int) -> None:
    """The version stands by now, so a page that cannot be told is no reason to fail: ``repair`` tells it."""
    try:
        name_versions(model_id, named_versions(mlflow.MlflowClient().get_logged_model(model_id)) | {(model, number)})
    except MlflowException as error:
        print(f"MLflow's page of the logged model {model_id} does not name its version: {first_line(error)}", file=sys.stderr)
