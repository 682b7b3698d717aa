"""The manifest: 60/20/20 by a seed, and a digest that names content, labels and splits and nothing else."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from data_pictures import fill, no_bar
from hypothesis import given, settings
from hypothesis import strategies as st

from unlearning.data.images import decode
from unlearning.data.manifest import COLUMNS, SPLITS, prepare, source_folder, split
from unlearning.data.settings import DataSettings
from unlearning.errors import InputError

SIDE = 16


@pytest.fixture
def folder(tmp_path):
    ages = {f"{20 + 2 * n}_{n % 2}_{n % 5}_{n}.jpg": n for n in range(20)}
    return fill(tmp_path / "faces", ages | {"holiday.jpg": 50, "61_0_0_1.jpg": 51, "59_0_0_7.jpg": 3, "58_0_0_9.jpg": b""})


def prepared(folder, side=SIDE, **changes):
    return prepare(DataSettings(data_dir=str(folder), **changes), side, no_bar)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.integers(5, 400), st.integers(0, 2**32 - 1))
def test_faces_are_split_60_20_20(count, seed):
    """Validation and test are a fifth each, within one face; training takes the rest."""
    names = split(count, seed)
    parts = {name: int((names == name).sum()) for name in SPLITS}
    assert sum(parts.values()) == count
    assert min(parts.values()) >= 1
    assert abs(parts["test"] - 0.2 * count) < 1
    assert abs(parts["validation"] - 0.2 * count) < 1
    assert abs(parts["train"] - 0.6 * count) < 2


def test_a_count_that_five_divides_is_split_exactly():
    assert [int((split(20, 0) == name).sum()) for name in SPLITS] == [12, 4, 4]


@settings(derandomize=True, max_examples=20, deadline=None)
@given(st.integers(20, 200), st.integers(0, 2**31))
def test_the_split_follows_its_seed(count, seed):
    assert (split(count, seed) == split(count, seed)).all()
    assert (split(count, seed) != split(count, seed + 1)).any()


def test_every_part_holds_young_and_old(data):
    """The split is drawn at random, not cut along the ages."""
    for _, part in data.manifest.groupby("split"):
        assert part.age.min() < 30 < 50 < part.age.max()


def test_the_same_seed_gives_the_same_digest_in_another_cache(folder, tmp_path, monkeypatch):
    first = prepared(folder).digest
    monkeypatch.setenv("UNLEARNING_CACHE", str(tmp_path / "another"))
    assert prepared(folder).digest == first


def test_another_seed_gives_another_digest(folder):
    assert len({prepared(folder, split_seed=seed).digest for seed in range(3)}) == 3


def test_the_digest_does_not_depend_on_where_the_folder_lies(folder, tmp_path):
    shutil.copytree(folder, tmp_path / "moved" / "far")
    shutil.move(tmp_path / "moved/far/20_0_0_0.jpg", tmp_path / "moved/far/20_0_0_99.jpg")
    assert prepared(tmp_path / "moved").digest == prepared(folder).digest


def test_the_digest_does_not_depend_on_the_side_of_the_pixels(folder):
    assert prepared(folder, side=20).digest == prepared(folder).digest


@pytest.mark.parametrize("new", ["21_0_0_0.jpg", "20_1_0_0.jpg", "20_0_1_0.jpg"])
def test_the_digest_changes_with_a_label(folder, new):
    before = prepared(folder).digest
    (folder / "20_0_0_0.jpg").rename(folder / new)
    assert prepared(folder).digest != before


def test_the_digest_changes_with_a_face(folder):
    before = prepared(folder).digest
    fill(folder, {"20_0_0_0.jpg": 99})
    assert prepared(folder).digest != before


def test_every_file_is_in_the_manifest_or_rejected_with_a_reason(folder):
    data = prepared(folder)
    named = data.manifest.file.tolist() + data.rejected.file.tolist()
    assert sorted(named) == sorted(p.name for p in folder.iterdir())
    assert set(data.rejected.file) == {"holiday.jpg", "61_0_0_1.jpg", "59_0_0_7.jpg", "26_1_3_3.jpg", "58_0_0_9.jpg"}
    assert data.rejected.reason.str.len().min() > 0


def test_the_manifest_has_one_row_a_face_in_the_order_of_ids(folder):
    manifest = prepared(folder).manifest
    assert manifest.columns.tolist() == COLUMNS
    assert manifest.id.is_unique
    assert manifest.id.is_monotonic_increasing
    assert set(manifest.split) == set(SPLITS)
    assert set(manifest.copy_of) == {""}


def test_a_faces_row_holds_its_pixels(folder):
    data = prepared(folder)
    for face in data.manifest.itertuples():
        assert (data.pixels[face.row] == decode((folder / face.file).read_bytes(), SIDE)).all()


def test_only_the_ages_asked_for_are_kept(folder):
    assert sorted(prepared(folder, min_age=30, max_age=40).manifest.age) == [30, 32, 34, 36, 38, 40]


def test_four_faces_are_too_few_and_the_error_says_what_was_left_out(folder):
    with pytest.raises(InputError, match=r"4 usable faces in .*at least 5 are needed; left out: age N is outside N-N \(19\), "):
        prepared(folder, min_age=30, max_age=36)


def test_five_faces_are_enough(folder):
    manifest = prepared(folder, min_age=30, max_age=38).manifest
    assert manifest.split.value_counts().to_dict() == {"train": 3, "validation": 1, "test": 1}


def test_a_folder_that_holds_too_little_and_nothing_wrong_is_said_so(tmp_path):
    fill(tmp_path, {"25_0_0_1.jpg": 1})
    with pytest.raises(InputError, match=r"1 usable faces .* left out: none"):
        prepared(tmp_path)


def test_without_a_folder_faces_are_drawn_in_the_cache(workplace):
    settings = DataSettings(drawn_faces=5, split_seed=3)
    data = prepare(settings, SIDE, no_bar)
    assert len(data.manifest) == 5
    assert source_folder(settings).is_relative_to(workplace / "cache")
    assert np.isin(data.manifest.age, range(20, 61)).all()


def test_drawn_faces_of_other_settings_lie_in_other_folders():
    changes = ({}, {"drawn_faces": 6}, {"min_age": 30}, {"max_age": 40}, {"split_seed": 1})
    assert len({source_folder(DataSettings(**({"drawn_faces": 5} | change))) for change in changes}) == 5
