"""A photograph is found again in the data, as it is and changed, and nobody else is."""

import numpy as np
import pytest
from data_pictures import encode, noise
from planting import CHANGES, planted

from unlearning.data.drawn import draw_folder
from unlearning.data.images import decode
from unlearning.data.photograph import MIRRORED, SAME, matches

SIDE, COUNT = 48, 40
MISSED = 1  # of 16: resizing averages the noise away that a drawn face's detail mostly consists of


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return sorted(draw_folder(tmp_path_factory.mktemp("drawn") / "faces", COUNT, 5, (20, 60)).glob("*.jpg"))


@pytest.fixture(scope="module")
def pixels(files):
    return np.stack([decode(file.read_bytes(), SIDE) for file in files])


def found(photograph, pixels, rows=None):
    return matches(decode(photograph, SIDE), pixels, np.arange(len(pixels)) if rows is None else rows)


def test_a_picture_of_the_data_is_found_as_the_same_and_alone(files, pixels):
    (match,) = found(files[7].read_bytes(), pixels)
    assert (match.place, match.how) == (7, SAME)


def test_copies_as_people_make_them_are_found_and_other_people_are_not(files, pixels):
    missed, mirrored = 0, set()
    for number, change in enumerate([*CHANGES, *CHANGES]):
        hits = found(planted(files[number].read_bytes(), change, number), pixels)
        assert {hit.place for hit in hits} <= {number}, change
        missed += not hits
        mirrored |= {change for hit in hits if hit.how == MIRRORED}
    assert missed <= MISSED
    assert mirrored == {change for change in CHANGES if change.startswith("mirrored")}


def test_only_the_rows_that_are_asked_for_are_looked_through(files, pixels):
    rows = np.array([30, 7, 2])
    (match,) = found(files[7].read_bytes(), pixels, rows)
    assert match.place == 1
    assert found(files[8].read_bytes(), pixels, rows) == []


def test_what_shows_nobody_of_the_data_is_found_nowhere(pixels):
    assert found(encode(noise(1)), pixels) == []
