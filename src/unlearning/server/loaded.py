"""A registered version in a server's memory: opened only as it was registered, and forgotten whole."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from mlflow.models import Model
from mlflow.pyfunc import FLAVOR_NAME, MAIN, PyFuncModel

from unlearning.finding import in_words
from unlearning.registry.logged_models import SIGNATURE
from unlearning.registry.version import Version
from unlearning.server.batches import Batches
from unlearning.server.limits import Limits
from unlearning.server.memory import give_back
from unlearning.server.numbers import Numbers
from unlearning.serving.age_model import AgeModel
from unlearning.serving.pictures import Budget
from unlearning.tracking import temporary
from unlearning.versions.files import model_folder


class Answering(AgeModel):
    """The served model of this process: pictures of several requests are predicted together, and no text names a file."""

    is_served = True

    def __init__(self, folder: Path, version: Version, limits: Limits, numbers: Numbers):
        self.open(folder, f"{version.model}/{version.number}")
        self.known, self._limits, self._numbers = version, limits, numbers
        self._batches = Batches(super().ages, limits.batch, limits.wait_ms / 1000)

    def budget(self) -> Budget:
        return Budget(self._limits.megapixels * 1_000_000, self._limits.seconds)

    def verdict(self) -> str:
        return in_words(self.known.tags)

    def ages(self, images: np.ndarray) -> np.ndarray:
        with self._numbers.timed("predict"):
            return self._batches(images)

    def forget(self) -> None:
        """Answer what waits, and overwrite the weights: memory that is only given back can still be read."""
        self._batches.stop()
        with torch.no_grad():
            for member in self.ensemble.members:
                for tensor in (*member.parameters(), *member.buffers()):
                    tensor.zero_()
        del self.ensemble


class Loaded:
    """A version that answers, for as long as somebody asks it.

    No code that was logged with a version is run: its weights are, by this process's own code.

    Raises:
        InputError: its files cannot be read.
        DamagedError: they are not those that were registered.
    """

    def __init__(self, version: Version, limits: Limits, numbers: Numbers):
        folder = model_folder(version)
        try:
            self._answering = Answering(folder, version, limits, numbers)
        finally:
            if temporary.own_folder() in folder.parents:  # fetched from a server: no copy lies about while it is served
                shutil.rmtree(folder)
        self.label, self.since = self._answering.version, datetime.now(UTC)
        meta = Model(signature=SIGNATURE, flavors={FLAVOR_NAME: {MAIN: __name__}})
        self.model, self.schema = PyFuncModel(meta, self), SIGNATURE.inputs
        side = self._answering.ensemble.spec.image_size
        try:
            for count in (1, limits.batch):  # the first passes of a network take longer
                self._answering.ages(np.zeros((count, side, side, 3), np.uint8))
        except Exception:
            self.forget()  # its thread would keep the weights for good
            raise

    @property
    def version(self) -> Version:
        """As the registry had it at the last look."""
        return self._answering.known

    @version.setter
    def version(self, now: Version) -> None:
        self._answering.known = now

    def answer(self, pictures: list[Any], params: dict[str, Any] | None = None):
        """Years of pictures that are in no table."""
        return self._answering.answer(pictures, params)

    def in_words(self, picture: bytes) -> str:
        """What it says of one picture, for people."""
        return self._answering.in_words(picture)

    def predict(self, data, params: dict | None = None):
        """What MLflow asks of a model, behind its signature."""
        return self._answering.predict(None, data, params)

    def forget(self) -> None:
        """Nothing is left of the weights; nobody may ask it any more."""
        self._answering.forget()
        give_back()
