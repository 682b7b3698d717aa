"""The same facts on real faces, where a copy of UTKFace lies beside the project."""

import pytest
from data_pictures import accounted_for

from places import ROOT
from unlearning.data.manifest import prepare
from unlearning.data.settings import DataSettings
from unlearning.progress import untold

FOLDER = ROOT.parent / "shared" / "utkface"
COUNT = 7643
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not FOLDER.is_dir(), reason="no copy of UTKFace beside the project")]


def real(**changes):
    """The folder is read once for all; what the settings change opens no picture."""
    return prepare(DataSettings(str(FOLDER), **changes), 16, untold)


def check(data) -> None:
    """Every file once, and no picture, near-copy or copy on two sides."""
    files = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.is_file())
    assert accounted_for(data) == files
    assert len(files) == data.reasons["count"].sum() + (data.manifest.copy_of == "").sum() == COUNT
    assert data.manifest.id.is_unique
    assert data.manifest.groupby("near").split.nunique().max() == 1
    faces = data.manifest[data.manifest.copy_of == ""]
    shares = faces.split.value_counts(normalize=True)
    assert shares["train"] == pytest.approx(0.6, abs=0.01)
    assert shares["test"] == pytest.approx(shares["validation"], abs=0.01)
    assert faces.age.between(20, 60).all()


def test_every_real_file_is_accounted_for_and_another_seed_is_another_split_without_a_leak():
    first, second = (real(split_seed=seed) for seed in (0, 1))
    check(first)
    check(second)
    assert first.digest != second.digest
    assert set(first.manifest.id) == set(second.manifest.id)
    assert (first.manifest.set_index("id").split != second.manifest.set_index("id").split).mean() > 0.4


def test_real_faces_have_pictures_of_the_quality_asked_for():
    data = real()
    assert data.pixels[data.manifest.row[::500]].std(axis=(1, 2, 3)).min() > 5
    assert data.manifest.sharpness.min() >= DataSettings().min_sharpness
    assert (data.rejected.step == "quality").sum() < 0.01 * COUNT


def test_the_studys_protocol_gives_about_the_studys_numbers():
    """Four fifths of the faces, and 150 of every training age: 6,470 to train with, 1,043 to validate and as many to test."""
    data = real(fraction=0.8, augment_to=150)
    check(data)
    parts = data.manifest.split.value_counts()
    assert parts["train"] == pytest.approx(6470, rel=0.05)
    assert parts["validation"] == pytest.approx(1043, rel=0.05)
    assert parts["test"] == pytest.approx(1043, rel=0.05)
    assert data.manifest[data.manifest.split == "train"].age.value_counts().min() == 150
