"""What ``mlflow models serve`` answers with: years for pictures, or what another target makes of them.

Requests come from the network: bytes, pixels and rows are capped before anything is decoded, and every refusal is
MLflow's own invalid-parameter error, because any other error is answered with a stack trace.
"""

import math
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import torch
import yaml
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE
from mlflow.pyfunc import PythonModel

from unlearning.errors import InputError
from unlearning.finding import in_words
from unlearning.models.ensemble import load_model
from unlearning.naming import MODEL_ARTIFACT, NOTED_BY_MLFLOW
from unlearning.serving.pictures import Budget, TooMuchError, decoded

COLUMN = "image"
TELL_VERSION = "tell_version"
UNKNOWN = "not a registered version"
SERVER = "__pyfunc_model_path__"  # in the environment of MLflow's scoring server, which finds its model by it
MOST_ROWS = 1_000
PATIENCE = 2.0  # seconds
ASKING = ThreadPoolExecutor(4)  # MLflow tries a registry that is away for minutes, and no request waits for that


class Refusal(MlflowException):
    """MLflow's invalid-parameter error with a message that stays one sentence.

    The scoring server puts the whole input in front of the message of an error that it answers with; a picture of a
    person must not come back in an error, nor end in a log.

    Args:
        sentence: the reason.
        too_much: would fewer pictures be answered?
    """

    def __init__(self, sentence: str, too_much: bool = False):
        self.sentence, self.too_much = sentence, too_much
        super().__init__(sentence, error_code=INVALID_PARAMETER_VALUE)

    @property
    def message(self) -> str:
        return self.sentence

    @message.setter
    def message(self, value: str) -> None:
        """What the server adds is dropped."""


class AgeModel(PythonModel):
    """A pyfunc model: a DataFrame with one column ``image`` -> years, in order; of classes a table of the likeliest and of all.

    A picture is a JPEG or PNG in bytes or base64; in Python it may also be an image of Pillow, or a file's name, as text or
    ``pathlib.Path``. MLflow's scoring server hands text on from some requests (CSV, parquet), so within it text is never
    taken for a name, and no request opens a file.
    """

    @property
    def is_served(self) -> bool:
        """Do requests come from the network? Then they have bounds, and no text names a file."""
        return SERVER in os.environ

    def budget(self) -> Budget:
        """What the pictures of one request may cost."""
        return Budget() if self.is_served else Budget(math.inf, math.inf)

    def load_context(self, context) -> None:
        folder = Path(context.artifacts[MODEL_ARTIFACT])
        self.open(folder, _version_of(folder.parent.parent))

    def open(self, folder: Path, label: str) -> None:
        """Read a saved ensemble, to answer as ``label``, which is MODEL/NUMBER."""
        self.ensemble, self.label = load_model(folder), label

    def predict(self, context, model_input: pd.DataFrame, params=None) -> np.ndarray | pd.DataFrame:
        """float64 ages in years, one a row. Thread-safe: nothing is changed.

        With the parameter ``tell_version`` it is a table with the columns ``age``, ``version``, which version answered, as
        ``age-resnet50/7``, and ``verdict``, what the registry says now of what that one was made to forget. Another number
        has its own name there. Classes are always a table: the likeliest under the target's name, and ``p_CLASS`` for each.

        Raises:
            Refusal: MLflow's INVALID_PARAMETER_VALUE, with one sentence that says why, and for which of several rows.
        """
        try:
            pictures = _column(model_input)
        except InputError as error:
            raise Refusal(str(error)) from None
        return self.answer(pictures, params)

    def answer(self, pictures: list, params=None) -> np.ndarray | pd.DataFrame:
        """The same for pictures that are in no table."""
        if not pictures or (self.is_served and len(pictures) > MOST_ROWS):
            raise Refusal(f"{len(pictures)} rows; legal are 1 to {MOST_ROWS} images a request")
        try:
            batches = decoded(pictures, self.ensemble.spec.image_size, not self.is_served, self.budget())
            answers = np.concatenate([self.ages(batch) for batch in batches])
        except InputError as error:
            raise Refusal(str(error), isinstance(error, TooMuchError)) from None
        target, told = self.ensemble.spec.target, (params or {}).get(TELL_VERSION)
        if target.numeric and not told:
            return answers
        more = {"version": self.label, "verdict": self.verdict()} if told else {}
        return pd.DataFrame(target.served(answers) | more)

    def in_words(self, picture: bytes) -> str:
        """What it says of one picture, for people; Refusal as of ``predict``."""
        target, answer = self.ensemble.spec.target, self.answer([picture])
        row = answer[0] if target.numeric else answer[list(target.columns)[1:]].to_numpy(np.float64)[0]
        return target.in_words(row)

    def verdict(self) -> str:
        """What the registry says now of what the version was made to forget.

        It is read anew each time: what was logged with the model is from before it was judged.
        """
        if self.label == UNKNOWN or not mlflow.is_tracking_uri_set():
            return "not known here: no MLFLOW_TRACKING_URI leads to a registry"
        found = ASKING.submit(mlflow.MlflowClient().get_model_version, *self.label.rsplit("/", 1))
        try:
            return in_words(found.result(timeout=PATIENCE).tags)
        except (MlflowException, TimeoutError):
            found.cancel()
            return "not known now: the registry does not answer"

    def ages(self, images: np.ndarray) -> np.ndarray:
        """Years, or answers for another target, float64, of uint8 pictures of shape (batch, side, side, 3)."""
        pixels = torch.from_numpy(images).permute(0, 3, 1, 2)
        return self.ensemble.aggregate(self.ensemble.predict(pixels).double()).numpy()


def _version_of(folder: Path) -> str:
    """``MODEL/NUMBER`` of the registered version that a folder is a copy of: MLflow notes it there when it gets one."""
    try:
        noted = yaml.safe_load((folder / NOTED_BY_MLFLOW).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return UNKNOWN
    return f"{noted['model_name']}/{noted['model_version']}"


def _column(model_input) -> list:
    if not isinstance(model_input, pd.DataFrame):
        raise InputError(f"the input must be a table with the one column {COLUMN!r}")
    if list(model_input.columns) != [COLUMN]:
        names = [str(column)[:40] for column in model_input.columns[:5]]
        raise InputError(f"the {f'columns are {names}' if names else 'column is missing'}; legal is the one column {COLUMN!r}")
    return model_input[COLUMN].tolist()
