"""The split into train, validation and test: 60/20/20, and no picture, person or near-copy that was found on two sides.

And so many faces of an order, where near-copies go together too.
"""

import hashlib

import numpy as np
import pandas as pd
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from unlearning.data.labels import labels_of

SPLITS = ("train", "validation", "test")
HAND = np.array(["train", "train", "train", "validation", "test"], dtype=object)
BOUNDS = (0.6, 0.8)  # of a hash from 0 to 1: train below, then validation, then test


def split(faces: pd.DataFrame, seed: int, stratify: str) -> np.ndarray:
    """One name of ``SPLITS`` for each face (columns id, age, near, subject).

    What belongs together (near-copies, pictures of one subject) is one unit. The units lie in random order, for
    ``stratify="age"`` sorted by age, and every five that follow each other are dealt to the parts, three, one and one, in
    random order: so the parts are 60/20/20 to within one unit, and with ``stratify`` also within any range of ages.
    """
    return deal(faces, HAND, stratify, np.random.default_rng([seed, 1]))


def deal(faces: pd.DataFrame, hand: np.ndarray, stratify: str, random: np.random.Generator) -> np.ndarray:
    """An entry of ``hand`` for each face: hand after hand is dealt, shuffled, to the units, which lie as ``split`` says."""
    unit = units(faces)
    count = unit.max() + 1
    order = random.permutation(count)
    if stratify == "age":
        youngest = labels_of(faces).groupby(unit).min().to_numpy()
        order = order[np.argsort(youngest[order], kind="stable")]
    dealt = np.empty(count, dtype=hand.dtype)
    for start in range(0, count, len(hand)):
        few = order[start : start + len(hand)]
        dealt[few] = random.permutation(hand)[: len(few)]
    entries: np.ndarray = dealt[unit]
    return entries


def split_by_hash(faces: pd.DataFrame, seed: int) -> np.ndarray:
    """One name of ``SPLITS`` for each face (columns id, near, subject), whatever other faces there are.

    The sha256 of the seed and a key, as a number from 0 to 1, is below .6 for train and below .8 for validation: the parts are
    60/20/20 as drawing gives them. The key is of what belongs together, the smallest subject, or where no subject is known the
    smallest ``near``. So a face that is added moves no stranger. It may take with it its own near-copies, where its id is the
    smallest among them, and joins whom it shows together.
    """
    unit = units(faces)
    keys = ("0 " + faces.subject).where(faces.subject != "", "1 " + faces.near)
    order = keys.argsort(kind="stable").to_numpy()
    firsts = keys.iloc[order[np.unique(unit[order], return_index=True)[1]]]
    digests = b"".join(hashlib.sha256(f"{seed} {key}".encode()).digest()[:8] for key in firsts)
    share = np.frombuffer(digests, ">u8") / 2.0**64
    names: np.ndarray = np.array(SPLITS, dtype=object)[np.searchsorted(BOUNDS, share, side="right")][unit]
    return names


def units(faces: pd.DataFrame) -> np.ndarray:
    """A number for each face, the same for faces that near-copies or a subject join, also in a chain."""
    near = pd.factorize(faces.near)[0]
    if not (faces.subject != "").any():
        return near
    subject = pd.factorize(faces.subject.where(faces.subject != "", faces.id))[0] + near.max() + 1
    size = subject.max() + 1
    graph = coo_matrix((np.ones(len(faces)), (near, subject)), shape=(size, size))
    joined: np.ndarray = connected_components(graph, directed=False)[1]
    return pd.factorize(joined[near])[0]


def first_together(ordered: pd.DataFrame, count: int) -> list[str]:
    """The first ``count`` ids, but near-copies all or none: no twin of a face is kept. Fewer where groups do not fit."""
    taken: list[list[str]] = []
    skipped: list[list[str]] = []
    missing = count
    for _, members in ordered.groupby("near", sort=False).id:
        if len(members) > missing:
            skipped.append(list(members))
            continue
        taken.append(list(members))
        missing -= len(members)
        if not missing:
            return [face for group in taken for face in group]
    singles = [group for group in taken if len(group) == 1]
    for group in skipped:  # a group that is too large takes the place of the last single faces
        over = len(group) - missing
        if over <= len(singles):
            left_out = singles[len(singles) - over :]
            taken = [group, *(members for members in taken if members not in left_out)]
            break
    return [face for group in taken for face in group]
