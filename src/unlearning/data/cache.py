"""The local cache: pixels and accounts of files, never in the project and never on the tracking server."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import numpy as np
import pandas as pd

CACHE_VARIABLE = "UNLEARNING_CACHE"


def cache_folder() -> Path:
    """Where pixels are kept: ``UNLEARNING_CACHE``, or the user's cache."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.environ.get(CACHE_VARIABLE) or Path(base) / "unlearning")


def open_map(path: Path, count: int, side: int) -> np.ndarray | None:
    """A map of ``count`` pictures, opened read-only; None when there is no such map, or not all of it."""
    try:
        pixels = np.load(path, mmap_mode="r")
    except (OSError, ValueError, EOFError):
        return None
    return pixels if pixels.shape == (count, side, side, 3) else None


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a whole parquet file; pyarrow itself opens no path that is not UTF-8."""
    write_whole(path, lambda part: part.write_bytes(table.to_parquet()))


def read_table(path: Path, **more) -> pd.DataFrame:
    """Read a parquet file, whatever its path is made of."""
    with path.open("rb") as file:
        return pd.read_parquet(file, **more)


def write_whole(path: Path, write: Callable[[Path], None]) -> None:
    """Let ``write`` fill a file that then takes its name in one step: under ``path`` there is a whole file, or none."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{uuid4().hex}.part")
    try:
        write(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
