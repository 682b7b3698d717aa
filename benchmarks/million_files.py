"""Memory and seconds that the account of a million files takes: listed, joined, checked, cleaned, split, named by its digest.

    PYTHONPATH=src OMP_NUM_THREADS=1 python benchmarks/million_files.py --files 10000,100000,1000000

Everything is as ``prepare`` does it, but for the pictures: neither are there files, nor is a picture decoded or compared. Names
and what would be told of pictures are made up, all pictures different. Each number of files has a process of its own.
``benchmarks/preparation.py`` reads true pictures.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

import click
import numpy as np
import pandas as pd

from unlearning.data import near, reading, sources
from unlearning.data.cache import CACHE_VARIABLE, write_table
from unlearning.data.labels import parse
from unlearning.data.manifest import prepare
from unlearning.data.measures import MEASURES
from unlearning.data.settings import DataSettings
from unlearning.data.views import SIDE as SMALL_SIDE
from unlearning.progress import untold

SIDE = 4  # of the pictures in the map, in pixels: they are empty


def names(count: int) -> Iterator[sources.Entry]:
    """A folder's entries, in no order."""
    return (sources.Entry(f"{n % 41 + 20}_0_0_{n * 7919 % count:017d}.jpg", "10000 1 1", True) for n in range(count))


def made_up(root: Path, pixels: Path, side: int, window: reading.Window) -> None:
    """The account of some files, of which each shows another picture."""
    random, count = np.random.default_rng(window.start), len(window.entries)
    account = pd.DataFrame([{"file": entry.name, **vars(parse(entry.name))} for entry in window.entries])
    hashes = [[random.bytes(16).hex() for _ in range(count)] for _ in range(2)]
    values = dict.fromkeys(reading.SEARCHED, b"\0" * 32) | {"small": b"\0" * SMALL_SIDE**2, "reason": ""}
    values |= {name: random.uniform(60, 200, count).round(3) for name in MEASURES} | {"saturated": 0.0}
    account = account.assign(id=hashes[0], picture=hashes[1], row=range(window.start, window.start + count), **values)
    account["checksum"] = int(zlib.crc32(bytes(SIDE * SIDE * 3)))
    write_table(window.account, account[[*reading.KEPT, *reading.SEARCHED]])


def measure(count: int) -> None:
    """Run in a process of its own: prints seconds and the largest memory so far, after reading and after preparing."""
    strangers = lambda hashes, *others: np.arange(len(hashes), dtype=np.int32)  # noqa: E731 (stands for the search)
    report = []
    with (
        tempfile.TemporaryDirectory() as folder,
        patch.dict(os.environ, {CACHE_VARIABLE: folder}),
        patch.object(sources, "walk", lambda *_: names(count)),
        patch.object(reading, "_read_window", made_up),
        patch.object(near, "near_groups", strangers),
    ):
        place = Path(folder) / "faces"
        place.mkdir()
        for act in (
            lambda: reading.read(place, SIDE, untold),
            lambda: prepare(DataSettings(str(place)), SIDE, untold).digest,
        ):
            start = time.perf_counter()
            act()
            report.append((time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3))
    print(json.dumps(report))


@click.command()
@click.option("--files", default="10000,100000,1000000", help="How many files, joined by commas.")
@click.option("--alone", default=0, hidden=True)
def main(files: str, alone: int):
    """Print seconds and memory."""
    if alone:
        measure(alone)
        return
    print("    files   reading: s     MB   preparing again: s     MB")
    for count in map(int, files.split(",")):
        call = [sys.executable, __file__, "--alone", str(count)]
        told = json.loads(subprocess.run(call, check=True, stdout=subprocess.PIPE, text=True).stdout)
        print(f"{count:>9}   " + "   ".join(f"{took:>10.1f} {most:>6.0f}" for took, most in told), flush=True)


if __name__ == "__main__":
    main()
