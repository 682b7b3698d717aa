"""Seconds that a manifest of a million rows takes: split, named by a digest, written, loaded, forgotten from, batches.

    PYTHONPATH=src OMP_NUM_THREADS=1 python benchmarks/million_rows.py

The rows are made up: ids as they come from pictures, ages of 20 to 60, near-copies, people; there are no pictures, and none is
needed. Memory is that of the whole process so far, at its largest.
"""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np
import pandas as pd

from unlearning.data.augmentation import IDENTITY
from unlearning.data.faces import FaceSet
from unlearning.data.forget import forget_mask, resolve, retain_mask
from unlearning.data.manifest import COLUMNS, DataSet
from unlearning.data.measures import MEASURES
from unlearning.data.rules import Known
from unlearning.data.splitting import split, split_by_hash
from unlearning.versions.data import TEXTS

BATCH, BATCHES = 64, 100
LISTED = 500


def timed(title: str, call: Callable, *arguments):
    """What the call gives; prints its seconds by the clock, and of the processor, which a busy machine does not stretch."""
    start, busy = time.perf_counter(), time.process_time()
    made = call(*arguments)
    took, own = time.perf_counter() - start, time.process_time() - busy
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3
    print(f"{title:<44} {took:>6.2f} s   ({own:>5.2f} s of the processor)   {most:>5.0f} MB", flush=True)
    return made


def made_up(count: int) -> pd.DataFrame:
    """Faces in the order of ids: every tenth is a near-copy of another, every third shows a known person."""
    random = np.random.default_rng(0)
    text = random.bytes(16 * count).hex()
    ids = np.sort(np.array([text[32 * n : 32 * n + 32] for n in range(count)], dtype=object))
    near = np.where(np.arange(count) % 10 == 9, np.roll(ids, 1), ids)
    people = random.integers(0, count // 10, count)
    labels = {name: random.integers(0, most, count) for name, most in (("gender", 2), ("race", 5))}
    measures = {name: random.uniform(20, 200, count).round(3) for name in MEASURES}
    names = [f"{n % 41 + 20}_0_0_{n:017d}.jpg" for n in range(count)]
    subjects = [f"person-{who}" if n % 3 == 0 else "" for n, who in enumerate(people)]
    faces = {
        "id": ids,
        "file": names,
        "age": 20 + np.arange(count) % 41,
        "subject": subjects,
        "near": near,
        "row": np.arange(count),
    }
    return pd.DataFrame(faces | labels | measures).assign(copy_of="", **IDENTITY)


def forget(faces: pd.DataFrame, folder: Path) -> None:
    """Read rules of every kind, and tell forget and retain set apart."""
    learned = faces.id[faces.split != "test"]
    listed = folder / "people.csv"
    listed.write_text("\n".join(["id", *learned.iloc[:: len(learned) // LISTED]]), encoding="utf-8")
    rejected = pd.DataFrame({name: pd.Series(dtype=str) for name in ("file", "id", "near", "step", "reason")})
    for rule in ("20-28", "random:0.05", f"subject:{faces.subject[faces.subject != ''].iloc[0]}", f"file:{listed}"):
        kept = timed(f"forget {rule.replace(str(folder), '...')}", resolve, rule, Known(faces, rejected), "0" * 16)
    timed("forget and retain set as masks", lambda: (forget_mask(faces, kept), retain_mask(faces, [kept])))


def draw_batches(faces: pd.DataFrame, pixels: np.ndarray) -> None:
    """The part that is trained on, and batches of it."""
    import torch

    part = FaceSet(faces, pixels).part("train")
    for seed in range(BATCHES):
        part.images(torch.randint(len(part), (BATCH,), generator=torch.Generator().manual_seed(seed)))


@click.command()
@click.option("--rows", default=1_000_000, help="How many.")
@click.option("--side", default=16, help="Edge of the empty pictures that batches are cut from, in pixels.")
def main(rows: int, side: int):
    """Print seconds and memory."""
    faces = timed(f"{rows:,} rows made up", made_up, rows)
    timed("split=hash", split_by_hash, faces, 0)
    timed("split, stratify=age", split, faces, 0, "age")
    faces["split"] = timed("split", split, faces, 0, "none")
    faces = faces[COLUMNS]
    timed("digest", lambda: DataSet(faces, faces[:0], np.empty(0), {}).digest)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "manifest.csv"
        timed("written as CSV", lambda: faces.to_csv(file, index=False))
        loaded = timed("loaded", lambda: pd.read_csv(file, keep_default_na=False, dtype=dict.fromkeys(TEXTS, str)))
        forget(loaded, Path(folder))
        pixels = np.lib.format.open_memmap(Path(folder) / "pixels.npy", "w+", np.uint8, (rows, side, side, 3))
        timed(f"a set of faces, and {BATCHES} batches of {BATCH}", draw_batches, loaded, pixels)


if __name__ == "__main__":
    main()
