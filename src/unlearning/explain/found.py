"""What was found of several versions, as a page and a file hold it: maps, shares, distances and how faithful they are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd

from unlearning.explain.attributions import GRID
from unlearning.explain.faithful import Curves, rank_correlation
from unlearning.explain.groups import FORGOTTEN, TEST
from unlearning.explain.maps import Maps
from unlearning.explain.regions import masks, shares
from unlearning.targets import AGE, Target


@dataclass(frozen=True)
class Look:
    """One version."""

    role: str  # original, retrained or unlearned
    maps: Mapping[str, Maps]  # by method, mean maps of the members by group
    curves: Curves  # deletion and insertion of the first member, on test faces
    randomised: float  # rank correlation of the first member's map with that of random weights, on test faces
    # share of the attributions in the injected patch, test face by test face; empty where none was injected
    planted: np.ndarray

    def mean(self, group: str, method: str = "gradients") -> np.ndarray:
        """The mean map of all members."""
        whole: np.ndarray = self.maps[method][group].mean(axis=0)
        return whole

    @property
    def agreement(self) -> float:
        """Rank correlation of both methods' maps on the forgotten faces."""
        return rank_correlation(self.mean(FORGOTTEN), self.mean(FORGOTTEN, "occlusion"))


@dataclass(frozen=True)
class Found:
    """Several versions on the same faces."""

    looks: Mapping[str, Look]  # by what the version is called
    # which of them never saw the forgotten faces, the reference first; its further seeds give the floor
    retrained: tuple[str, ...]
    groups: Mapping[str, int]  # how many faces each is a mean over
    boxes: str  # which regions: a name of ``BOXES``
    target: Target = AGE  # what the versions predict

    def members(self, group: str) -> np.ndarray:
        """Maps of all retrained members."""
        return np.concatenate([self.looks[label].maps["gradients"][group] for label in self.retrained])

    def others(self) -> dict[str, Look]:
        """The versions that are compared with retrained ones."""
        return {label: look for label, look in self.looks.items() if label not in self.retrained}

    def seeds_alike(self) -> float:
        """Mean rank correlation of two retrained members' maps on test faces; not a number with fewer than two."""
        pairs = [rank_correlation(one, other) for one, other in combinations(self.members(TEST), 2)]
        return float(np.mean(pairs)) if pairs else math.nan

    def believed(self, label: str) -> bool:
        """Is a version's map better than a random one, and less like that of random weights than seeds are like each other?

        Never with one retrained seed, which cannot tell the second.
        """
        look = self.looks[label]
        return look.curves.hold and look.randomised < self.seeds_alike()

    def shares(self) -> pd.DataFrame:
        """Columns version, method, group, region, share."""
        rows = [
            {"version": label, "method": method, "group": group, "region": region, "share": share}
            for label, look in self.looks.items()
            for method in look.maps
            for group in self.groups
            for region, share in shares(look.mean(group, method), self.boxes).items()
        ]
        return pd.DataFrame(rows)

    def cells(self) -> pd.DataFrame:
        """Mean maps cell by cell: columns version, method, group, row, column, region, share."""
        row, column = np.indices((GRID, GRID)).reshape(2, -1)
        names = np.empty((GRID, GRID), dtype=object)
        for region, mask in masks(self.boxes).items():
            names[mask] = region
        place = {"row": row, "column": column, "region": names.ravel()}
        tables = [
            pd.DataFrame(
                {"version": label, "method": method, "group": group, **place, "share": look.mean(group, method).ravel()}
            )
            for label, look in self.looks.items()
            for method in look.maps
            for group in self.groups
        ]
        return pd.concat(tables, ignore_index=True)

    def checks(self) -> dict[str, dict[str, Any]]:
        """By version, what speaks for its map: gains over a random map with their errors, and rank correlations."""
        return {
            label: {
                **dict(zip(("deletion_gain", "insertion_gain"), look.curves.gains, strict=True)),
                **dict(zip(("deletion_error", "insertion_error"), look.curves.errors, strict=True)),
                "better_than_random": look.curves.hold,
                "believed": self.believed(label),
                "correlation_with_random_weights": look.randomised,
                "correlation_with_occlusion": look.agreement,
            }
            for label, look in self.looks.items()
        }
