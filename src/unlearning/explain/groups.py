"""Whose faces are explained: forgotten, kept and test faces, and never so few that a map would be one of a person.

One picture a person, at least ten persons. Age bands are cut so that they are a partition of the test faces: a group less its
parts would otherwise be a group that is too small.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from unlearning.commands import spelt
from unlearning.data.faces import FaceSet
from unlearning.data.forget import ForgetSet, forget_mask, retain_mask
from unlearning.data.labels import labels_of
from unlearning.errors import InputError
from unlearning.naming import counted
from unlearning.targets import AGE, Numeric, Target

FEWEST, BAND = 10, 10
FORGOTTEN, RETAINED, TEST = "forgotten", "retained", "test"


def kept_training(faces: FaceSet, forgotten: list[ForgetSet], never: Collection[str] = ()) -> FaceSet:
    """Training faces that nobody asked to be forgotten, without copies and without those that may ``never`` be looked at."""
    frame = faces.frame
    own = (frame.split == "train") & (frame.copy_of == "") & ~frame.id.isin(list(never))
    return faces.where(own.to_numpy() & retain_mask(frame, forgotten))


def parts_of(
    faces: FaceSet, kept: FaceSet, forget: ForgetSet, most: int, never: Collection[str] = (), seed: int = 0
) -> dict[str, FaceSet]:
    """Forgotten and kept training faces, and test faces: up to ``most`` of each, one a person.

    ``kept`` is what ``kept_training`` gave; ``never`` are ids that may not be looked at: purged ones.

    Raises:
        InputError: a part has fewer than ``FEWEST`` persons.
    """
    frame = faces.frame
    own = ((frame.copy_of == "") & ~frame.id.isin(list(never))).to_numpy()
    forgotten = (frame.split == "train").to_numpy() & forget_mask(frame, forget)
    test = (frame.split == "test").to_numpy()
    chosen = {FORGOTTEN: faces.where(own & forgotten), RETAINED: kept, TEST: faces.where(own & test)}
    parts = {name: _one_each(part, most, seed) for name, part in chosen.items()}
    purged = " (purged ones are not looked at)" if never else ""
    for name, part in parts.items():
        way = "name fewer versions, since whom any of them was made to forget is not kept" if name == RETAINED else ""
        require_enough(len(part), f"{name} faces of {forget.rule}" if name == FORGOTTEN else f"{name} faces", purged, way)
    return parts


def require_enough(count: int, what: str, remark: str = "", way: str = "") -> None:
    """InputError where a mean would be of too few people, with a way out."""
    if count < FEWEST:
        way = way or f"name more by forget_set, as {spelt(forget_set='20-28')}"
        raise InputError(
            f"the {what} are of {counted(count, 'person')}{remark}, and what is shown is a mean over {FEWEST} at least, so "
            f"that no map is one of a person; {way}"
        )


def _one_each(faces: FaceSet, most: int, seed: int) -> FaceSet:
    """One picture a person, in a random order: who has no subject is told by near-copies."""
    frame = faces.frame
    person = frame.subject.where(frame.subject.fillna("") != "", frame.near)
    order = np.random.default_rng([seed, 6]).permutation(len(frame))
    kept = order[~person.iloc[order].duplicated().to_numpy()][:most]
    return faces.where(np.isin(np.arange(len(frame)), kept))


def bands_of(test: pd.DataFrame, target: Target = AGE) -> dict[str, np.ndarray]:
    """Positions of the test faces by their labels; a band with fewer than ``FEWEST`` joins the next, a class the next rarest.

    Of numbers a band is of ``BAND`` years, or as many sixtieths of the range, of classes it is one. None where that leaves one
    band: it would be all of them again.
    """
    labels = labels_of(test).to_numpy(np.float64)
    strata = target.strata(labels)
    decades = target.in_order(strata, strata) // (BAND if target.numeric else 1)
    bands: list[np.ndarray] = []
    for decade in np.unique(decades):
        rows = np.flatnonzero(decades == decade)
        if bands and len(bands[-1]) < FEWEST:
            bands[-1] = np.concatenate([bands[-1], rows])
        else:
            bands.append(rows)
    if len(bands) > 1 and len(bands[-1]) < FEWEST:
        bands[-2:] = [np.concatenate(bands[-2:])]
    if len(bands) < 2:
        return {}
    return {f"{TEST} {_called(target, labels[rows], decades[rows])}": rows for rows in bands}


def _called(target: Target, labels: np.ndarray, places: np.ndarray) -> str:
    """What a band is called; of numbers that are no whole ones its ends are not those of two faces."""
    if target == AGE:
        return f"{labels.min():.0f}-{labels.max():.0f}"
    if isinstance(target, Numeric):
        low, high = (target.low + target.scale * BAND * place for place in (places.min(), places.max() + 1))
        return f"{low:g} to {min(high, target.high):g}"
    return ", ".join(target.bands(labels)[1])
