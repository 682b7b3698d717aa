"""Rows of a file, read when they are asked for: they do not lie in memory, and are not mapped, which would count as memory."""

import os
from pathlib import Path

import numpy as np


class Rows:
    """An array in a file without a heading, of which slices and lists of rows are taken as from an array in memory.

    Args:
        path: the file.
        dtype: of the numbers.
        shape: of one row.
    """

    def __init__(self, path: Path, dtype: type, shape: tuple[int, ...]):
        self.path, self.dtype, self.shape = path, np.dtype(dtype), shape
        self.size = self.dtype.itemsize * int(np.prod(shape))

    def __len__(self) -> int:
        return self.path.stat().st_size // self.size

    def __getitem__(self, which: slice | np.ndarray) -> np.ndarray:
        file = os.open(self.path, os.O_RDONLY)
        try:
            if isinstance(which, slice):
                start, stop, _ = which.indices(os.fstat(file).st_size // self.size)
                data = os.pread(file, max(0, stop - start) * self.size, start * self.size)
            else:
                data = b"".join([os.pread(file, self.size, row * self.size) for row in which.tolist()])
        finally:
            os.close(file)
        return np.frombuffer(data, self.dtype).reshape(-1, *self.shape)
