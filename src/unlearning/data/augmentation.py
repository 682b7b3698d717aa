"""Copies of training faces: planned as numbers, so that each can be made again from its source, then made from the cache."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd

from unlearning.data.labels import strata_of
from unlearning.progress import Track
from unlearning.targets import AGE, Target

ROTATION_DEGREES, SHIFT, ZOOM = 10.0, 0.1, 0.2  # the study's: most degrees, share of the side, share of the size
PARAMETERS = ("rotation", "shift_x", "shift_y", "zoom", "flip")
IDENTITY = {"rotation": 0.0, "shift_x": 0.0, "shift_y": 0.0, "zoom": 1.0, "flip": False}
AT_ONCE = 128  # pictures in memory as float32, which torch transforms


def plan_copies(faces: pd.DataFrame, augment_to: int, seed: int, target: Target = AGE) -> pd.DataFrame:
    """Rows for the copies that bring every training age up to ``augment_to`` faces; none for ages that have as many.

    Of other targets it is every class, and every sixtieth of a range of numbers.

    A copy has the row of its source, an id of its own, the source's id in ``copy_of``, and its drawn parameters: rotation
    (degrees, up to 10 either way), shift_x and shift_y (shares of the side, up to .1 either way), zoom (.8 to 1.2), flip.
    The sources of an age take turns, in random order. Labels are kept.
    """
    random = np.random.default_rng([seed, 2])
    ages = strata_of(faces[faces.split == "train"], target)
    chosen = [_sources(members, augment_to - len(members), random) for members in ages.groupby(ages).groups.values()]
    copies = faces.loc[np.concatenate(chosen)] if chosen else faces.iloc[:0]
    copies = copies.assign(copy_of=copies.id, **_draw(len(copies), random))
    drawn = copies[["copy_of", *PARAMETERS]].itertuples(index=False, name=None)
    copies["id"] = [hashlib.sha256(repr(copy).encode()).hexdigest()[:32] for copy in drawn]
    return copies


def _sources(members: pd.Index, missing: int, random: np.random.Generator) -> np.ndarray:
    if missing <= 0:
        return members[:0].to_numpy()
    return np.resize(random.permutation(members.to_numpy()), missing)


def _draw(count: int, random: np.random.Generator) -> dict[str, np.ndarray]:
    """Parameters with six digits, which a CSV file holds exactly."""
    return {
        "rotation": random.uniform(-ROTATION_DEGREES, ROTATION_DEGREES, count).round(6),
        "shift_x": random.uniform(-SHIFT, SHIFT, count).round(6),
        "shift_y": random.uniform(-SHIFT, SHIFT, count).round(6),
        "zoom": random.uniform(1 - ZOOM, 1 + ZOOM, count).round(6),
        "flip": random.random(count) < 0.5,
    }


def write_pixels(path: Path, manifest: pd.DataFrame, pixels: np.ndarray, progress: Track) -> None:
    """Write the pictures of all rows, copies made from their sources' pixels, as one uint8 map in the manifest's order."""
    side = pixels.shape[1]
    out = np.lib.format.open_memmap(path, "w+", np.uint8, (len(manifest), side, side, 3))
    starts = range(0, len(manifest), AT_ONCE)
    for start in progress(starts, len(starts), "making copies"):
        part = manifest.iloc[start : start + AT_ONCE]
        images = pixels[part.row.to_numpy()]
        copies = (part.copy_of != "").to_numpy()
        images[copies] = vary(images[copies], part[copies])
        out[start : start + len(part)] = images
    out.flush()


def vary(images: np.ndarray, parameters: pd.DataFrame) -> np.ndarray:
    """Rotate, shift, zoom and flip uint8 pictures, shape (n, side, side, 3), each by its row; edges are repeated."""
    import torch
    from torch.nn.functional import affine_grid, grid_sample

    if not len(images):
        return images
    inputs = torch.from_numpy(images).permute(0, 3, 1, 2).float()
    grid = affine_grid(torch.from_numpy(_matrices(parameters)), list(inputs.shape), align_corners=False)
    varied = grid_sample(inputs, grid, mode="bilinear", padding_mode="border", align_corners=False)
    return varied.round().clamp(0, 255).byte().permute(0, 2, 3, 1).numpy()


def _matrices(parameters: pd.DataFrame) -> np.ndarray:
    """Where each pixel of a copy comes from: shape (n, 2, 3), in torch's coordinates from -1 to 1."""
    angle = np.deg2rad(parameters.rotation.to_numpy(np.float64))
    scale = 1 / parameters.zoom.to_numpy(np.float64)
    mirror = np.where(parameters.flip.to_numpy(bool), -1.0, 1.0)
    cosine, sine = np.cos(angle) * scale, np.sin(angle) * scale
    shift_x, shift_y = 2 * parameters.shift_x.to_numpy(np.float64), 2 * parameters.shift_y.to_numpy(np.float64)
    rows = [
        [mirror * cosine, mirror * sine, -mirror * (cosine * shift_x + sine * shift_y)],
        [-sine, cosine, sine * shift_x - cosine * shift_y],
    ]
    return np.array(rows).transpose(2, 0, 1).astype(np.float32)
