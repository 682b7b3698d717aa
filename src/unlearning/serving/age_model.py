"""What ``mlflow models serve`` answers with: years for pictures.

Requests come from the network: bytes, pixels and rows are capped before anything is decoded, and every refusal is
MLflow's own invalid-parameter error, because any other error is answered with a stack trace.
"""

from __future__ import annotations

import base64
import binascii
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import mlflow
import numpy as np
import pandas as pd
import torch
import yaml
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.pyfunc import PythonModel
from PIL import Image

from unlearning.data.images import MAGIC, decode
from unlearning.errors import InputError
from unlearning.finding import in_words
from unlearning.models.ensemble import load_model

COLUMN = "image"
TELL_VERSION = "tell_version"
MODEL_ARTIFACT = "age_model"
NOTED_BY_MLFLOW = "registered_model_meta"
UNKNOWN = "not a registered version"
SERVER = "__pyfunc_model_path__"  # in the environment of MLflow's scoring server, which finds its model by it
MOST_BYTES = 20_000_000
MOST_ROWS = 1_000
BATCH = 64
PATIENCE = 2.0  # seconds
ONE_AT_A_TIME = Lock()
TOO_LARGE = f"more than the {MOST_BYTES // 1_000_000} megabytes allowed"


class Refusal(MlflowException):
    """MLflow's invalid-parameter error with a message that stays one sentence.

    The scoring server puts the whole input in front of the message of an error that it answers with; a picture of a
    person must not come back in an error, nor end in a log.
    """

    def __init__(self, sentence: str):
        self.sentence = sentence
        super().__init__(sentence, error_code=INVALID_PARAMETER_VALUE)

    @property
    def message(self) -> str:
        return self.sentence

    @message.setter
    def message(self, value: str) -> None:
        """What the server adds is dropped."""


class AgeModel(PythonModel):
    """A pyfunc model: a DataFrame with one column ``image`` -> years, in order.

    A picture is a JPEG or PNG in bytes or base64; in Python it may also be an image of Pillow, or a file's name, as text or
    ``pathlib.Path``. MLflow's scoring server hands text on from some requests (CSV, parquet), so within it text is never
    taken for a name, and no request opens a file.
    """

    def load_context(self, context) -> None:
        folder = Path(context.artifacts[MODEL_ARTIFACT])
        self.ensemble, self.version = load_model(folder), _version_of(folder.parent.parent)

    def predict(self, context, model_input: pd.DataFrame, params=None) -> np.ndarray | pd.DataFrame:
        """float64 ages in years, one a row. Thread-safe: nothing is changed.

        With the parameter ``tell_version`` it is a table with the columns ``age``, ``version``, which version answered, as
        ``age-resnet50/7``, and ``verdict``, what the registry says now of what that one was made to forget.

        Raises:
            Refusal: MLflow's INVALID_PARAMETER_VALUE, with one sentence that names the row and the reason.
        """
        try:
            pictures = _column(model_input)
            ages = np.concatenate([self._ages(batch) for batch in _decoded(pictures, self.ensemble.spec.image_size)])
        except InputError as error:
            raise Refusal(str(error)) from None
        if not (params or {}).get(TELL_VERSION):
            return ages
        return pd.DataFrame({"age": ages, "version": self.version, "verdict": _verdict_of(self.version)})

    def _ages(self, images: np.ndarray) -> np.ndarray:
        pixels = torch.from_numpy(images).permute(0, 3, 1, 2)
        return self.ensemble.aggregate(self.ensemble.predict(pixels).double()).numpy()


def _version_of(folder: Path) -> str:
    """``MODEL/NUMBER`` of the registered version that a folder is a copy of: MLflow notes it there when it gets one."""
    try:
        noted = yaml.safe_load((folder / NOTED_BY_MLFLOW).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return UNKNOWN
    return f"{noted['model_name']}/{noted['model_version']}"


def _verdict_of(version: str) -> str:
    """Read anew each time: what was logged with the model is from before it was judged."""
    if version == UNKNOWN or not mlflow.is_tracking_uri_set():
        return "not known here: no MLFLOW_TRACKING_URI leads to a registry"
    pool = ThreadPoolExecutor(1)  # MLflow tries a server that is away for minutes, and nobody shall wait for that
    try:
        found = pool.submit(mlflow.MlflowClient().get_model_version, *version.rsplit("/", 1))
        return in_words(found.result(timeout=PATIENCE).tags)
    except (MlflowException, TimeoutError):
        return "not known now: the registry does not answer"
    finally:
        pool.shutdown(wait=False)


def _column(model_input) -> list:
    if not isinstance(model_input, pd.DataFrame):
        raise InputError(f"the input must be a table with the one column {COLUMN!r}")
    if list(model_input.columns) != [COLUMN]:
        names = [str(column)[:40] for column in model_input.columns[:5]]
        raise InputError(f"the {f'columns are {names}' if names else 'column is missing'}; legal is the one column {COLUMN!r}")
    if not 1 <= len(model_input) <= MOST_ROWS:
        raise InputError(f"{len(model_input)} rows; legal are 1 to {MOST_ROWS} images a request")
    return model_input[COLUMN].tolist()


def _decoded(pictures: list, side: int) -> Iterator[np.ndarray]:
    """uint8 batches of shape (up to BATCH, side, side, 3)."""
    with ThreadPoolExecutor(2) as pool:
        for start in range(0, len(pictures), BATCH):
            rows = range(start, min(start + BATCH, len(pictures)))
            yield np.stack(list(pool.map(lambda row: _picture(row, pictures[row], side), rows)))


def _picture(row: int, value, side: int) -> np.ndarray:
    if isinstance(value, str) and _names_a_file(value):
        value = Path(value)
    try:
        if isinstance(value, Image.Image):
            with ONE_AT_A_TIME:  # two rows may be one image, and Pillow reads its file only now
                return decode(value, side)
        return decode(_file(value) if isinstance(value, Path) else _bytes(value), side)
    except InputError as error:
        raise InputError(f"row {row}: {error}") from None


def _names_a_file(text: str) -> bool:
    """Never within MLflow's scoring server, where any text may come from a request."""
    return SERVER not in os.environ and os.path.isfile(text)  # noqa: PTH113 - Path.is_file raises where text is long


def _file(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise InputError(f"there is no file {path.name}")
        if path.stat().st_size > MOST_BYTES:
            raise InputError(TOO_LARGE)
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"the file {path.name} cannot be read: {error.strerror}") from None


def _bytes(value) -> bytes:
    """The picture's bytes. MLflow decodes base64 itself, but not under ``inputs``: there the text comes as bytes.

    Lines and spaces in base64 are ignored, as the command ``base64`` writes them.
    """
    if isinstance(value, bytearray | memoryview):
        value = bytes(value)
    if not isinstance(value, str | bytes):
        raise InputError(f"{type(value).__name__} is neither bytes nor base64 text (in Python, also no Path or PIL image)")
    if len(value) > MOST_BYTES * 3 // 2:
        raise InputError(TOO_LARGE)
    if not isinstance(value, bytes) or not value.startswith(MAGIC):
        try:
            value = base64.b64decode(type(value)().join(value.split()), validate=True)
        except (binascii.Error, ValueError):
            hint = " (in Python, also no file's name)" if isinstance(value, str) else ""
            raise InputError(f"neither a JPEG or PNG image nor base64{hint}") from None
    if not value:
        raise InputError("the image is empty, or was no base64")
    if len(value) > MOST_BYTES:
        raise InputError(TOO_LARGE)
    return value
