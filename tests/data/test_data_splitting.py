"""60/20/20 by a seed, and nothing that belongs together on two sides."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unlearning.data.splitting import SPLITS, split, split_by_hash, units

SEEDS = st.integers(0, 2**32 - 1)
STRATIFY = ("none", "age")
WAYS = st.sampled_from(STRATIFY)
PEOPLE = st.sampled_from(["", "007", "Ann", "Bob", "Eve"])
TOGETHER = st.lists(st.tuples(st.integers(20, 60), st.integers(0, 60), PEOPLE), min_size=1, max_size=80)


def strangers(count: int, ages=None) -> pd.DataFrame:
    """Faces of which none belongs to another; one of each year in turn where no ages are given."""
    ids = [f"{number:04d}" for number in range(count)]
    return pd.DataFrame({"id": ids, "near": ids, "subject": "", "age": 20 + np.arange(count) % 41 if ages is None else ages})


def sizes(names: np.ndarray) -> dict[str, int]:
    return {name: int((names == name).sum()) for name in SPLITS}


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.integers(5, 400), SEEDS, WAYS)
def test_faces_are_split_60_20_20(count, seed, stratify):
    """Every five are dealt three, one and one; the rest of up to four can miss its share by 1.2 faces at most."""
    parts = sizes(split(strangers(count), seed, stratify))
    assert sum(parts.values()) == count
    assert min(parts.values()) >= 1
    assert abs(parts["train"] - 0.6 * count) <= 1.2 + 1e-9
    assert abs(parts["validation"] - 0.2 * count) <= 0.8 + 1e-9
    assert abs(parts["test"] - 0.2 * count) <= 0.8 + 1e-9


@settings(derandomize=True, max_examples=40, deadline=None)
@given(st.lists(st.integers(20, 60), min_size=5, max_size=300), SEEDS, st.integers(20, 60), st.integers(20, 60))
def test_stratified_parts_are_60_20_20_within_any_range_of_ages(ages, seed, low, high):
    """A range cuts at most two hands of five, one at either end."""
    names = split(strangers(len(ages), ages), seed, "age")
    within = np.array([min(low, high) <= age <= max(low, high) for age in ages])
    parts = sizes(names[within])
    assert abs(parts["train"] - 0.6 * within.sum()) <= 2.4 + 1e-9
    assert abs(parts["validation"] - 0.2 * within.sum()) <= 1.6 + 1e-9
    assert abs(parts["test"] - 0.2 * within.sum()) <= 1.6 + 1e-9


@pytest.mark.parametrize("stratify", STRATIFY)
def test_every_face_is_in_every_part_as_often_as_the_share_says(stratify):
    """300 seeds: five standard deviations around 180, 60 and 60."""
    faces = strangers(13)
    names = np.array([split(faces, seed, stratify) for seed in range(300)])
    assert (np.abs((names == "train").sum(axis=0) - 180) < 5 * 8.5).all()
    assert (np.abs((names == "test").sum(axis=0) - 60) < 5 * 7).all()


@settings(derandomize=True, max_examples=90, deadline=None)
@given(TOGETHER, SEEDS, st.sampled_from([*STRATIFY, "hash"]))
def test_no_near_copy_and_no_subject_is_on_two_sides(rows, seed, way):
    ages, near, subjects = zip(*rows, strict=True)
    faces = strangers(len(rows), ages).assign(near=[f"n{number}" for number in near], subject=list(subjects))
    faces["split"] = split_by_hash(faces, seed) if way == "hash" else split(faces, seed, way)
    assert faces.groupby("near").split.nunique().max() == 1
    known = faces[faces.subject != ""]
    assert known.empty or known.groupby("subject").split.nunique().max() == 1


def test_a_chain_of_near_copies_and_subjects_is_one_unit():
    """1 and 2 are near-copies, 2 and 3 show one person, 3 and 4 are near-copies; 5 is a stranger."""
    faces = strangers(5).assign(near=["a", "a", "b", "b", "c"], subject=["", "Ann", "Ann", "", ""])
    assert units(faces).tolist() == [0, 0, 0, 0, 1]


def crowd(count: int, seed: int = 0) -> pd.DataFrame:
    """Faces with ids as pictures have them; every tenth is a near-copy of the one before, every seventh shows a person."""
    random = np.random.default_rng(seed)
    ids = [random.bytes(16).hex() for _ in range(count)]
    near = [min(ids[n - 1 : n + 1]) if n % 10 == 9 else min(ids[n : n + 2]) if n % 10 == 8 else ids[n] for n in range(count)]
    return pd.DataFrame({"id": ids, "near": near, "subject": ["" if n % 7 else f"p{n % 40}" for n in range(count)]})


@pytest.mark.parametrize("seed", range(3))
def test_by_hash_a_face_that_is_added_moves_no_other(seed):
    """Whatever the others are, also where it is another picture of a known person, and in whatever order they come."""
    faces = crowd(600)
    whole = pd.Series(split_by_hash(faces, seed), faces.id)
    for some in (faces[:300], faces[300:], faces[100:500].sample(frac=1, random_state=seed)):
        alone = pd.Series(split_by_hash(some, seed), some.id)
        assert alone.equals(whole[alone.index])
    assert (split_by_hash(faces, seed + 1) != whole).any(), "the seed decides where"


def test_by_hash_the_parts_are_60_20_20_within_what_drawing_gives():
    """Four standard deviations of 20,000 faces that are drawn one by one."""
    parts = sizes(split_by_hash(strangers(20_000), 0))
    assert abs(parts["train"] - 12_000) < 4 * (20_000 * 0.6 * 0.4) ** 0.5
    assert abs(parts["validation"] - 4_000) < 4 * (20_000 * 0.2 * 0.8) ** 0.5
    assert abs(parts["test"] - 4_000) < 4 * (20_000 * 0.2 * 0.8) ** 0.5
