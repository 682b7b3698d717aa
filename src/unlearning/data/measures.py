"""Named measures of a picture's quality, and its perceptual hash: computed once, for a window of pictures at a time.

All are taken from the grey picture of 100 x 100 pixels, so that they do not change with the network's input size:

* ``sharpness``: variance of the Laplacian (four neighbours minus four times the pixel), in squared grey levels; a
  picture that is out of focus, or was enlarged from a few pixels, has little.
* ``brightness``: mean grey level, 0 to 255.
* ``contrast``: standard deviation of the grey levels.
* ``saturated``: share of pixels of at most 2 or at least 253, where light or shade has swallowed every detail.
* ``smallest_side``: shorter side of the file's picture, in pixels (known before it is decoded).
"""

from functools import cache

import numpy as np
from scipy.fft import dct

MEASURES = ("sharpness", "brightness", "contrast", "saturated", "smallest_side")
BLACK, WHITE = 2, 253  # grey levels up to and from which a pixel is saturated; JPEG moves 0 and 255 by a level or two
HASH_SIDE, HASHED_SIDE = 16, 64  # coefficients and pixels a side, as imagehash.phash(hash_size=16) takes them
AT_ONCE = 32  # pictures whose numbers stay in the processor's cache


def measure(grey: np.ndarray) -> dict[str, np.ndarray]:
    """Measures and perceptual hash of uint8 grey pictures, shape (n, 100, 100); one entry of each array a picture.

    ``phash`` holds the hash as 32 bytes; the other values are rounded to three digits.
    """
    parts = [_measure_few(grey[start : start + AT_ONCE]) for start in range(0, len(grey), AT_ONCE)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]} if parts else {}


def _measure_few(grey: np.ndarray) -> dict[str, np.ndarray]:
    levels = grey.astype(np.float32)
    values = {
        "sharpness": _variance(_laplacian(grey.astype(np.int16))),
        "brightness": levels.sum(axis=(1, 2)).astype(np.float64) / grey[0].size,  # below 2 ** 24, so exact in float32
        "contrast": np.sqrt(_variance(grey)),
        "saturated": np.array([np.count_nonzero(one) for one in (grey <= BLACK) | (grey >= WHITE)]) / grey[0].size,
    }
    return {name: value.round(3) for name, value in values.items()} | {"phash": perceptual_hash(levels)}


def _laplacian(grey: np.ndarray) -> np.ndarray:
    """Sum of the four neighbours minus four times the pixel, without the border.

    The rows of a picture lie end to end, and long lines are added up sooner; what that gives at a row's ends is cut off.
    """
    count, height, width = grey.shape
    line = grey.reshape(count, -1)
    total: np.ndarray = line[:, : -2 * width] + line[:, 2 * width :]
    total += line[:, width - 1 : -width - 1]
    total += line[:, width + 1 : 1 - width]
    total -= line[:, width:-width] << 2
    return total.reshape(count, height - 2, width)[:, :, 1:-1]


def _variance(values: np.ndarray) -> np.ndarray:
    """Population variance of each picture; sums of whole numbers below 2 ** 53 are exact, in whatever order they are taken."""
    flat = values.astype(np.float64, order="C").reshape(len(values), -1)
    variance: np.ndarray = np.vecdot(flat, flat) / flat.shape[1] - flat.mean(axis=1) ** 2
    return variance


def perceptual_hash(grey: np.ndarray) -> np.ndarray:
    """The 256-bit pHash of grey pictures, shape (n, side, side), as n byte strings of 32.

    The picture is resized to 64 x 64, and the lowest 16 x 16 coefficients of its cosine transform are compared with their
    median. ``imagehash.phash(hash_size=16)`` defines it. That library hashes one picture at a time and would take a third of
    the time of reading; here the transforms of all pictures are two matrix products, and a test compares the bits.
    """
    rows = _rows(grey.shape[1])
    low = (rows @ grey @ rows.T).reshape(len(grey), -1)
    bits = low > np.median(low, axis=1, keepdims=True)
    return np.array([row.tobytes() for row in np.packbits(bits, axis=1)], dtype=object)


@cache
def _rows(side: int) -> np.ndarray:
    """Resizing to 64 pixels and the first 16 cosines as one matrix, shape (16, side).

    The weights of the resizing are bilinear as Pillow's: a triangle as wide as a new pixel.
    """
    scale = max(side / HASHED_SIDE, 1.0)
    centres = (np.arange(HASHED_SIDE) + 0.5) * side / HASHED_SIDE
    distance = np.abs(np.arange(side) + 0.5 - centres[:, None]) / scale
    weights = np.clip(1 - distance, 0, None)
    cosines = dct(np.eye(HASHED_SIDE), axis=0)[:HASH_SIDE]
    rows: np.ndarray = cosines @ (weights / weights.sum(axis=1, keepdims=True))
    return rows.astype(np.float32)
