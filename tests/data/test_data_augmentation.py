"""Copies: as many as an age lacks, of training faces alone, and each a small, known change of its source."""

import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unlearning.data.augmentation import IDENTITY, PARAMETERS, plan_copies, vary

SIDE = 41
MIDDLE = SIDE // 2
LABELS = ["age", "gender", "race", "subject", "near", "split", "row", "file"]
PARTS = st.lists(
    st.tuples(st.integers(20, 26), st.sampled_from(["train", "train", "validation", "test"])), min_size=1, max_size=60
)
TURNS = st.tuples(st.floats(-10, 10), st.floats(-0.1, 0.1), st.floats(-0.1, 0.1), st.floats(0.8, 1.2), st.booleans())


def faces_of(parts: list[tuple[int, str]]) -> pd.DataFrame:
    ages, splits = zip(*parts, strict=True)
    count = np.arange(len(parts))
    ids = [f"{number:04d}" for number in count]
    texts = {"id": ids, "near": ids, "file": ids, "subject": [f"s{number % 3}" for number in count]}
    codes = {"gender": count % 2, "race": count % 5, "row": count[::-1], "age": ages, "split": splits}
    return pd.DataFrame(texts | codes).assign(copy_of="", **IDENTITY)


def changed(picture: np.ndarray, **parameters) -> np.ndarray:
    """One picture under the identity but for these parameters."""
    return vary(picture[None], pd.DataFrame([IDENTITY | parameters]))[0]


def spot(right: float, down: float) -> np.ndarray:
    """A soft white spot on black, so many pixels right of and below the middle."""
    y, x = np.mgrid[:SIDE, :SIDE] - MIDDLE
    light = 255 * np.exp(-((x - right) ** 2 + (y - down) ** 2) / 8)
    return np.repeat(light[..., None], 3, axis=2).round().astype(np.uint8)


def place(picture: np.ndarray) -> tuple[float, float]:
    """Where the light is, in pixels right of and below the middle."""
    light = picture[..., 0].astype(float)
    y, x = np.mgrid[:SIDE, :SIDE] - MIDDLE
    return (light * x).sum() / light.sum(), (light * y).sum() / light.sum()


@settings(derandomize=True, max_examples=60, deadline=None)
@given(PARTS, st.integers(0, 12), st.integers(0, 2**31))
def test_every_training_age_is_brought_up_to_the_number_and_no_other_part_is_touched(parts, augment_to, seed):
    faces = faces_of(parts)
    copies = plan_copies(faces, augment_to, seed)
    assert set(copies.split) <= {"train"}
    train = faces[faces.split == "train"]
    before, made = train.groupby("age").size(), copies.groupby("age").size()
    after = before.add(made, fill_value=0)
    assert after.to_dict() == {age: max(count, augment_to) for age, count in before.items()}


@settings(derandomize=True, max_examples=30, deadline=None)
@given(PARTS, st.integers(0, 2**31))
def test_a_copy_names_its_source_and_keeps_its_labels(parts, seed):
    faces = faces_of(parts)
    copies = plan_copies(faces, 9, seed)
    sources = faces.set_index("id").loc[copies.copy_of].reset_index(drop=True)
    assert sources[LABELS].equals(copies[LABELS].reset_index(drop=True))
    assert pd.concat([faces.id, copies.id]).is_unique


@settings(derandomize=True, max_examples=30, deadline=None)
@given(st.integers(1, 9), st.integers(1, 40), st.integers(0, 2**31))
def test_the_sources_of_an_age_take_turns(count, augment_to, seed):
    copies = plan_copies(faces_of([(30, "train")] * count), augment_to, seed)
    turns = copies.copy_of.value_counts().reindex([f"{number:04d}" for number in range(count)], fill_value=0)
    assert turns.max() - turns.min() <= 1


def test_the_changes_reach_up_to_the_studys_bounds_and_not_beyond():
    """600 copies: rotation to 10 degrees, shifts to a tenth of the side, zoom to a fifth, about half of them mirrored."""
    copies = plan_copies(faces_of([(30, "train")]), 601, 0)
    bounds = {"rotation": (-10, 10), "shift_x": (-0.1, 0.1), "shift_y": (-0.1, 0.1), "zoom": (0.8, 1.2)}
    for name, (low, high) in bounds.items():
        reach = 0.02 * (high - low)
        assert low <= copies[name].min() < low + reach
        assert high - reach < copies[name].max() <= high
    assert 240 <= copies.flip.sum() <= 360  # five standard deviations around 300


@pytest.mark.parametrize("side", [16, 33, 48, 224])
def test_identity_parameters_change_nothing(side):
    picture = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    assert (changed(picture) == picture).all()


@pytest.mark.parametrize("side", [16, 33])
def test_a_flip_is_the_mirror_image_and_two_are_the_identity(side):
    picture = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    mirrored = changed(picture, flip=True)
    assert (mirrored == picture[:, ::-1]).all()
    assert (changed(mirrored, flip=True) == picture).all()


@settings(derandomize=True, max_examples=40, deadline=None)
@given(TURNS, st.integers(-8, 8), st.integers(-8, 8))
def test_a_picture_is_mirrored_then_turned_and_zoomed_about_its_middle_then_shifted(turn, right, down):
    rotation, shift_x, shift_y, zoom, flip = turn
    x, y = -right if flip else right, down
    angle = np.deg2rad(rotation)
    x, y = zoom * (x * np.cos(angle) - y * np.sin(angle)), zoom * (x * np.sin(angle) + y * np.cos(angle))
    varied = changed(spot(right, down), **dict(zip(PARAMETERS, turn, strict=True)))
    assert place(varied) == pytest.approx((x + shift_x * SIDE, y + shift_y * SIDE), abs=0.15)


def test_the_border_is_repeated():
    """Red on the left edge, blue on the right one: what a shift leaves open takes the colour of the edge."""
    picture = np.zeros((20, 20, 3), np.uint8)
    picture[:, 0], picture[:, -1] = (255, 0, 0), (0, 0, 255)
    assert (changed(picture, shift_x=0.1)[:, :3] == (255, 0, 0)).all()
    assert (changed(picture, shift_x=-0.1)[:, -3:] == (0, 0, 255)).all()


@pytest.mark.parametrize("side", [16, 48])
def test_a_copy_is_the_same_alone_among_others_and_from_a_csv_file(side):
    pictures = np.random.default_rng(0).integers(0, 256, (40, side, side, 3), dtype=np.uint8)
    planned = plan_copies(faces_of([(30, "train")]), 41, 0)
    together = vary(pictures, planned)
    written = pd.read_csv(io.StringIO(planned.to_csv(index=False)))
    assert (vary(pictures, written) == together).all()
    assert all((vary(pictures[[n]], written.iloc[[n]])[0] == together[n]).all() for n in range(40))
