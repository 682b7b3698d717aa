"""Drawn dials: pictures that show a number which is no age, and a table that names it."""

from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image, ImageDraw

SIDE, MOST = 96, 180
PLATES = {"light": (235, 235, 225), "red": (200, 60, 50), "blue": (70, 90, 210)}


def draw_dials(folder: Path, count: int, seed: int = 0) -> Path:
    """Pictures of dials and a table of them: the ``hand`` of each from 0 to 180 degrees, and the ``plate`` behind it."""
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True)
    rows = [_draw(folder, number, random) for number in range(count)]
    pd.DataFrame(rows).to_csv(folder / "dials.csv", index=False)
    return folder / "dials.csv"


def _draw(folder: Path, number: int, random: np.random.Generator) -> dict[str, object]:
    """A dial behind spots of light and shade, without which all would be near-copies of each other."""
    degrees, plate = round(random.uniform(0, MOST), 1), list(PLATES)[int(random.integers(len(PLATES)))]
    angle, middle = np.deg2rad(degrees), SIDE / 2 + random.normal(0, 2, 2)
    image = Image.new("RGB", (SIDE, SIDE), PLATES[plate])
    tip = middle - 40 * np.array([np.cos(angle), np.sin(angle)])
    ImageDraw.Draw(image).line((*map(float, middle), *map(float, tip)), fill=(10, 10, 10), width=8)
    spots = Image.fromarray(random.uniform(0.2, 1.1, (7, 7)).astype(np.float32)).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    lit = np.asarray(image, np.float32) * np.asarray(spots)[..., None] + random.normal(0, 8, (SIDE, SIDE, 3))
    name = f"dial-{number:04d}.png"
    Image.fromarray(lit.clip(0, 255).astype(np.uint8)).save(folder / name)
    return {"path": name, "hand": degrees, "plate": plate}
