"""The pixels of copies: made once from their sources' pixels by the parameters of the manifest, and only trusted when whole."""

import io
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from data_pictures import fill, prepared

from certificates.issued import flipped
from unlearning.data import augmentation
from unlearning.data.augmentation import vary
from unlearning.data.images import decode
from unlearning.data.manifest import DataSet, prepare
from unlearning.data.settings import DataSettings

SIDE, COUNT, UP_TO = 16, 20, 12


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("UNLEARNING_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path) -> Path:
    """Twenty faces of four ages."""
    return fill(tmp_path / "faces", {f"{30 + n % 4}_{n % 2}_0_{n}.jpg": n for n in range(COUNT)})


def check(data: DataSet, folder: Path) -> None:
    """A face has its file's pixels, and a copy those made again from its source's by the manifest as CSV holds it."""
    written = pd.read_csv(io.StringIO(data.manifest.to_csv(index=False)), keep_default_na=False)
    rows = written.set_index("id").row
    assert (written.copy_of != "").any()
    for number, face in enumerate(written.itertuples()):
        pixels = decode((folder / face.file).read_bytes(), SIDE)
        if face.copy_of:
            assert (data.pixels[rows[face.copy_of]] == pixels).all()
            pixels = vary(np.array(pixels)[None], written.iloc[[number]])[0]
        assert (data.pixels[face.row] == pixels).all()


def maps(cache: Path) -> list[Path]:
    """Maps with copies; the other is that of what was read."""
    return sorted(path for path in cache.rglob("*.npy") if path.name != "pixels.npy")


@pytest.fixture
def made(monkeypatch) -> list:
    """One entry for every portion of pictures that is varied."""
    calls = []
    whole = augmentation.vary
    monkeypatch.setattr(augmentation, "vary", lambda *given: calls.append(1) or whole(*given))
    return calls


def test_a_copy_can_be_made_again_from_its_sources_pixels_and_the_manifests_numbers(folder):
    check(prepared(folder, SIDE, augment_to=UP_TO), folder)


def test_the_faces_are_the_same_with_and_without_copies(folder):
    with_copies, without = (prepared(folder, SIDE, augment_to=number).manifest for number in (UP_TO, 0))
    faces = with_copies[with_copies.copy_of == ""]
    assert faces.drop(columns="row").equals(without.drop(columns="row"))


def test_ages_with_enough_faces_need_no_map_of_copies(folder, cache):
    data = prepared(folder, SIDE, augment_to=1)
    assert set(data.manifest.copy_of) == {""}
    assert maps(cache) == []


def test_copies_are_made_once(folder, made):
    first = prepared(folder, SIDE, augment_to=UP_TO)
    portions = len(made)
    second = prepared(folder, SIDE, augment_to=UP_TO)
    assert len(made) == portions > 0
    assert second.digest == first.digest
    assert (second.pixels == first.pixels).all()


def test_a_run_interrupted_while_it_makes_copies_leaves_no_map(folder, cache, monkeypatch):
    monkeypatch.setattr(augmentation, "AT_ONCE", 16)

    def stopped(items, count, title):
        for number, item in enumerate(items):
            if title == "making copies" and number == 1:
                raise KeyboardInterrupt
            yield item

    with pytest.raises(KeyboardInterrupt):
        prepare(DataSettings(str(folder), augment_to=UP_TO), SIDE, stopped)
    assert maps(cache) == []
    check(prepared(folder, SIDE, augment_to=UP_TO), folder)


def flip(path: Path) -> None:
    whole = path.read_bytes()
    path.write_bytes(flipped(whole, len(whole) - 1))


@pytest.mark.parametrize(
    ("damage", "told"),
    [(lambda path: os.truncate(path, 1000), 0), (flip, 1), (lambda path: path.with_suffix(".sums").unlink(), 0)],
)
def test_copies_that_are_cut_off_or_changed_or_have_no_sums_are_made_again(folder, cache, made, capsys, damage, told):
    """Told of where they changed. Without sums a run was killed between the two: nobody knows whether they are whole."""
    prepared(folder, SIDE, augment_to=UP_TO)
    portions, (path,) = len(made), maps(cache)
    damage(path)
    check(prepared(folder, SIDE, augment_to=UP_TO), folder)
    assert len(made) > portions
    assert capsys.readouterr().err.count(f"the cached pixels {path} are damaged: they are made again") == told


def test_a_run_that_makes_the_same_copies_in_the_meantime_disturbs_nobody(folder, cache, monkeypatch):
    """As two models do that a study trains at once: the second begins and ends while the first is at its second portion."""
    monkeypatch.setattr(augmentation, "AT_ONCE", 16)
    others = []

    def overtaken(items, count, title):
        for number, item in enumerate(items):
            if title == "making copies" and number == 1:
                others.append(prepared(folder, SIDE, augment_to=UP_TO))
            yield item

    first = prepare(DataSettings(str(folder), augment_to=UP_TO), SIDE, overtaken)
    check(first, folder)
    check(others[0], folder)
    assert len(maps(cache)) == 1
