"""Drawn faces: the same seed draws the same folder, and their names say what they are."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from unlearning.data.drawn import draw_face, draw_folder
from unlearning.data.labels import parse
from waiting import wait_until

COUNT = 12


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.glob("*.jpg")}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return draw_folder(tmp_path_factory.mktemp("drawn") / "faces", COUNT, 0, (20, 60))


def test_the_same_seed_draws_the_same_bytes(drawn, tmp_path):
    assert contents(draw_folder(tmp_path, COUNT, 0, (20, 60))) == contents(drawn)


def test_the_names_are_those_of_utkface_with_ages_within_the_bounds(drawn):
    assert all(20 <= parse(name).age <= 60 for name in contents(drawn))


def test_a_finished_folder_is_left_as_it_is(tmp_path):
    draw_folder(tmp_path, 3, 0, (20, 60))
    for file in tmp_path.glob("*.jpg"):
        file.unlink()
    draw_folder(tmp_path, 3, 0, (20, 60))
    assert contents(tmp_path) == {}


def test_a_folder_whose_drawing_was_interrupted_is_drawn_to_its_end(drawn, tmp_path):
    name, whole = min(contents(drawn).items())
    (tmp_path / name).write_bytes(whole[:100])
    assert contents(draw_folder(tmp_path, COUNT, 0, (20, 60))) == contents(drawn)


def test_age_is_visible():
    """The hair of the old is lighter than the hair of the young, on average over faces that differ in nothing else."""

    def hair(age: int) -> float:
        faces = [draw_face(age, 1, 1, np.random.default_rng(seed)) for seed in range(12)]
        return float(np.mean([np.asarray(face)[60:150, 40:50].mean() for face in faces]))

    assert hair(60) > hair(20) + 40


def test_drawn_faces_pass_every_threshold_and_none_is_a_near_copy_of_another(data):
    """Otherwise drawn data would be smaller than asked for, and its split would not be 60/20/20."""
    assert data.rejected.empty
    assert data.manifest.near.is_unique
    assert data.manifest.split.value_counts().to_dict() == {"train": 96, "validation": 32, "test": 32}


def test_what_a_drawing_has_returned_no_other_drawing_touches(tmp_path):
    """Another run begins when some faces are drawn, and the first reads them while the second may still be drawing."""
    folder = tmp_path / "faces"

    def draw(drawn: int) -> dict[str, tuple[int, int]]:
        wait_until(lambda: len(list(folder.glob("*.jpg"))) >= drawn)
        draw_folder(folder, 40, 0, (20, 60))
        return {p.name: (p.stat().st_ino, p.stat().st_mtime_ns) for p in folder.iterdir()}

    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(draw, (0, 1))
    assert first == second == draw(0)
    assert len(first) == 40
