"""Processor seconds of the search for near-copies among more and more different pictures, and how it grows.

    PYTHONPATH=src OMP_NUM_THREADS=1 python benchmarks/search_growth.py --pictures 5000,10000,20000

Pictures are made up: smooth, all different, as large as those that are compared. No file is read.
"""

from __future__ import annotations

import tempfile
from math import log2
from pathlib import Path
from time import process_time

import click
import numpy as np
from scipy.ndimage import gaussian_filter

from unlearning.data.copies import copy_pairs
from unlearning.data.near import near_pairs
from unlearning.data.views import SIDE
from unlearning.markdown import table
from unlearning.progress import untold


def made_up(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Hashes, uint8 of shape (count, 32), and small pictures, uint8 of shape (count, SIDE, SIDE)."""
    random = np.random.default_rng(0)
    small = np.empty((count, SIDE, SIDE), np.uint8)
    for at in range(0, count, 1000):
        smooth = gaussian_filter(random.standard_normal((1000, SIDE, SIDE)), (0, 4, 4))[: count - at]
        small[at : at + 1000] = np.clip(128 + 300 * smooth, 0, 255)
    return random.integers(0, 256, (count, 32), np.uint8), small


def seconds(act) -> float:
    begun = process_time()
    act()
    return process_time() - begun


@click.command()
@click.option("--pictures", default="5000,10000,20000", help="How many, joined by commas; each twice the one before.")
def main(pictures: str):
    """Print a row for each number, and last the power of the number that the seconds grow with."""
    rows = []
    for count in map(int, pictures.split(",")):
        hashes, small = made_up(count)
        with tempfile.TemporaryDirectory() as folder:
            hashed = seconds(lambda: near_pairs(hashes, untold))  # noqa: B023
            viewed = seconds(lambda: copy_pairs(small, np.arange(count), Path(folder), untold))  # noqa: B023
        rows.append((count, hashed, viewed))
    shown = [(str(count), *(f"{value:.1f}" for value in values)) for count, *values in rows]
    power = [f"{log2(after / before):.2f}" for before, after in zip(*(row[1:] for row in rows[-2:]), strict=True)]
    print(table(("pictures", "by hashes, s", "mirrored and cropped, s"), [*shown, ("power", *power)]))


if __name__ == "__main__":
    main()
