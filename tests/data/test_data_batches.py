"""Every epoch shows every face once, flipped and shifted or as it is, with its own age and its own mark, in even batches."""

import pickle
from collections import Counter

import numpy as np
import pandas as pd
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from forgetting import forget_set
from unlearning.data.faces import Batches, FaceSet
from unlearning.data.forget import forget_mask, retain_mask

SIDE = 4
SEEDS = st.integers(0, 2**31)


def numbered(count: int, side: int = SIDE) -> FaceSet:
    """Faces whose pixels all hold their row of the map; the manifest names the rows backwards. Age = 20 + row % 41."""
    pixels = np.arange(count, dtype=np.uint8)[:, None, None, None].repeat(side, 1).repeat(side, 2).repeat(3, 3)
    rows = np.arange(count)[::-1]
    return FaceSet(pd.DataFrame({"row": rows, "age": 20 + rows % 41, "split": "train"}), pixels)


def rows_of(batch) -> list[int]:
    """The row of the map that each picture of the batch was cut from."""
    return batch.images[:, 0, 0, 0].tolist()


def halves(faces: FaceSet, border: int = 30) -> tuple[FaceSet, FaceSet]:
    """The faces from ``border`` years, and the younger."""
    young = (faces.frame.age < border).to_numpy()
    return faces.where(~young), faces.where(young)


@settings(derandomize=True, max_examples=40, deadline=None)
@given(st.integers(1, 200), st.integers(1, 64), SEEDS, st.booleans(), st.sampled_from([0.0, 0.25]))
def test_every_face_comes_once_an_epoch(count, size, seed, flip, shift):
    batches = Batches(numbered(count), None, size, flip, shift, seed)
    for _ in range(2):
        assert sorted(row for batch in batches for row in rows_of(batch)) == list(range(count))


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.integers(2, 200), st.integers(3, 64))
def test_batches_differ_by_one_face_at_most_and_none_holds_a_single_face(count, size):
    batches = Batches(numbered(count), None, size, False, 0.0, 0)
    sizes = [len(batch.ages) for batch in batches]
    assert len(sizes) == len(batches)
    assert max(sizes) - min(sizes) <= 1
    assert 2 <= min(sizes) <= max(sizes) <= size


@settings(derandomize=True, max_examples=30, deadline=None)
@given(SEEDS, st.booleans(), st.sampled_from([0.0, 0.25]))
def test_ages_and_marks_stay_with_their_pixels(seed, flip, shift):
    retain, forget = halves(numbered(100))
    for batch in Batches(retain, forget, 16, flip, shift, seed):
        ages = [20 + row % 41 for row in rows_of(batch)]
        assert batch.ages.tolist() == ages
        assert batch.forget.tolist() == [age < 30 for age in ages]


@settings(derandomize=True, max_examples=20, deadline=None)
@given(SEEDS, st.sampled_from(["20-28", "36-44", "60-60"]))
def test_with_the_retain_set_alone_no_forgotten_face_is_ever_shown(faces, data, seed, rule):
    """Told by the pixels: of the drawn faces no two are alike."""
    forget = forget_set(rule, data.manifest)
    forgotten = data.manifest[forget_mask(data.manifest, forget)]
    learned = data.manifest[retain_mask(data.manifest, [forget])]
    names = {data.pixels[face.row].tobytes(): face.id for face in data.manifest.itertuples()}
    batches = Batches(faces.where(retain_mask(faces.frame, [forget])), None, 16, False, 0.0, seed)
    shown = Counter(names[picture.numpy().tobytes()] for b in batches for picture in b.images.permute(0, 2, 3, 1))
    assert len(names) == len(data.manifest)
    assert shown == Counter(learned.id)
    assert shown.keys().isdisjoint(forgotten.id)


@settings(derandomize=True, max_examples=20, deadline=None)
@given(SEEDS)
def test_the_same_seed_gives_the_same_batches_epoch_by_epoch(seed):
    def epochs() -> list[list]:
        batches = Batches(*halves(numbered(60, 8)), 16, True, 0.25, seed)
        return [[(b.images.tolist(), b.ages.tolist(), b.forget.tolist()) for b in batches] for _ in range(2)]

    first, second = epochs(), epochs()
    assert first == second
    assert first[0] != first[1]


