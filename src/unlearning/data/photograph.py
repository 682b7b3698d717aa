"""Which pictures of the data show a photograph that somebody brings along: as it is, changed a little, mirrored or cropped.

What near-copies and copies are is told by ``near`` and ``copies``, which look for all pairs; here one picture is compared with
all others, and nothing is kept of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image

from unlearning.data.alignment import aligned
from unlearning.data.copies import DETAIL, LEVELS, LIKE
from unlearning.data.images import GREY_SIDE
from unlearning.data.measures import perceptual_hash
from unlearning.data.near import LARGEST_DISTANCE
from unlearning.data.views import VIEWS, Scale, scale, shrink, viewed, whole

AT_ONCE = 512  # pictures in memory
SAME, NEAR, MIRRORED, CROPPED = "the same picture", "nearly the same", "mirrored", "cropped or set a little differently"


@dataclass(frozen=True)
class Match:
    """A picture of the data that shows the photograph.

    Args:
        place: in the rows that were looked through.
        how: one of the four words of this file.
    """

    place: int
    how: str


def matches(asked: np.ndarray, pixels: np.ndarray, rows: np.ndarray) -> list[Match]:
    """All pictures that show a photograph, in the order of ``rows``.

    Args:
        asked: the photograph as a network would see it, uint8, shape (side, side, 3).
        pixels: of the data, uint8, shape (n, side, side, 3).
        rows: which of them to look through.
    """
    own = scale(whole(shrink(_grey(pixels[part]))) for part in _parts(rows))
    one, found = _grey(asked[None]), []
    for start, part in zip(range(0, len(rows), AT_ONCE), _parts(rows), strict=True):
        grey = _grey(pixels[part])
        distances = _distances(one, grey), _distances(one[:, :, ::-1], grey)
        copies = _copies(shrink(one), shrink(grey), own)
        for place, how in enumerate(copies):
            if (pixels[part[place]] == asked).all():
                found.append(Match(start + place, SAME))
            elif distances[0][place] <= LARGEST_DISTANCE:
                found.append(Match(start + place, NEAR))
            elif distances[1][place] <= LARGEST_DISTANCE or how == MIRRORED:
                found.append(Match(start + place, MIRRORED))
            elif how:
                found.append(Match(start + place, how))
    return found


def _parts(rows: np.ndarray) -> Iterator[np.ndarray]:
    return (rows[at : at + AT_ONCE] for at in range(0, len(rows), AT_ONCE))


def _grey(pictures: np.ndarray) -> np.ndarray:
    """Grey levels at the size that hashes and copies are told by, uint8, shape (n, 100, 100)."""
    size = (GREY_SIDE, GREY_SIDE)
    levels = (Image.fromarray(picture).convert("L").resize(size, Image.Resampling.BILINEAR) for picture in pictures)
    return np.stack([np.asarray(level) for level in levels])


def _distances(one: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Bits in which the perceptual hash of one picture differs from those of others."""
    distances: np.ndarray = (_bits(one) != _bits(others)).sum(axis=1)
    return distances


def _bits(grey: np.ndarray) -> np.ndarray:
    hashes = perceptual_hash(grey.astype(np.float32))
    return np.unpackbits(np.stack([np.frombuffer(each, np.uint8) for each in hashes]), axis=1)


def _copies(one: np.ndarray, others: np.ndarray, own: Scale) -> list[str]:
    """For each of the others how the one picture is a copy of it, or it of that one; empty where neither is."""
    count = len(others)
    forth = own.unit(viewed(one))[0] @ own.unit(whole(others)).T  # (views, others): a view of the photograph is like them
    back = np.einsum("nvc,c->vn", own.unit(viewed(others)), own.unit(whole(one))[0])  # one of their views is like it
    told = [""] * count
    for like, still, moved in ((forth, others, np.repeat(one, count, 0)), (back, np.repeat(one, count, 0), others)):
        views = like.argmax(axis=0)
        (alike,) = np.nonzero(like.max(axis=0) >= LIKE)
        detail, levels = aligned(still[alike], moved[alike], views[alike])
        for place in alike[(detail >= DETAIL) & (levels >= LEVELS)]:
            told[place] = MIRRORED if VIEWS[views[place]].mirrored else CROPPED
    return told
