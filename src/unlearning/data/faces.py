"""Sets of faces, and batches cut from the memory map by tensor operations: no Python runs per image."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from mmap import mmap
from typing import NamedTuple, Protocol

import numpy as np
import pandas as pd
import torch

from unlearning.data.labels import column_of, labels_of
from unlearning.data.manifest import DataSet


class Batch(NamedTuple):
    """What a loss sees.

    Args:
        images: uint8, shape (batch, 3, side, side), channels last in memory.
        ages: what is to be predicted, float32, shape (batch,): years, or the labels of another target.
        forget: bool, shape (batch,): is the sample from the forget set?
    """

    images: torch.Tensor
    ages: torch.Tensor
    forget: torch.Tensor

    def to(self, device: torch.device) -> Batch:
        return Batch(*(sent(values, device) for values in self))


def sent(values: torch.Tensor, device: torch.device) -> torch.Tensor:
    """The values on a device, without waiting for it: a GPU copies beside its arithmetic what is pinned, and only that."""
    if values.device.type == "cpu" and device.type == "cuda":
        values = values.pin_memory()
    return values.to(device, non_blocking=True)


class EpochBatches(Protocol):
    """What a network is trained on: each iteration is one epoch, and the length is how many batches that has."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Batch]: ...


class FaceSet:
    """Rows of a manifest together with their pixels; parts of it share the one memory map."""

    def __init__(self, frame: pd.DataFrame, pixels: np.ndarray, held: torch.Tensor | None = None):
        self.frame = frame.reset_index(drop=True)
        self.pixels, self.held = pixels, held
        with warnings.catch_warnings():  # the map is read-only and torch only ever reads it
            warnings.filterwarnings("ignore", "The given NumPy array is not writable", UserWarning)
            self._map = torch.from_numpy(pixels) if held is None else held
        self._rows = torch.from_numpy(self.frame["row"].to_numpy(np.int64).copy())
        self.ages = torch.from_numpy(labels_of(self.frame).to_numpy(np.float32).copy())

    def __len__(self) -> int:
        return len(self.frame)

    def __reduce__(self) -> tuple[Callable[..., FaceSet], tuple[pd.DataFrame, object]]:
        """What another process opens: a map goes by its path, which that process reaches too."""
        if isinstance(self.pixels, np.memmap) and isinstance(self.pixels.base, mmap):  # a whole map, and no part of one
            return opened, (self.frame, str(self.pixels.filename))
        return opened, (self.frame, self.pixels)

    def where(self, mask: np.ndarray) -> FaceSet:
        """The faces whose entry in ``mask`` is true."""
        return FaceSet(self.frame[np.asarray(mask)], self.pixels, self.held)

    def labelled(self, labels: np.ndarray) -> FaceSet:
        """The same faces with other labels."""
        return FaceSet(self.frame.assign(**{column_of(self.frame): labels}), self.pixels, self.held)

    def part(self, *splits: str) -> FaceSet:
        """The faces of the named splits."""
        return self.where(self.frame.split.isin(splits).to_numpy())

    def on(self, device: torch.device) -> FaceSet:
        """The same faces, with all pixels on a GPU where they take no more than half of what is free there."""
        if device.type != "cuda" or self.held is not None or 2 * self._map.nbytes > torch.cuda.mem_get_info(device)[0]:
            return self
        return FaceSet(self.frame, self.pixels, self._map.to(device))

    def images(self, positions: torch.Tensor) -> torch.Tensor:
        """uint8 pictures where the pixels lie, shape (len(positions), side, side, 3)."""
        return self._map.index_select(0, sent(self._rows[positions], self._map.device))


def face_set(data: DataSet) -> FaceSet:
    """All prepared faces, copies included."""
    return FaceSet(data.manifest, data.pixels)


def opened(frame: pd.DataFrame, pixels: str | np.ndarray) -> FaceSet:
    """The set of these rows, of pixels or of a file of them."""
    return FaceSet(frame, np.load(pixels, mmap_mode="r") if isinstance(pixels, str) else pixels)


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
        self._joined = FaceSet(self.frame, self.sets[0].pixels, self.sets[0].held)
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
        """Flip and shift by one selection of pixels; the identity costs nothing."""
        count, side = images.shape[:2]
        reach = int(self.shift * side)
        if not self.flip and not reach:
            return images
        moves = sent(torch.randint(-reach, reach + 1, (count, 2), generator=self._random), images.device)
        line = torch.arange(side, device=images.device)
        rows = (line + moves[:, :1]).clamp(0, side - 1) + side * torch.arange(count, device=images.device)[:, None]
        columns = (line + moves[:, 1:]).clamp(0, side - 1)
        mirrored = sent(torch.rand(count, generator=self._random) < (0.5 if self.flip else 0.0), images.device)
        columns = torch.where(mirrored[:, None], side - 1 - columns, columns)
        places = rows[:, :, None] * side + columns[:, None, :]
        return images.reshape(-1, 3).index_select(0, places.reshape(-1)).reshape(images.shape)