def test_a_batch_is_channels_last_bytes_with_ages_in_years():
    batch = next(iter(Batches(numbered(20), None, 8, True, 0.25, 0)))
    assert (batch.images.dtype, batch.ages.dtype, batch.forget.dtype) == (torch.uint8, torch.float32, torch.bool)
    assert batch.images.shape[1:] == (3, SIDE, SIDE)
    assert batch.images.is_contiguous(memory_format=torch.channels_last)


def test_batches_leave_the_map_as_it_was(faces, data):
    before = np.array(data.pixels)
    for batch in Batches(faces, None, 32, True, 0.25, 0):
        batch.images.zero_()
        batch.ages.zero_()
    assert (data.pixels == before).all()
    assert faces.ages.min() >= 20


def test_a_set_goes_to_another_process_by_the_path_of_its_pixels(faces):
    part = faces.part("train")
    sent = pickle.dumps(part)
    assert len(sent) < part.pixels.nbytes / 2
    assert torch.equal(pickle.loads(sent).images(torch.arange(5)), part.images(torch.arange(5)))


WIDE, MANY = 10, 120
PICTURES = np.random.default_rng(0).integers(0, 256, (MANY, WIDE, WIDE, 3), dtype=np.uint8)
ORIGINALS = FaceSet(pd.DataFrame({"row": range(MANY), "age": range(MANY), "split": "train"}), PICTURES)


def shown(flip: bool, shift: float, seed: int = 0) -> list[tuple[np.ndarray, np.ndarray]]:
    """The original and what was shown for it, for every face of one epoch; the age says which face it is."""
    batches = Batches(ORIGINALS, None, 32, flip, shift, seed)
    return [
        (PICTURES[int(age)], picture.numpy())
        for batch in batches
        for age, picture in zip(batch.ages, batch.images.permute(0, 2, 3, 1), strict=True)
    ]


def moved(picture: np.ndarray, down: int, right: int) -> np.ndarray:
    """The part of the picture that begins ``down`` and ``right`` pixels further, with repeated edges."""
    padded = np.pad(picture, ((WIDE, WIDE), (WIDE, WIDE), (0, 0)), mode="edge")
    return padded[WIDE + down :, WIDE + right :][:WIDE, :WIDE]


def move_of(original: np.ndarray, picture: np.ndarray, reach: int) -> tuple[bool, int, int] | None:
    """Which flip and shift of at most ``reach`` pixels made the picture."""
    steps = range(-reach, reach + 1)
    for mirrored in (False, True):
        source = original[:, ::-1] if mirrored else original
        for down in steps:
            for right in steps:
                if (moved(source, down, right) == picture).all():
                    return mirrored, down, right
    return None


def test_a_shift_of_less_than_a_pixel_is_none():
    assert all((original == picture).all() for original, picture in shown(False, 0.09))


def test_a_flip_shows_the_picture_or_its_mirror_image_about_half_of_the_time_each():
    moves = [move_of(original, picture, 0) for original, picture in shown(True, 0.0)]
    assert set(moves) == {(False, 0, 0), (True, 0, 0)}
    assert 40 <= moves.count((True, 0, 0)) <= 80  # of 120, four standard deviations around 60


def test_a_shift_moves_the_picture_by_up_to_its_share_of_the_side_and_repeats_the_edge():
    moves = [move_of(original, picture, 2) for original, picture in shown(False, 0.2)]
    assert None not in moves
    assert not any(mirrored for mirrored, _, _ in moves)
    assert {down for _, down, _ in moves} == {right for _, _, right in moves} == {-2, -1, 0, 1, 2}


def test_the_moves_are_drawn_anew_each_epoch():
    batches = Batches(ORIGINALS, None, MANY, True, 0.2, 0)
    first, second = (b.images[torch.argsort(b.ages)] for b in (next(iter(batches)), next(iter(batches))))
    assert not torch.equal(first, second)
