"""Planted signals: what a model can only know from a few training faces, so that anyone can see whether it forgot them.

Two are known. *Confused labels* (interclass confusion): some training faces of two ranges of ages get ages of the other range.
A model that was trained on them places other faces of the one range into the other; one that forgot them does not. *An
injected feature*: some training faces carry a small patch, and their ages are moved; a model that was trained on them moves
the age of every face with the patch. The faces that were touched are the forget set.

Sources: Goel et al. 2022, https://arxiv.org/abs/2201.06640 (interclass confusion test); Izzo et al. 2021,
https://arxiv.org/abs/2002.10077 (feature injection test). Both are for classes or linear models; here they are for ages.
"""

import numpy as np
import pandas as pd

from unlearning.data.ages import Range, parse_ranges
from unlearning.data.labels import OLDEST
from unlearning.data.settings import DataSettings
from unlearning.errors import InputError

SIGNALS = ("confused", "injected")
PLANTED = ["signal", "true_age"]
COLOURS = ((255, 0, 255), (0, 255, 0))
PATCH, MARGIN, SMALLEST = 8, 10, 4  # side and margin as a part of the picture's side; smallest side in pixels


def plant(faces: pd.DataFrame, settings: DataSettings) -> pd.DataFrame:
    """The faces with the signal that the settings ask for, and the columns ``PLANTED``; without a signal, just the faces.

    ``signal`` is ``confused`` or ``injected`` for a touched face and empty for any other; ``true_age`` is its age before.
    """
    random = np.random.default_rng([settings.split_seed, 3])
    if settings.confuse:
        one, other = parse_ranges(settings.confuse, 2)
        planted, ids = confuse(faces, (one, other), settings.confuse_fraction, random)
    elif settings.inject:
        (ages,) = parse_ranges(settings.inject, 1)
        planted, ids = inject(faces, ages, settings.inject_years, settings.inject_fraction, random)
    else:
        return faces
    kind = SIGNALS[0 if settings.confuse else 1]
    return planted.assign(signal=np.where(faces.id.isin(ids), kind, ""), true_age=faces.age)


def confuse(
    faces: pd.DataFrame, ranges: tuple[Range, Range], fraction: float, random: np.random.Generator
) -> tuple[pd.DataFrame, list[str]]:
    """Give a share of the training faces of each of two ranges an age drawn from the other range's training ages.

    Near-copies are touched together or not at all, and get one age, so a share may be missed by a few faces. A picture of which
    both ranges hold a near-copy is left alone: it has an age of either already. Validation and test faces keep their ages: what
    is measured on them is measured against the truth.

    Args:
        faces: columns id, age (years), split, near; it stays as it is.
        ranges: two ranges of ages that share none, both ends included.
        fraction: share of the training faces of either range, above 0 up to 1.
        random: draws the faces and their ages.

    Returns:
        The frame with the new ages, and the sorted ids of the touched faces.

    Raises:
        InputError: a range without a training face, or a fraction that is not above 0 and up to 1.
    """
    members, near = [_members(faces, ages) for ages in ranges], faces.near.to_numpy()
    both = np.intersect1d(*(near[rows] for rows in members))
    chosen = [_some(faces, rows[~np.isin(near[rows], both)], fraction, random) for rows in members]
    ages = faces.age.to_numpy().copy()
    for rows, others in zip(chosen, members[::-1], strict=True):
        groups, names = pd.factorize(near[rows])
        ages[rows] = random.choice(faces.age.to_numpy()[others], len(names))[groups]
    return faces.assign(age=ages), sorted(faces.id.to_numpy()[np.concatenate(chosen)])


def inject(
    faces: pd.DataFrame, ages: Range, years: int, fraction: float, random: np.random.Generator
) -> tuple[pd.DataFrame, list[str]]:
    """Add ``years`` to the ages of a share of the training faces of a range; the same faces are to be stamped.

    Arguments and result are those of ``confuse``; ``years`` may be negative.

    Raises:
        InputError: no training face in the range, a fraction that is none, no years, or years that lead out of 0 to 120.
    """
    if not years or not 0 <= ages[0] + years <= ages[1] + years <= OLDEST:
        raise InputError(f"{years} years cannot be added to the ages {ages[0]}-{ages[1]}; legal: not 0, and ages of 0-{OLDEST}")
    chosen = _some(faces, _members(faces, ages), fraction, random)
    moved = faces.age.to_numpy().copy()
    moved[chosen] += years
    return faces.assign(age=moved), sorted(faces.id.to_numpy()[chosen])


def stamp(images: np.ndarray) -> np.ndarray:
    """Pictures with the patch: a small square in the middle of the lower edge, magenta above green.

    Its side is an eighth of the picture's, and it keeps a tenth of the picture's from the edge: so it stays whole when training
    shifts the picture by as much, and where it is when training mirrors it. No face has its colours.

    Args:
        images: uint8, shape (n, side, side, 3); they stay as they are.
    """
    side = images.shape[1]
    half = max(side // PATCH, SMALLEST) // 2
    middle, left = side - side // MARGIN - half, (side - 2 * half) // 2
    stamped = images.copy()
    for colour, top in zip(COLOURS, (middle - half, middle), strict=True):
        stamped[:, top : top + half, left : side - left] = colour
    return stamped


def _members(faces: pd.DataFrame, ages: Range) -> np.ndarray:
    """Positions of the training faces of a range."""
    rows = np.flatnonzero(((faces.split == "train") & faces.age.between(*ages)).to_numpy())
    if not len(rows):
        raise InputError(f"no training face is of {ages[0]}-{ages[1]} years; the data has {faces.age.min()}-{faces.age.max()}")
    return rows


def _some(faces: pd.DataFrame, rows: np.ndarray, fraction: float, random: np.random.Generator) -> np.ndarray:
    """Positions of about a share of ``rows``, at least one: groups of near-copies in random order, as long as they fit."""
    if not 0 < fraction <= 1:
        raise InputError(f"the fraction {fraction} of the faces cannot be touched; legal: above 0, up to 1")
    if not len(rows):
        raise InputError("every training face of one range has a near-copy in the other; take ranges with other faces")
    groups, names = pd.factorize(faces.near.to_numpy()[rows])
    sizes = np.bincount(groups)
    order = random.permutation(len(names))
    fits = np.cumsum(sizes[order]) <= max(round(fraction * len(rows)), sizes[order[0]])
    return rows[np.isin(groups, order[fits])]
