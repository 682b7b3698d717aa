"""One version under evaluation, with all that stands beside it: what every number is computed from."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from unlearning.data.forget import ForgetSet
from unlearning.data.labels import labels_of
from unlearning.data.splitting import SPLITS
from unlearning.evaluation.table import align
from unlearning.targets import AGE, Target

IN_WORDS = {
    "train": "training faces, forgotten ones included",
    "validation": "validation faces, forgotten ones included",
    "test": "test faces",
    "forget": "forget set",
    "retain": "retain set",
    "test_in_range": "test faces that the forget rule describes",
}


@dataclass(frozen=True)
class Case:
    """Prediction tables of a version and of what stands beside it, who was to be forgotten, and what it cost.

    What is missing takes away only the numbers that need it.
    """

    version: pd.DataFrame  # prediction table of the version
    retrained: pd.DataFrame | None = None  # prediction table of the model that never saw the forget set
    forget: ForgetSet | None = None  # who was to be forgotten
    forgotten: tuple[ForgetSet, ...] = ()  # sets forgotten before; their faces are not retained
    alpha: float = AGE.alpha  # scale of Forgetting, in the target's unit
    seconds: float = math.nan  # time it took to make the version
    retrained_seconds: float = math.nan  # time it took to make the reference
    samples: float = math.nan  # faces shown to the optimiser to make the version, repeated ones counted each time
    retrained_samples: float = math.nan  # the same of the reference
    peak_memory_mb: float = math.nan  # most memory that making the version took, in MB (10^6 bytes)
    original: pd.DataFrame | None = None  # prediction table of the model that remembers everything
    second: pd.DataFrame | None = None  # prediction table of a second retrained model, of another seed
    about: pd.DataFrame | None = None  # columns id, and what is known of copy_of and near, as the manifest has them
    parent: pd.DataFrame | None = None  # prediction table of the model that the version was made from
    parent_forgot: tuple[ForgetSet, ...] = ()  # sets that the model it was made from had forgotten
    target: Target = AGE  # what the models predict

    def mask(self, part: str) -> np.ndarray:
        """The rows of ``version`` that belong to one of ``IN_WORDS``."""
        return self._masks[part]

    def errors(self, part: str) -> np.ndarray:
        """Signed errors of the version on a part, in the target's unit."""
        errors: np.ndarray = self._errors(self.version)[self.mask(part)]
        return errors

    def reference_errors(self, part: str) -> np.ndarray:
        """Signed errors of the retrained reference on the same faces, in the same order; none without one."""
        return np.empty(0) if self.retrained is None else self._retrained_errors[self.mask(part)]

    def earlier(self) -> tuple[np.ndarray, ...]:
        """For each set that its parent had forgotten: the rows of ``version`` that it names; none without a parent."""
        ids = self.version.id.to_numpy(object)
        return tuple(_among(ids, one.ids) for one in self.parent_forgot if self.parent is not None)

    @cached_property
    def faces_differ(self) -> bool:
        """Does every row of ``version`` have an id of its own?"""
        return self.version.id.is_unique

    @cached_property
    def _retrained_errors(self) -> np.ndarray:
        assert self.retrained is not None
        return self._errors(align(self.retrained, self.version, self.faces_differ))

    def _errors(self, table: pd.DataFrame) -> np.ndarray:
        errors: np.ndarray = table.predicted.to_numpy(np.float64) - self.target.truth(labels_of(table).to_numpy())
        return errors

    @cached_property
    def _masks(self) -> dict[str, np.ndarray]:
        """One bool a row for every part; nobody is forgotten or retained without a forget set."""
        splits = {name: (self.version.split == name).to_numpy() for name in SPLITS}
        if self.forget is None:
            return splits | {part: np.zeros(len(self.version), dtype=bool) for part in IN_WORDS if part not in SPLITS}
        ids = self.version.id.to_numpy(object)
        forget, tested = _among(ids, self.forget.ids), _among(ids, self.forget.test_ids)
        kept = (splits["train"] | splits["validation"]) & ~forget
        for earlier in self.forgotten:
            kept = kept & ~_among(ids, earlier.ids)
        return splits | {"forget": forget, "retain": kept, "test_in_range": tested}


def _among(ids: np.ndarray, some: tuple[str, ...]) -> np.ndarray:
    """Is each id one of some? At a million ids ten times as fast as ``Series.isin``, which reads the tuple one by one."""
    return np.fromiter(map(set(some).__contains__, ids), bool, len(ids))
