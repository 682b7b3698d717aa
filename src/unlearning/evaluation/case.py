"""One version under evaluation, with its reference: what every metric is computed from."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from unlearning.data.forget import ForgetSet
from unlearning.evaluation.study import ALPHA
from unlearning.evaluation.table import align

SPLITS = ("train", "validation", "test")
PARTS = (*SPLITS, "forget", "retain", "test_in_range")
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
    """Prediction tables of a version and of the retrained reference, and who was to be forgotten.

    Without a forget set or a reference only what needs neither can be measured.

    Args:
        evaluated: prediction table of the version.
        retrained: prediction table of the model that never saw the forget set.
        forget: who was to be forgotten.
        forgotten: sets forgotten before; their faces are not retained.
        alpha: scale of Forgetting, in years.
        seconds: time it took to make the version.
        retrained_seconds: time it took to make the reference.
        samples: faces shown to the optimiser to make the version, repeated ones counted each time.
        retrained_samples: the same of the reference.
        peak_memory_mb: most memory that making the version took, in MB (10^6 bytes).
        original: prediction table of the model that remembers everything; only what the audit measures needs it.
        second: prediction table of a second retrained model, of another seed; likewise.
        about: columns id, and what is known of gender, race, copy_of, near, as the manifest has them; likewise.
        parent: prediction table of the model that the version was made from.
        parent_forgot: sets that the model it was made from had forgotten.
    """

    evaluated: pd.DataFrame
    retrained: pd.DataFrame | None = None
    forget: ForgetSet | None = None
    forgotten: tuple[ForgetSet, ...] = ()
    alpha: float = ALPHA
    seconds: float = math.nan
    retrained_seconds: float = math.nan
    samples: float = math.nan
    retrained_samples: float = math.nan
    peak_memory_mb: float = math.nan
    original: pd.DataFrame | None = None
    second: pd.DataFrame | None = None
    about: pd.DataFrame | None = None
    parent: pd.DataFrame | None = None
    parent_forgot: tuple[ForgetSet, ...] = ()

    def mask(self, part: str) -> np.ndarray:
        """The rows of ``evaluated`` that belong to one of ``PARTS``."""
        return self._masks[part]

    def errors(self, part: str) -> np.ndarray:
        """Signed errors of the version on a part, in years."""
        return _errors(self.evaluated)[self.mask(part)]

    def reference_errors(self, part: str) -> np.ndarray:
        """Signed errors of the retrained reference on the same faces, in the same order, in years; none without one."""
        return np.empty(0) if self.retrained is None else self._retrained_errors[self.mask(part)]

    def earlier_errors(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """For each set that its parent had forgotten: signed errors of parent and version on the same faces, in years."""
        if self.parent is None:
            return []
        before, now = _errors(align(self.parent, self.evaluated)), _errors(self.evaluated)
        ids = self.evaluated.id.to_numpy(object)
        masks = [_among(ids, earlier.ids) for earlier in self.parent_forgot]
        return [(before[mask], now[mask]) for mask in masks if mask.any()]

    @cached_property
    def faces_differ(self) -> bool:
        """Does every row of ``evaluated`` have an id of its own?"""
        return self.evaluated.id.is_unique

    @cached_property
    def _retrained_errors(self) -> np.ndarray:
        return _errors(align(self.retrained, self.evaluated, self.faces_differ))

    @cached_property
    def _masks(self) -> dict[str, np.ndarray]:
        """One bool a row for every part; nobody is forgotten or retained without a forget set."""
        splits = {name: (self.evaluated.split == name).to_numpy() for name in SPLITS}
        if self.forget is None:
            return splits | {part: np.zeros(len(self.evaluated), dtype=bool) for part in PARTS if part not in SPLITS}
        ids = self.evaluated.id.to_numpy(object)
        forget, tested = _among(ids, self.forget.ids), _among(ids, self.forget.test_ids)
        kept = (splits["train"] | splits["validation"]) & ~forget
        for earlier in self.forgotten:
            kept = kept & ~_among(ids, earlier.ids)
        return splits | {"forget": forget, "retain": kept, "test_in_range": tested}


def _among(ids: np.ndarray, some: tuple[str, ...]) -> np.ndarray:
    """Is each id one of some? At a million ids ten times as fast as ``Series.isin``, which reads the tuple one by one."""
    return np.fromiter(map(set(some).__contains__, ids), bool, len(ids))


def _errors(table: pd.DataFrame) -> np.ndarray:
    return (table.predicted - table.age).to_numpy(np.float64)
