"""Drawn faces: cartoons with noisy, visible signs of age, so that everything runs without a picture of a real person.

Each sign (grey hair, receding hairline, wrinkles, spots, sagging jaw, eyelids) follows its own noisy reading of the age,
so a model can learn the age and still errs by some years, as on real faces.
"""

import os
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np
from filelock import FileLock
from PIL import Image, ImageDraw, ImageFilter

SIDE = 200
NOISE_YEARS = 5.0
SKINS = ((236, 200, 174), (112, 76, 56), (238, 206, 160), (176, 128, 92), (206, 164, 130))
GREY = (222, 222, 226)
HAIRS = ((60, 42, 30), (28, 24, 22), (120, 82, 44), (172, 130, 70))
Colour = tuple[int, ...]
Pen = ImageDraw.ImageDraw


def draw_folder(folder: Path, count: int, seed: int, ages: tuple[int, int]) -> Path:
    """Fill ``folder`` with ``count`` drawn faces named as UTKFace names them; ages are uniform, both ends included.

    The same seed draws the same faces. A folder that was drawn to its end is left as it is.
    """
    finished = folder.with_name(f"{folder.name}.complete")
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f"{folder.name}.lock")):
        if not finished.exists():
            draw = partial(_draw_file, folder, seed, ages)
            with ProcessPoolExecutor(max_workers=len(os.sched_getaffinity(0))) as pool:
                list(pool.map(draw, range(count), chunksize=32))
            finished.touch()
    return folder


def _draw_file(folder: Path, seed: int, ages: tuple[int, int], index: int) -> None:
    random = np.random.default_rng([seed, index])
    age, gender, race = int(random.integers(ages[0], ages[1] + 1)), int(random.integers(2)), int(random.integers(5))
    image = draw_face(age, gender, race, random)
    image.save(folder / f"{age}_{gender}_{race}_{index:017d}.jpg", quality=90)


def draw_face(age: int, gender: int, race: int, random: np.random.Generator) -> Image.Image:
    """One face of ``SIDE`` x ``SIDE`` pixels; ``age`` in years, gender and race by UTKFace's codes."""

    def sign() -> float:
        """How far one sign of age has come, 0 at 20 years and 1 at 60, read with noise."""
        return float(np.clip((age + random.normal(0, NOISE_YEARS) - 20) / 40, -0.1, 1.1))

    # without a background that is light and dark in patches the faces would all be near-copies
    room = _field(random, 10, 0, 1.6) * random.uniform(60, 200, 3)
    image = Image.fromarray(np.clip(room, 0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    skin = _shade(SKINS[race], random.normal(0, 8))
    young = HAIRS[random.integers(len(HAIRS))]
    grey = min(max(sign(), 0.0), 1.0)
    hair = tuple(int(a + (b - a) * grey) for a, b in zip(young, GREY, strict=True))
    x, y = 100 + random.normal(0, 3), 108 + random.normal(0, 3)
    _hair_and_head(pen, x, y, skin, hair, gender, sign(), sign())
    _wrinkles(pen, x, y, skin, sign(), random)
    _eyes_nose_mouth(pen, x, y, skin, hair, sign(), random)
    _spots(pen, x, y, skin, sign(), random)
    return _photograph(image, random)


def _field(random: np.random.Generator, cells: int, low: float, high: float) -> np.ndarray:
    """Smooth random values, shape (SIDE, SIDE, 1)."""
    coarse = Image.fromarray(random.uniform(low, high, (cells, cells)).astype(np.float32))
    return np.asarray(coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC))[..., None]


def _shade(colour: Colour, change: float) -> Colour:
    return tuple(int(np.clip(c + change, 0, 255)) for c in colour)


def _hair_and_head(pen: Pen, x: float, y: float, skin: Colour, hair: Colour, gender: int, recession: float, sag: float) -> None:
    pen.ellipse((x - 64, y - 88, x + 64, y + 40), fill=hair)
    if gender:
        pen.rectangle((x - 64, y - 24, x + 64, y + 62), fill=hair)
    jaw = 40 + 10 * sag
    pen.ellipse((x - 52, y - 62 - 22 * recession, x + 52, y + 60), fill=skin)
    pen.ellipse((x - jaw, y - 6, x + jaw, y + 76), fill=skin)


def _wrinkles(pen: Pen, x: float, y: float, skin: Colour, depth: float, random: np.random.Generator) -> None:
    dark = _shade(skin, -20 - 60 * max(depth, 0))
    for line in range(round(6 * max(depth, 0))):
        level = y - 52 + 6 * line + random.normal(0, 1)
        pen.arc((x - 34, level - 4, x + 34, level + 6), 200, 340, fill=dark, width=2)
    for side in (-1, 1):
        fold = x + side * 24
        pen.line((fold, y + 22, fold + side * 6, y + 24 + 26 * max(depth, 0)), fill=dark, width=3)


def _eyes_nose_mouth(
    pen: Pen, x: float, y: float, skin: Colour, hair: Colour, lids: float, random: np.random.Generator
) -> None:
    open_by = 9 - 4 * max(lids, 0)
    for side in (-1, 1):
        eye = x + side * 21
        pen.ellipse((eye - 10, y - 12 - open_by, eye + 10, y - 12 + open_by), fill="white")
        pen.ellipse((eye - 5, y - 17, eye + 5, y - 7), fill=(50, 40, 30))
        pen.line((eye - 12, y - 28, eye + 12, y - 29), fill=hair, width=4)
        pen.arc((eye - 12, y - 12, eye + 12, y + 2 + 8 * max(lids, 0)), 20, 160, fill=_shade(skin, -50), width=2)
    pen.line((x, y - 6, x + 5, y + 16, x - 4, y + 18), fill=_shade(skin, -40), width=3)
    smile = max(random.normal(10, 4), 1)
    pen.arc((x - 20, y + 34 - smile, x + 20, y + 34 + smile), 20, 160, fill=(150, 60, 60), width=4)


def _spots(pen: Pen, x: float, y: float, skin: Colour, share: float, random: np.random.Generator) -> None:
    for _ in range(round(30 * max(share, 0))):
        left, top = x + random.uniform(-44, 40), y + random.uniform(-40, 60)
        size = random.uniform(1, 4)
        pen.ellipse((left, top, left + size, top + size), fill=_shade(skin, -45))


def _photograph(image: Image.Image, random: np.random.Generator) -> Image.Image:
    left, top, right, bottom = random.uniform(0, 36, 4)
    turned = image.rotate(random.normal(0, 4), Image.Resampling.BILINEAR, expand=False)
    framed = turned.resize((SIDE, SIDE), Image.Resampling.BILINEAR, box=(left, top, SIDE - right, SIDE - bottom))
    soft = framed.filter(ImageFilter.GaussianBlur(random.uniform(0.4, 1.4)))
    lit = np.asarray(soft, dtype=np.float32) * _field(random, 5, 0.7, 1.3)
    return Image.fromarray(np.clip(lit + random.normal(0, 6, (SIDE, SIDE, 3)), 0, 255).astype(np.uint8))
