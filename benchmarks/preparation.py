"""What preparing costs: reading against a bare Pillow loop, checking what was read, recognising known data, memory, copies.

    PYTHONPATH=src OMP_NUM_THREADS=1 python benchmarks/preparation.py --data_dir FOLDER --memory

Reading and the bare loop (open, convert to RGB, resize, array) take turns over the same files, each with a process a core;
ratios hold where machines differ, so their median and range are printed. Caches are temporary. Memory is measured with
hard links to drawn faces, each under many names: all of them are read.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from unittest.mock import patch

import click
import numpy as np
from PIL import Image

from unlearning.data.cache import CACHE_VARIABLE, _checksums, checksums
from unlearning.data.drawn import draw_folder
from unlearning.data.manifest import prepare
from unlearning.data.reading import read
from unlearning.data.settings import DataSettings
from unlearning.data.sources import list_sources

AGES = (20, 60)
KNOWN_FACES = 24_000
COPIES = 150
DRAWN_FACES = 10_000
WORKERS = len(os.sched_getaffinity(0))


def silent(items, count: int, title: str):
    return items


@contextmanager
def temporary_cache():
    """Every measurement starts with nothing known, and leaves nothing behind."""
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, {CACHE_VARIABLE: folder}):
        yield


def seconds(call: Callable, *arguments) -> float:
    start = time.perf_counter()
    call(*arguments)
    return time.perf_counter() - start


def bare(path: Path, side: int) -> None:
    """The least a reader does; the array is dropped, so that sending it between processes costs the rival nothing."""
    with Image.open(path) as image:
        np.asarray(image.convert("RGB").resize((side, side), Image.Resampling.BILINEAR))


def bare_loop(paths: list[Path], side: int) -> None:
    with ProcessPoolExecutor(WORKERS) as pool:
        for _ in pool.map(partial(bare, side=side), paths, chunksize=64):
            pass


def clocks() -> np.ndarray:
    """Seconds by the clock, and of the processor with all processes that have ended: a busy machine does not stretch these."""
    return np.array([time.perf_counter(), sum(os.times()[:4])])


def reading_seconds(data_dir: Path, side: int) -> tuple[np.ndarray, float, float]:
    """Of reading by both clocks, of the part of it before near-copies are looked for, and of the check of what was read."""
    searches = []

    def noting(items, count: int, title: str):
        if title != "reading faces":
            searches.append(time.perf_counter())
        return items

    with temporary_cache():
        start = clocks()
        place = read(data_dir, side, noting).pixels
        took = clocks() - start
        _checksums.cache_clear()  # as in the next process
        return took, searches[0] - start[0], seconds(checksums, place)


def time_reading(data_dir: Path, side: int, rounds: int) -> None:
    """Print files a second, ratios, and what the check costs; the first round warms the files up and does not count."""
    with list_sources(data_dir) as listing:
        paths = [listing.root / entry.name for entry in listing.entries()]
    taken = []
    for _ in range(rounds + 1):
        (reading, busy), unsearched, checking = reading_seconds(data_dir, side)
        start = clocks()
        bare_loop(paths, side)
        taken.append((reading, unsearched, checking, busy, *(clocks() - start)))
    reading, unsearched, checking, busy, bare_reading, bare_busy = np.array(taken[1:]).T
    rates = "  ".join(f"{len(paths) / np.median(column):>8.0f}" for column in (reading, bare_reading))
    ratios = "   ".join(map(spread, (bare_reading / reading, bare_reading / unsearched, bare_busy / busy)))
    print(f"{side:>4} px {rates}   {ratios}   {spread(100 * checking / reading)} %", flush=True)


def linked(drawn: Path, place: Path, count: int) -> Path:
    """A folder with so many names of the drawn faces, as hard links: each face once, then each again."""
    folder = place / str(count)
    folder.mkdir()
    faces = sorted(drawn.iterdir(), key=lambda face: face.name.rsplit("_", 1)[-1])
    for number in range(count):
        face = faces[number % len(faces)]
        os.link(face, folder / f"{face.name.rsplit('_', 1)[0]}_{number:017d}.jpg")
    return folder


def count_files(folder: Path) -> int:
    return sum(1 for _ in folder.iterdir())


def time_recognition(data_dir: Path, rounds: int) -> None:
    settings = DataSettings(str(data_dir))
    with temporary_cache():
        first = seconds(prepare, settings, 64, silent)
        again = [seconds(prepare, settings, 64, silent) for _ in range(rounds)]
    print(f"{count_files(data_dir)} files: first {first:.1f}, unchanged {spread(again)}")


def time_copies(data_dir: Path, rounds: int) -> None:
    """Copies are cut from the cached pixels: after a first reading they cost their own making, then nothing."""
    plain, more = (DataSettings(str(data_dir), augment_to=count) for count in (0, COPIES))
    times = []
    for _ in range(rounds + 1):
        with temporary_cache():
            times.append([seconds(prepare, settings, 64, silent) for settings in (plain, plain, more, more)])
    first, again, made, known = map(spread, zip(*times[1:], strict=True))
    print(f"{count_files(data_dir)} files: first {first}, again {again}")
    print(f"  then augment_to={COPIES}: first {made}, again {known}")


def spread(values) -> str:
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def prepare_alone(data_dir: str) -> None:
    """Run in a process of its own: read, then prepare, and print the largest memory after each, and the seconds, as JSON."""
    settings = DataSettings(data_dir)
    took = [seconds(read, Path(data_dir), 64, silent)]
    most = [resource.getrusage(who).ru_maxrss * 1024 for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    took.append(seconds(prepare, settings, 64, silent))
    print(json.dumps({"seconds": took, "bytes": [*most, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024]}))


def measure_memory(data_dir: Path) -> None:
    call = [sys.executable, __file__, "--alone", str(data_dir)]
    with temporary_cache():
        for title in ("first", "again"):
            result = json.loads(subprocess.run(call, check=True, stdout=subprocess.PIPE, text=True).stdout)
            read_, other, prepared = (f"{size / 1e6:>5.0f}" for size in result["bytes"])
            took = "   ".join(f"{one:>6.1f}" for one in result["seconds"])
            print(f"{count_files(data_dir):>8} {title:>6}   {read_}   {other}   {prepared}   {took}", flush=True)


@click.command()
@click.option("--data_dir", default="", help="Folder of UTKFace-named pictures for rates and copies; empty draws 4,000 faces.")
@click.option("--drawn", default="", help="Where drawn faces are kept for another time; empty: a temporary folder.")
@click.option("--sides", default="48,64,224", help="Edges of the stored pictures, in pixels.")
@click.option("--rounds", default=5, help="Measurements of each kind; 0 for memory alone.")
@click.option("--memory", default="", help="Also measure memory, at so many files: 10000,100000,1000000.")
@click.option("--distinct", default=DRAWN_FACES, help="Drawn faces; where more files are asked for, each has several names.")
@click.option("--alone", default="", hidden=True)
def main(data_dir: str, drawn: str, sides: str, rounds: int, memory: str, distinct: int, alone: str):
    """Print rates, seconds and memory."""
    if alone:
        prepare_alone(alone)
        return
    with tempfile.TemporaryDirectory() as temporary:
        source = Path(drawn or temporary) / f"drawn-{distinct}"
        source.parent.mkdir(parents=True, exist_ok=True)
        took = seconds(draw_folder, source, distinct, 0, AGES)
        print(f"{distinct} faces drawn in {took:.0f} s (0: they were kept)\n", flush=True)
        with tempfile.TemporaryDirectory(dir=source.parent) as folder:
            links = partial(linked, source, Path(folder))
            if rounds:
                measure_rates(Path(data_dir) if data_dir else None, links, sides, rounds)
            print("\nMB, at the most: reading, one of its processes, preparing; seconds: reading, preparing what was read")
            for count in map(int, filter(None, memory.split(","))):
                measure_memory(links(count))


def measure_rates(data_dir: Path | None, links: Callable[[int], Path], sides: str, rounds: int) -> None:
    faces = data_dir or links(4_000)
    print(f"files a second with {WORKERS} processes, and ratio to the bare loop: median (range)")
    print("side     reading  bare loop  ratio               before the search   of the processor    check / reading")
    for side in map(int, sides.split(",")):
        time_reading(faces, side, rounds)
    print("\nseconds to prepare at 64 px: median (range)")
    time_recognition(links(KNOWN_FACES), rounds)
    time_copies(faces, rounds)


if __name__ == "__main__":
    main()
