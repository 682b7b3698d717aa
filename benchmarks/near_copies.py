"""How many planted copies of real faces are found, how many pairs among the faces themselves, and sheets to look at.

    PYTHONPATH=src:tests/data python benchmarks/near_copies.py --data_dir FOLDER --out FOLDER_OUTSIDE_THE_PROJECT

Each kind of copy (mirrored, cropped to nine tenths, bordered, ...; ``tests/data/planting.py``) is made of 500 faces and
laid among all faces. The sheets show people's faces: pairs that are found and whose hashes are far apart, the least alike last.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory

import click
import numpy as np
from look_at_data import save_sheets
from planting import CHANGES, planted

from unlearning.data.copies import copy_pairs
from unlearning.data.images import examine
from unlearning.data.measures import measure
from unlearning.data.near import near_groups
from unlearning.data.views import shrink
from unlearning.errors import InputError


def silent(items, count: int, title: str):
    return items


def grey_of(data: bytes) -> np.ndarray | None:
    try:
        return examine(data, 16).grey
    except InputError:
        return None


def groups(grey: np.ndarray) -> np.ndarray:
    """Near-copies as ``prepare`` finds them."""
    with TemporaryDirectory() as folder:
        return near_groups(hashes_of(grey), shrink(grey), Path(folder), silent)


def hashes_of(grey: np.ndarray) -> np.ndarray:
    """Perceptual hashes, uint8, shape (n, 32)."""
    return np.stack([np.frombuffer(phash, np.uint8) for phash in measure(grey)["phash"]])


def wrongly_joined(before: np.ndarray, after: np.ndarray) -> int:
    """How many groups of faces the copies of other faces joined."""
    return len(set(before)) - len(set(after[: len(before)]))


@click.command()
@click.option("--data_dir", required=True, help="Folder of UTKFace-named pictures.")
@click.option("--out", default="", help="Folder for the sheets, outside the project; empty makes none.")
@click.option("--count", default=500, help="Faces of which copies are planted.")
@click.option("--seed", default=0, help="Of the faces that are drawn and of the changes.")
def main(data_dir: str, out: str, count: int, seed: int):
    """Print a line for each kind of copy, and write the sheets."""
    files = sorted(path for path in Path(data_dir).rglob("*") if path.is_file())
    with ThreadPoolExecutor() as pool:
        pictures = list(pool.map(lambda file: grey_of(file.read_bytes()), files))
    known = [(file, grey) for file, grey in zip(files, pictures, strict=True) if grey is not None]
    grey = np.stack([one for _, one in known])
    before = groups(grey)
    print(f"{len(grey)} faces in {len(set(before))} groups; of {count} planted copies are found:")
    chosen = np.random.default_rng(seed).choice(len(grey), count, replace=False)
    for change in CHANGES:
        copies = [examine(planted(known[face][0].read_bytes(), change, seed + int(face)), 16).grey for face in chosen]
        after = groups(np.concatenate([grey, np.stack(copies)]))
        found = (after[chosen] == after[len(grey) :]).mean()
        print(f"{change:<24} {found:>7.1%}   joins of other faces: {wrongly_joined(before, after)}", flush=True)
    if out:
        write_sheets(grey, Path(out))


def write_sheets(grey: np.ndarray, out: Path) -> None:
    """All pairs that the second search finds, whether or not their hashes are near."""
    if out.resolve().is_relative_to(Path(__file__).resolve().parents[1]):
        raise click.UsageError(f"--out {out} lies in the project; the sheets show people's faces, give a folder elsewhere")
    out.mkdir(parents=True, exist_ok=True)
    small = shrink(grey)
    hashes = hashes_of(grey)
    with TemporaryDirectory() as folder:
        one, two = copy_pairs(small, np.arange(len(small)), Path(folder), silent)
    apart = np.bitwise_count(hashes[one] ^ hashes[two]).sum(axis=1)
    cells = [
        cell
        for pair in np.argsort(apart, kind="stable")
        for cell in ((grey[one[pair]], f"{pair}: {apart[pair]} bits"), (grey[two[pair]], ""))
    ]
    save_sheets([(np.stack([picture] * 3, axis=-1), caption) for picture, caption in cells], out, "copies")


if __name__ == "__main__":
    main()
