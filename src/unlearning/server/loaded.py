"""A registered version in a server's memory: opened only as it was registered, and forgotten whole."""

import shutil
from datetime import UTC, datetime

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


class Loaded(AgeModel):
    """A version that answers, for as long as somebody asks it; pictures of several requests are predicted together.

    No text names a file, and no code that was logged with a version is run: its weights are, by this process's own code.

    Raises:
        InputError: its files cannot be read.
        DamagedError: they are not those that were registered.
    """

    is_served = True

    def __init__(self, version: Version, limits: Limits, numbers: Numbers):
        self.version, self.since = version, datetime.now(UTC)  # as the registry had it at the last look
        self._limits, self._numbers = limits, numbers
        folder = model_folder(version)
        try:
            self.open(folder, f"{version.model}/{version.number}")
        finally:
            if temporary.own_folder() in folder.parents:  # fetched from a server: no copy lies about while it is served
                shutil.rmtree(folder)
        meta = Model(signature=SIGNATURE, flavors={FLAVOR_NAME: {MAIN: __name__}})
        self.model, self.schema = PyFuncModel(meta, self, "of_table"), SIGNATURE.inputs
        self._batches = Batches(super().ages, limits.batch, limits.wait_ms / 1000)
        side = self.ensemble.spec.image_size
        try:
            for count in (1, limits.batch):  # the first passes of a network take longer
                self.ages(np.zeros((count, side, side, 3), np.uint8))
        except Exception:
            self.forget()  # its thread would keep the weights for good
            raise

    def budget(self) -> Budget:
        return Budget(self._limits.megapixels * 1_000_000, self._limits.seconds)

    def verdict(self) -> str:
        return in_words(self.version.tags)

    def ages(self, images: np.ndarray) -> np.ndarray:
        with self._numbers.timed("predict"):
            return self._batches(images)

    def of_table(self, data, params: dict | None = None):
        """What MLflow asks of a model, behind its signature."""
        return self.predict(None, data, params)

    def forget(self) -> None:
        """Answer what waits, and overwrite the weights: memory that is only given back can still be read.

        Nobody may ask it any more.
        """
        self._batches.stop()
        with torch.no_grad():
            for member in self.ensemble.members:
                for tensor in (*member.parameters(), *member.buffers()):
                    tensor.zero_()
        del self.ensemble
        give_back()
