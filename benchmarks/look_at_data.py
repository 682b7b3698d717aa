"""The evidence for the thresholds of near-copies and of quality: tables, and sheets of pictures to look at.

    PYTHONPATH=src python benchmarks/look_at_data.py --data_dir FOLDER --out FOLDER_OUTSIDE_THE_PROJECT

A threshold is a claim about pictures (these two show one photograph; in this one no age can be told), so it has to be looked
at. The sheets show people's faces: they go to a folder of the user's, and none may lie in the project.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

from unlearning.data.images import GREY_SIDE
from unlearning.data.labels import RACES
from unlearning.data.measures import perceptual_hash
from unlearning.data.near import LARGEST_DISTANCE
from unlearning.data.reading import read
from unlearning.data.settings import DataSettings

FARTHEST, BIN = 60, 4
AT_ONCE = 256
CAPTION, COLUMNS, ROWS = 14, 12, 8
BRIGHTNESSES = (30, 40, 50, 60)
LIMITS = {
    "min_side": ("smallest_side", False),
    "min_sharpness": ("sharpness", False),
    "min_brightness": ("brightness", False),
    "max_brightness": ("brightness", True),
    "min_contrast": ("contrast", False),
    "max_saturated": ("saturated", True),
}
Cell = tuple[np.ndarray, str]


def hashes_of(pixels: np.ndarray) -> np.ndarray:
    """Perceptual hashes as words, shape (n, 4), of pictures stored at the side at which they are measured."""
    grey = np.stack([np.asarray(Image.fromarray(picture).convert("L")) for picture in pixels])
    few = [perceptual_hash(grey[start : start + AT_ONCE].astype(np.float32)) for start in range(0, len(grey), AT_ONCE)]
    return np.frombuffer(b"".join(np.concatenate(few)), np.uint64).reshape(len(grey), -1)


def close_pairs(words: np.ndarray, farthest: int) -> Iterator[tuple[int, int, int]]:
    """(first, second, distance) of all pairs within ``farthest`` bits; every pair is compared, whatever ``near`` does."""
    for first in range(len(words) - 1):
        distances = np.bitwise_count(words[first + 1 :] ^ words[first]).sum(axis=1, dtype=np.int64)
        for second in np.flatnonzero(distances <= farthest):
            yield first, first + 1 + int(second), int(distances[second])


def find_pairs(files: pd.DataFrame, pixels: np.ndarray) -> pd.DataFrame:
    """Pairs of different pictures: columns first, second, distance, ages_differ; the nearest first."""
    pairs = pd.DataFrame(close_pairs(hashes_of(pixels), FARTHEST), columns=["first", "second", "distance"])
    picture, age = files.picture.to_numpy(), files.age.to_numpy()
    pairs = pairs[picture[pairs["first"]] != picture[pairs["second"]]]
    pairs["ages_differ"] = age[pairs["first"]] != age[pairs["second"]]
    return pairs.sort_values(["distance", "first", "second"], ignore_index=True)


def print_pairs(files: pd.DataFrame, pairs: pd.DataFrame) -> None:
    bins = pairs.groupby(pairs.distance // BIN * BIN).ages_differ.agg(["size", "sum"])
    same = files.duplicated("picture").sum()
    print(f"\n{same} files repeat a picture exactly; pairs of different pictures by the bits they differ in:")
    print("bits     pairs  different ages")
    for low, size, differ in bins.itertuples():
        print(f"{low:>2}-{min(low + BIN - 1, FARTHEST):<3}  {size:>6}  {differ:>6}")
    near = pairs[pairs.distance <= LARGEST_DISTANCE]
    print(f"up to {LARGEST_DISTANCE} bits (near-copies): {len(near)}, of which {near.ages_differ.sum()} under different ages")


def pair_cells(files: pd.DataFrame, pixels: np.ndarray, pairs: pd.DataFrame) -> list[Cell]:
    """Both pictures next to each other, with the distance under one and the ages under the other."""
    ages = files.age.to_numpy()
    return [
        cell
        for number, pair in enumerate(pairs.itertuples())
        for cell in (
            (pixels[pair.first], f"{number}: {pair.distance} bits"),
            (pixels[pair.second], f"ages {ages[pair.first]}, {ages[pair.second]}"),
        )
    ]


def print_limits(files: pd.DataFrame, settings: DataSettings) -> None:
    print("\nthreshold               pictures beyond it")
    for option, (measure, above) in LIMITS.items():
        bound = getattr(settings, option)
        print(f"{option:<15} {bound:>6g}  {beyond(files[measure], bound, above).sum():>6}")


def beyond(values: pd.Series, bound: float, above: bool) -> pd.Series:
    return values > bound if above else values < bound


def print_brightness_by_race(files: pd.DataFrame) -> None:
    """A threshold of brightness must not stand for the colour of the skin."""
    print("\nmin_brightness, pictures it drops (share) by race\n     " + "".join(f"{race:>14}" for race in RACES))
    for bound in BRIGHTNESSES:
        dark = files.brightness < bound
        groups = [dark[files.race == code] for code in range(len(RACES))]
        cells = (f"{group.sum()} ({group.mean():.2%})" if len(group) else "-" for group in groups)
        print(f"{bound:>4} " + "".join(f"{cell:>14}" for cell in cells))


def limit_cells(files: pd.DataFrame, pixels: np.ndarray, option: str, bound: float, dropped: bool) -> list[Cell]:
    """The pictures just beyond (``dropped``) or just within a threshold, the closest to it first."""
    measure, above = LIMITS[option]
    part = files[beyond(files[measure], bound, above) == dropped]
    nearest = part.iloc[(part[measure] - bound).abs().argsort(kind="stable")].head(COLUMNS * ROWS)
    return [
        (pixels[face.Index], f"{getattr(face, measure):g} {RACES[face.race][:2] if face.race >= 0 else ''} {face.age}")
        for face in nearest.itertuples()
    ]


def save_sheets(cells: list[Cell], out: Path, title: str) -> None:
    """Pages of pictures with a caption below each."""
    for page, start in enumerate(range(0, len(cells), COLUMNS * ROWS)):
        sheet = Image.new("RGB", (COLUMNS * GREY_SIDE, ROWS * (GREY_SIDE + CAPTION)), "white")
        pen = ImageDraw.Draw(sheet)
        for number, (picture, caption) in enumerate(cells[start : start + COLUMNS * ROWS]):
            left, top = number % COLUMNS * GREY_SIDE, number // COLUMNS * (GREY_SIDE + CAPTION)
            sheet.paste(Image.fromarray(picture), (left, top))
            pen.text((left + 2, top + GREY_SIDE + 1), caption, fill="black")
        sheet.save(out / f"{title}-{page:02d}.png")


@click.command()
@click.option("--data_dir", required=True, help="Folder of UTKFace-named pictures.")
@click.option("--out", required=True, help="Folder for the sheets, outside the project.")
def main(data_dir: str, out: str):
    """Print the tables and write the sheets."""
    place = Path(out).resolve()
    if place.is_relative_to(Path(__file__).resolve().parents[1]):
        raise click.UsageError(f"--out {out} lies in the project; the sheets show people's faces, give a folder elsewhere")
    place.mkdir(parents=True, exist_ok=True)
    reading = read(Path(data_dir), GREY_SIDE, lambda items, count, title: items)
    files = reading.files[reading.files.reason == ""].reset_index(drop=True)
    pixels, settings = reading.open_pixels()[files.row.to_numpy()], DataSettings(data_dir)
    print(f"{len(files)} of {len(reading.files)} files can be used; sheets go to {place}")
    pairs = find_pairs(files, pixels)
    print_pairs(files, pairs)
    for low, part in pairs.groupby(pairs.distance // BIN * BIN):
        save_sheets(pair_cells(files, pixels, part), place, f"pairs-{low:02d}-{min(low + BIN - 1, FARTHEST):02d}-bits")
    print_limits(files, settings)
    print_brightness_by_race(files)
    bounds = [(option, getattr(settings, option)) for option in LIMITS] + [("min_brightness", b) for b in BRIGHTNESSES[1:]]
    for option, bound in bounds:
        for title, dropped in (("beyond", True), ("within", False)):
            save_sheets(limit_cells(files, pixels, option, bound, dropped), place, f"{option}-{bound:g}-{title}")


if __name__ == "__main__":
    main()
