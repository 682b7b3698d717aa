"""Quality measures on grey pictures whose values can be worked out by hand, and the perceptual hash."""

import imagehash
import numpy as np
import pytest
from data_pictures import encode, fill, noise, read
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from unlearning.data.images import examine
from unlearning.data.manifest import source_folder
from unlearning.data.measures import MEASURES, measure
from unlearning.data.settings import DataSettings

SIDE = 100
Y, X = np.mgrid[:SIDE, :SIDE]


def measured(grey: np.ndarray) -> dict[str, float]:
    """The four measures of one picture's grey levels."""
    return {name: values[0] for name, values in measure(grey.astype(np.uint8)[None]).items() if name != "phash"}


def bits(phash: bytes) -> np.ndarray:
    return np.unpackbits(np.frombuffer(phash, np.uint8)).astype(bool)


def test_a_checkerboard_has_the_sharpness_of_four_steps_at_every_pixel():
    """Levels 100 and 140: all four neighbours differ by 40, so the Laplacian is 160 or -160 and its variance 160 squared."""
    found = measured(np.where((X + Y) % 2, 140, 100))
    assert found == {"sharpness": 25600.0, "brightness": 120.0, "contrast": 20.0, "saturated": 0.0}


@pytest.mark.parametrize(("level", "share"), [(0, 0.3), (2, 0.3), (3, 0.0), (128, 0.0), (252, 0.0), (253, 0.3), (255, 0.3)])
def test_black_and_white_pixels_are_saturated(level, share):
    grey = np.full((SIDE, SIDE), 128)
    grey[:30] = level
    assert measured(grey)["saturated"] == share


@settings(derandomize=True, max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.integers(0, 255), st.integers(0, 255))
def test_the_measures_are_their_definitions_to_three_digits(seed, low, high):
    grey = np.random.default_rng(seed).integers(min(low, high), max(low, high) + 1, (SIDE, SIDE)).astype(np.uint8)
    levels = grey.astype(np.float64)
    neighbours = levels[:-2, 1:-1] + levels[2:, 1:-1] + levels[1:-1, :-2] + levels[1:-1, 2:]
    values = measured(grey)
    assert values["sharpness"] == pytest.approx((neighbours - 4 * levels[1:-1, 1:-1]).var(), rel=1e-6, abs=6e-4)
    assert values["brightness"] == pytest.approx(levels.mean(), abs=6e-4)
    assert values["contrast"] == pytest.approx(levels.std(), abs=6e-4)
    assert values["saturated"] == pytest.approx(((grey <= 2) | (grey >= 253)).mean(), abs=6e-4)


def test_a_picture_is_measured_the_same_alone_and_among_others():
    grey = np.stack([np.asarray(noise(seed, (SIDE, SIDE)).convert("L")) for seed in range(40)])
    together = measure(grey)
    for number in range(len(grey)):
        alone = {name: values[0] for name, values in measure(grey[number : number + 1]).items()}
        assert alone == {name: values[number] for name, values in together.items()}


@pytest.fixture(scope="module")
def sized(tmp_path_factory):
    """Pictures of many sizes, JPEG and PNG, larger and smaller than the grey picture and the stored ones."""
    sizes = [(48, 48), (64, 80), (100, 100), (199, 150), (224, 224), (700, 500), (1300, 1100), (2100, 2100)]
    folder = tmp_path_factory.mktemp("sized")
    for number, size in enumerate(sizes):
        picture = noise(number, (40, 40)).resize(size, Image.Resampling.BICUBIC)
        for kind in ("JPEG", "PNG") if size[0] < 1000 else ("JPEG",):
            (folder / f"{20 + number}_0_0_{len(kind)}.jpg").write_bytes(encode(picture, kind))
    return folder


@pytest.mark.parametrize("side", [16, 400])
def test_the_account_of_a_file_does_not_depend_on_the_stored_side(sized, side):
    """Which is larger than some of the pictures, or all; but for the checksum, which is of the stored pixels."""
    own, other = (read(sized, pixels).files.drop(columns="checksum") for pixels in (side, 32))
    assert own.equals(other)


def test_what_cannot_be_read_has_no_measure(tmp_path):
    files = read(fill(tmp_path, {"20_0_0_1.jpg": 1, "21_0_0_1.jpg": b"", "notes.txt": b""})).files
    assert files[list(MEASURES)].isna().all(axis=1).tolist() == [False, True, True]


def test_the_hash_of_a_drawn_face_is_imagehashs_up_to_a_few_bits(data):
    """The library shrinks by Lanczos, here a triangle does: only coefficients beside the median change sides.

    Of 160 drawn faces 93 have the same 256 bits, and the farthest differ in 4; so do 510 real ones. A bound of 6 leaves room
    for another release of Pillow, and is far from the 40 bits of near-copies and the 76 between any two drawn faces.
    """
    folder = source_folder(DataSettings(drawn_faces=160))
    grey = np.stack([examine((folder / file).read_bytes(), 32).grey for file in data.manifest.file])
    theirs = [imagehash.phash(Image.fromarray(picture), hash_size=16).hash.ravel() for picture in grey]
    distances = [int((bits(own) != other).sum()) for own, other in zip(measure(grey)["phash"], theirs, strict=True)]
    assert max(distances) <= 6
    assert np.mean(distances) <= 2
