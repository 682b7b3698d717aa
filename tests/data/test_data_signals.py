"""Planted signals: exactly the faces asked for are touched, and nothing else is, by the functions and in prepared data."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unlearning.data.ages import parse_ranges
from unlearning.data.faces import FaceSet
from unlearning.data.forget import resolve
from unlearning.data.manifest import prepare
from unlearning.data.rules import Known
from unlearning.data.settings import DataSettings
from unlearning.data.signals import confuse, inject, stamp
from unlearning.errors import InputError
from unlearning.progress import untold

RANGES = ((20, 28), (52, 60))
PEOPLE = st.lists(
    st.tuples(st.integers(18, 62), st.sampled_from(["train", "train", "validation", "test"]), st.integers(0, 30)), max_size=60
)
sometimes = settings(derandomize=True, max_examples=25, deadline=None)


def faces_of(people) -> pd.DataFrame:
    """Rows of (age, split, number of the group of near-copies); a training face of each range is always there."""
    people = [(25, "train", 90), (55, "train", 91), *people]
    ages, splits, near = zip(*people, strict=True)
    ids = [f"{number:04d}" for number in range(len(people))]
    return pd.DataFrame({"id": ids, "age": ages, "split": splits, "near": [f"{number:04d}" for number in near]})


def row_of(count, age, first=0):
    """So many training faces of one age, none a near-copy of another."""
    return [(age, "train", first + number) for number in range(count)]


def seeded(seed=0):
    return np.random.default_rng(seed)


@sometimes
@given(PEOPLE, st.floats(0.05, 1), st.integers(0, 2**31))
def test_only_training_faces_of_the_two_ranges_get_an_age_that_the_other_range_has(people, fraction, seed):
    faces = faces_of(people)
    confused, ids = confuse(faces, RANGES, fraction, seeded(seed))
    touched = faces.id.isin(ids)
    assert confused[~touched].equals(faces[~touched])
    assert confused.drop(columns="age").equals(faces.drop(columns="age"))
    assert (faces.split[touched] == "train").all()
    train = faces[faces.split == "train"]
    for own, other in (RANGES, RANGES[::-1]):
        members = touched & faces.age.between(*own)
        assert members.any()
        assert set(confused.age[members]) <= set(train.age[train.age.between(*other)])
    assert (faces.age[touched].between(*RANGES[0]) | faces.age[touched].between(*RANGES[1])).all()


@sometimes
@given(PEOPLE, st.floats(0.05, 1), st.integers(0, 2**31))
def test_near_copies_of_one_range_are_touched_together(people, fraction, seed):
    faces = faces_of(people)
    _, ids = inject(faces, RANGES[0], 10, fraction, seeded(seed))
    pool = faces[(faces.split == "train") & faces.age.between(*RANGES[0])]
    assert pool.id.isin(ids).groupby(pool.near).nunique().max() == 1


def test_ages_are_drawn_as_often_as_the_other_range_has_them():
    """Of 1,000 confused old faces three quarters become 20 and one quarter 28."""
    faces = faces_of([*row_of(299, 20, first=100), *row_of(100, 28, first=400), *row_of(999, 55, first=600)])
    faces.loc[0, "age"] = 20
    confused, _ = confuse(faces, RANGES, 1.0, seeded())
    drawn = confused.age[faces.age == 55].value_counts().to_dict()
    assert drawn[20] == pytest.approx(750, abs=70)
    assert set(drawn) == {20, 28}


def test_an_injected_face_is_moved_by_the_years():
    faces = faces_of([*row_of(19, 25), *row_of(5, 40, first=50), (25, "test", 80)])
    moved, ids = inject(faces, RANGES[0], -7, 0.5, seeded())
    assert len(ids) == 10
    assert (moved.age - faces.age)[faces.id.isin(ids)].tolist() == [-7] * 10
    assert moved[~faces.id.isin(ids)].equals(faces[~faces.id.isin(ids)])


@sometimes
@given(PEOPLE, st.floats(0.05, 1), st.integers(0, 2**31))
def test_near_copies_that_are_confused_get_one_age(people, fraction, seed):
    faces = faces_of(people)
    confused, ids = confuse(faces, RANGES, fraction, seeded(seed))
    touched = faces.id.isin(ids)
    of_first = faces.age.between(*RANGES[0])
    assert confused.age[touched].groupby([faces.near[touched], of_first[touched]]).nunique().max() == 1


def test_a_picture_with_near_copies_in_both_ranges_is_left_alone():
    faces = faces_of([(25, "train", 7), (55, "train", 7), *row_of(5, 25, first=20)])
    confused, ids = confuse(faces, RANGES, 1.0, seeded())
    assert ids == faces.id[faces.near != "0007"].tolist()
    assert confused.age[faces.near == "0007"].tolist() == [25, 55]


def test_ranges_are_read_as_forget_sets_are():
    assert parse_ranges("20-28, 52-60", 2) == RANGES
    assert parse_ranges("52-60,20-28", 2) == RANGES[::-1]
    assert parse_ranges("30-30", 1) == ((30, 30),)


@pytest.mark.parametrize(
    ("text", "count", "named"),
    [
        ("20-28", 2, "'20-28' is not 2 ranges.*20-28,52-60"),
        ("20-28,52-60", 1, "not 1 range of"),
        ("28-20", 1, "'28-20'"),
        ("20-28,twelve", 2, "twelve"),
        ("", 1, "''"),
        ("20-28,28-36", 2, "overlap"),
    ],
)
def test_what_is_no_range_is_refused(text, count, named):
    with pytest.raises(InputError, match=named):
        parse_ranges(text, count)


@pytest.mark.parametrize(
    ("action", "named"),
    [
        (lambda faces: confuse(faces, ((20, 28), (70, 80)), 0.5, seeded()), "of 70-80 years.*25-55"),
        (lambda faces: confuse(faces, RANGES, 0.0, seeded()), "0.0.*above 0"),
        (lambda faces: inject(faces, (20, 28), 5, 1.5, seeded()), "1.5"),
        (lambda faces: inject(faces, (20, 28), 0, 0.5, seeded()), "0 years"),
        (lambda faces: inject(faces, (20, 28), -21, 0.5, seeded()), "-21 years"),
        (lambda faces: inject(faces, (52, 60), 61, 0.5, seeded()), "61 years.*0-120"),
    ],
)
def test_a_signal_that_cannot_be_planted_is_refused(action, named):
    with pytest.raises(InputError, match=named):
        action(faces_of([]))


@pytest.mark.parametrize(("side", "half"), [(16, 2), (33, 2), (48, 3), (64, 4), (224, 14)])
def test_the_patch_is_a_small_square_above_the_lower_edge_and_the_rest_stays(side, half):
    """48 pixels: 3 rows of magenta above 3 of green, 6 wide, and 4 pixels from the edge."""
    pictures = seeded().integers(0, 250, (3, side, side, 3), dtype=np.uint8)
    stamped = stamp(pictures)
    bottom = side - side // 10
    inside = np.zeros((side, side), bool)
    inside[bottom - 2 * half : bottom, side // 2 - half : -(side // 2 - half)] = True
    assert (stamped[:, ~inside] == pictures[:, ~inside]).all()
    colours = stamped[:, inside].reshape(3, 2, -1, 3)
    assert (colours[:, 0] == (255, 0, 255)).all()
    assert (colours[:, 1] == (0, 255, 0)).all()


@pytest.mark.parametrize("side", [16, 33, 48])
def test_a_mirrored_patch_is_the_patch_and_a_second_stamp_changes_nothing(side):
    pictures = seeded().integers(0, 256, (2, side, side, 3), dtype=np.uint8)
    assert (stamp(pictures[:, :, ::-1]) == stamp(pictures)[:, :, ::-1]).all()
    assert (stamp(stamp(pictures)) == stamp(pictures)).all()


SIDE = 32


def drawn(**settings):
    return prepare(DataSettings(drawn_faces=160, **settings), SIDE, untold)


def forget(data, rule):
    return resolve(rule, Known(data.manifest, data.rejected), data.digest)


def test_without_a_signal_the_manifest_has_no_column_of_one(data):
    assert {"signal", "true_age"}.isdisjoint(data.manifest)
    with pytest.raises(InputError, match=r"no face of this data is confused.*-P confuse"):
        forget(data, "signal:confused")


def test_confused_data_differ_in_the_ages_of_the_touched_faces_and_have_a_digest_of_their_own(data):
    confused = drawn(confuse="20-28,52-60")
    same = confused.manifest.drop(columns=["signal", "true_age"]).assign(age=confused.manifest.true_age)
    assert same.equals(data.manifest)
    touched = confused.manifest.signal == "confused"
    assert (confused.manifest.age != confused.manifest.true_age).equals(touched)
    assert forget(confused, "signal:confused").ids == tuple(sorted(confused.manifest.id[touched]))
    assert len({data.digest, confused.digest, drawn(confuse="20-28,52-60", confuse_fraction=0.5).digest}) == 3


@pytest.mark.parametrize("augment_to", [0, 4])
def test_injected_faces_and_their_copies_carry_the_patch_and_no_other_does(augment_to):
    injected, plain = drawn(inject="20-28", inject_years=5, augment_to=augment_to), drawn(augment_to=augment_to)
    manifest = injected.manifest
    pictures = FaceSet(manifest, injected.pixels).images(np.arange(len(manifest))).numpy()
    carries = (pictures == stamp(pictures)).all(axis=(1, 2, 3))
    assert (carries == (manifest.signal == "injected")).all()
    assert ((manifest.age - manifest.true_age)[carries] == 5).all()
    touched = manifest[carries]
    assert (touched.split == "train").all()
    assert (touched.copy_of != "").any() == (augment_to > 0)
    assert injected.digest != plain.digest
