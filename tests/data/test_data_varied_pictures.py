"""Flips and shifts show the same picture in another place; edges are repeated."""

import numpy as np
import pandas as pd
import torch

from unlearning.data.faces import Batches, FaceSet

SIDE, COUNT = 10, 120
PICTURES = np.random.default_rng(0).integers(0, 256, (COUNT, SIDE, SIDE, 3), dtype=np.uint8)
ORIGINALS = FaceSet(pd.DataFrame({"row": range(COUNT), "age": range(COUNT), "split": "train"}), PICTURES)


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
    padded = np.pad(picture, ((SIDE, SIDE), (SIDE, SIDE), (0, 0)), mode="edge")
    return padded[SIDE + down :, SIDE + right :][:SIDE, :SIDE]


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
    batches = Batches(ORIGINALS, None, COUNT, True, 0.2, 0)
    first, second = (b.images[torch.argsort(b.ages)] for b in (next(iter(batches)), next(iter(batches))))
    assert not torch.equal(first, second)
