"""Near hashes are found among all pairs, and none is missed, whatever bits they differ in."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unlearning.data import near
from unlearning.data.copies import AXES, Search
from unlearning.data.near import LARGEST_DISTANCE, near_groups, near_pairs
from unlearning.data.rows import Rows
from unlearning.data.views import COSINES, SIDE, Scale
from unlearning.progress import untold

SEEDS = st.integers(0, 2**32 - 1)


def flipped(phash: np.ndarray, places) -> np.ndarray:
    """The hash (256 bools) with some bits turned."""
    out = phash.copy()
    out[list(places)] ^= True
    return out


def packed(hashes: np.ndarray) -> np.ndarray:
    return np.packbits(hashes, axis=1)


def pairs_of(hashes: np.ndarray) -> set[tuple[int, int]]:
    return {(min(pair), max(pair)) for pair in zip(*map(np.ndarray.tolist, near_pairs(packed(hashes), untold)), strict=True)}


def all_pairs(hashes: np.ndarray) -> set[tuple[int, int]]:
    """By comparing every two."""
    distance = (hashes[:, None] != hashes[None]).sum(axis=2)
    return {(a, b) for a, b in np.argwhere(distance <= LARGEST_DISTANCE).tolist() if a < b}


def clustered(seed: int, centres: int, members: int, farthest: int) -> np.ndarray:
    """Hashes scattered around some centres, up to ``farthest`` bits from them."""
    random = np.random.default_rng(seed)
    around = random.random((centres, 256)) < 0.5
    return np.array(
        [
            flipped(around[random.integers(centres)], random.choice(256, random.integers(farthest + 1), replace=False))
            for _ in range(members)
        ]
    )


@settings(derandomize=True, max_examples=12, deadline=None)
@given(SEEDS, st.integers(1, 5), st.integers(2, 60), st.integers(0, 60))
def test_the_pairs_among_clustered_hashes_are_those_of_brute_force(seed, centres, members, farthest):
    hashes = clustered(seed, centres, members, farthest)
    assert pairs_of(hashes) == all_pairs(hashes)


def test_one_bit_more_is_no_near_copy():
    first = np.random.default_rng(0).random(256) < 0.5
    assert pairs_of(np.array([first, flipped(first, range(LARGEST_DISTANCE + 1))])) == set()


def test_small_portions_find_the_same_pairs(monkeypatch):
    hashes = clustered(0, 3, 80, 30)
    for portion in (1, 4, 9, 25, 49):
        monkeypatch.setattr(near, "AT_ONCE", portion)
        assert pairs_of(hashes) == all_pairs(hashes)


def grouped(hashes: np.ndarray, folder: Path) -> list[int]:
    """The groups of pictures of which only the hashes tell: each is of one grey level, so no view of it is like another."""
    groups = near_groups(hashes, np.full((len(hashes), SIDE, SIDE), 7, np.uint8), folder, untold).tolist()
    assert not list(folder.iterdir())
    return groups


def test_a_near_copy_of_a_near_copy_is_in_the_group(tmp_path):
    first = np.random.default_rng(0).random(256) < 0.5
    chain = np.array([flipped(first, range(30 * step)) for step in range(4)] + [~first])
    groups = grouped(packed(chain), tmp_path)
    assert groups == [groups[0]] * 4 + [groups[4]]
    assert groups[4] != groups[0]


@pytest.mark.parametrize("count", [0, 1])
def test_of_one_hash_or_none_there_is_no_pair(count, tmp_path):
    hashes = np.ones((count, 32), np.uint8)
    assert [len(side) for side in near_pairs(hashes, untold)] == [0, 0]
    assert len(grouped(hashes, tmp_path)) == count


def test_heads_are_never_less_alike_than_their_descriptors():
    random = np.random.default_rng(0)
    units = random.normal(size=(200, COSINES**2)) / np.arange(1, COSINES**2 + 1)
    units[100:150] = units[:50] + 0.1 * units[50:100]
    units = (units / np.linalg.norm(units, axis=1, keepdims=True)).astype(np.float32)
    units[-1] = 0  # of a picture of one grey level
    axes = np.linalg.qr(random.normal(size=(COSINES**2, AXES)))[0].astype(np.float32)
    for these in (axes, np.eye(COSINES**2, AXES, dtype=np.float32)):
        heads = Search(units, Path(), Scale(units, units), Rows(Path(), np.float32, (COSINES**2,)), these).head(units)
        assert (heads @ heads.T >= units @ units.T - 1e-5).all()
