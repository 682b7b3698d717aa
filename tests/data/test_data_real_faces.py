"""The same facts on real faces, where a copy of UTKFace lies beside the project."""

import pytest

from places import ROOT
from unlearning.data.manifest import prepare
from unlearning.data.settings import DataSettings

FOLDER = ROOT.parent / "shared" / "utkface"
pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="no copy of UTKFace beside the project")


@pytest.fixture(scope="module")
def real():
    return prepare(DataSettings(str(FOLDER)), 32, lambda items, count, title: items)


def test_every_real_file_is_accounted_for_exactly_once(real):
    files = sorted(str(path.relative_to(FOLDER)) for path in FOLDER.rglob("*") if path.is_file())
    assert sorted([*real.manifest.file, *real.rejected.file]) == files


def test_no_content_is_in_two_parts(real):
    assert real.manifest.id.is_unique
    shares = real.manifest.split.value_counts(normalize=True)
    assert shares["train"] == pytest.approx(0.6, abs=0.001)
    assert shares["test"] == pytest.approx(shares["validation"], abs=0.001)


def test_real_faces_have_pictures_and_ages_in_range(real):
    assert real.manifest.age.between(20, 60).all()
    assert len(real.pixels) == len(real.manifest)
    assert real.pixels[::500].std(axis=(1, 2, 3)).min() > 5
