"""Sets of faces, and batches cut from the memory map by tensor operations: no Python runs per image."""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
import torch


class Batch(NamedTuple):
    """What a loss sees.

    Args:
        images: uint8, shape (batch, 3, side, side), channels last in memory.
        ages: float32 years, shape (batch,).
        forget: bool, shape (batch,): is the sample from the forget set?
    """

    images: torch.Tensor
    ages: torch.Tensor
    forget: torch.Tensor

    def to(self, device: torch.device) -> Batch:
        return Batch(*(t.to(device, non_blocking=True) for t in (self.images, self.ages, self.forget)))


class EpochBatches(Protocol):
    """What a network is trained on: each iteration is one epoch, and the length is how many batches that has."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Batch]: ...


class FaceSet:
    """Rows of a manifest together with their pixels; parts of it share the one memory map."""

    def __init__(self, frame: pd.DataFrame, pixels: np.ndarray):
        self.frame = frame.reset_index(drop=True)
        self.pixels = pixels
        with warnings.catch_warnings():  # the map is read-only and torch only ever reads it
            warnings.filterwarnings("ignore", "The given NumPy array is not writable", UserWarning)
            self._map = torch.from_numpy(pixels)
        self._rows = torch.from_numpy(self.frame["row"].to_numpy(np.int64).copy())
        self.ages = torch.from_numpy(self.frame["age"].to_numpy(np.float32).copy())

    def __len__(self) -> int:
        return len(self.frame)

    def where(self, mask: np.ndarray) -> FaceSet:
        """The faces whose entry in ``mask`` is true."""
        return FaceSet(self.frame[np.asarray(mask)], self.pixels)

    def part(self, *splits: str) -> FaceSet:
        """The faces of the named splits."""
        return self.where(self.frame.split.isin(splits).to_numpy())

    def images(self, positions: torch.Tensor) -> torch.Tensor:
        """uint8 pictures, shape (len(positions), side, side, 3)."""
        return self._map.index_select(0, self._rows[positions])


class Batches:
    """Shuffled epochs over one or two sets; each iteration is one epoch, in a new order.

    Every epoch shows every face once, in batches that differ by at most one face, and no batch is left with a single face
    (batch norm needs two). The second set is the forget set; flips and shifts are drawn anew each time.

    Args:
        retain: faces to keep; may be None.
        forget: faces to forget; may be None.
        size: largest batch.
        flip: mirror half of the pictures.
        shift: largest shift along each axis, as a share of the side; edges are repeated.
        seed: of the order, the flips and the shifts.
    """

    def __init__(self, retain: FaceSet | None, forget: FaceSet | None, size: int, flip: bool, shift: float, seed: int):
        self.sets = [faces for faces in (retain, forget) if faces is not None]
        self.flags = torch.cat([torch.full((len(s),), s is forget) for s in self.sets])
        self.ages = torch.cat([s.ages for s in self.sets])
        self.frame = pd.concat([s.frame for s in self.sets], ignore_index=True)
        self._joined = FaceSet(self.frame, self.sets[0].pixels)
        self.size, self.flip, self.shift = size, flip, shift
        self._random = torch.Generator().manual_seed(seed)

    def __len__(self) -> int:
        """Batches in an epoch; each holds two faces or more, if there are two."""
        return max(1, min(math.ceil(len(self.ages) / self.size), len(self.ages) // 2))

    def __iter__(self) -> Iterator[Batch]:
        order = torch.randperm(len(self.ages), generator=self._random)
        for positions in torch.tensor_split(order, len(self)):
            images = self._vary(self._joined.images(positions)).permute(0, 3, 1, 2)
            yield Batch(images, self.ages[positions], self.flags[positions])

    def _vary(self, images: torch.Tensor) -> torch.Tensor:
        """Flip and shift by one gather; the identity costs nothing."""
        count, side = images.shape[:2]
        reach = int(self.shift * side)
        if not self.flip and not reach:
            return images
        moves = torch.randint(-reach, reach + 1, (count, 2), generator=self._random)
        line = torch.arange(side)
        rows = (line + moves[:, :1]).clamp(0, side - 1)
        columns = (line + moves[:, 1:]).clamp(0, side - 1)
        mirrored = torch.rand(count, generator=self._random) < (0.5 if self.flip else 0.0)
        columns = torch.where(mirrored[:, None], side - 1 - columns, columns)
        packed = images.reshape(count, side * side, 3)
        index = (rows[:, :, None] * side + columns[:, None, :]).reshape(count, -1, 1).expand(-1, -1, 3)
        return packed.gather(1, index).reshape(images.shape)
