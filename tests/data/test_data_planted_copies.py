"""Copies of one photograph as people make them lie with their picture, in one group, split and fold, and are found by it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from data_pictures import brighter, encode, noise, opened, prepared, read
from PIL import Image, ImageOps

from places import ROOT
from unlearning.data.cleaning import contradictions
from unlearning.data.drawn import draw_folder
from unlearning.data.images import decode
from unlearning.data.photograph import MIRRORED, SAME, matches
from unlearning.jobs.crossfit import deal_folds

Change = Callable[[Image.Image, np.random.Generator], Image.Image]


def cropped(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """Nine tenths of the picture, from anywhere, at the picture's size."""
    edge = round(0.9 * image.width)
    left, top = random.integers(0, image.width - edge + 1, 2)
    return image.crop((left, top, left + edge, top + edge)).resize(image.size, Image.Resampling.BICUBIC)


def bordered(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """The whole picture within a border of one colour that takes a tenth of the side."""
    edge = round(0.05 * image.width)
    inner = image.resize((image.width - 2 * edge,) * 2, Image.Resampling.BICUBIC)
    return ImageOps.expand(inner, edge, tuple(map(int, random.integers(0, 256, 3))))


def striped(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """The picture with a tenth of one side black, as alignment leaves it at the edge of a photograph."""
    pixels = np.array(image)
    turned = np.rot90(pixels, random.integers(4))
    turned[: round(0.1 * len(turned))] = 0
    return Image.fromarray(pixels)


CHANGES: dict[str, Change] = {
    "mirrored": lambda image, random: ImageOps.mirror(image),
    "cropped": cropped,
    "bordered": bordered,
    "striped": striped,
    "lit": lambda image, random: brighter(image, random.choice([0.7, 1.3])),
    "saved": lambda image, random: opened(encode(image, "JPEG", quality=40)),
    "mirrored and cropped": lambda image, random: ImageOps.mirror(cropped(image, random)),
    "mirrored and bordered": lambda image, random: ImageOps.mirror(bordered(image, random)),
}


def planted(data: bytes, change: str, seed: int) -> bytes:
    """The bytes of a changed copy of a picture's file."""
    return encode(CHANGES[change](opened(data), np.random.default_rng(seed)), "JPEG", quality=85)


REAL = ROOT.parent / "shared" / "utkface"
COUNT = 64
needs_real = pytest.mark.skipif(not REAL.is_dir(), reason="no copy of UTKFace beside the project")
KINDS = ["drawn", pytest.param("real", marks=[needs_real, pytest.mark.slow])]
MISSED = {"drawn": 4, "real": 0}  # of 64: resizing averages the noise away that a drawn face's detail mostly consists of
ONE_PHOTOGRAPH = [
    ("27_0_1_20170116010418660", "29_0_1_20170117135753077"),
    ("29_0_2_20170116161810177", "24_0_2_20170116165334206"),
    ("34_1_1_20170113011657832", "36_1_1_20170113012408913"),
    ("26_0_1_20170116143037391", "27_0_0_20170117020138207"),
    ("22_0_1_20170113133405641", "25_0_1_20170113145615148"),
]


def faces(kind: str, place: Path) -> list[Path]:
    """64 pictures that show 64 people."""
    if kind == "drawn":
        return sorted(draw_folder(place / "drawn", COUNT, 5, (20, 60)).glob("*.jpg"))
    return sorted(REAL.glob("[2-5]?_*.jpg"))[::80][:COUNT]


@pytest.fixture(scope="module", params=KINDS)
def folder(request, tmp_path_factory) -> tuple[Path, list[tuple[str, str]], int]:
    """Faces, each with a changed copy under its age; the names of picture and copy; how many are not found at most."""
    place = tmp_path_factory.mktemp(request.param)
    (place / "faces").mkdir()
    names = []
    for number, face in enumerate(faces(request.param, place)):
        copy = "_".join([*face.name.split("_")[:3], f"9{number:06d}.jpg"])
        (place / "faces" / face.name).write_bytes(face.read_bytes())
        (place / "faces" / copy).write_bytes(planted(face.read_bytes(), list(CHANGES)[number % len(CHANGES)], number))
        names.append((face.name, copy))
    return place / "faces", names, MISSED[request.param]


def test_changed_copies_are_near_copies_and_different_people_are_none(folder):
    place, names, missed = folder
    near = read(place).files.set_index("file").near
    apart = [pair for pair in names if near[pair[0]] != near[pair[1]]]
    assert len(apart) <= missed
    assert near.nunique() == COUNT + len(apart)


@pytest.mark.parametrize("seed", range(3))
def test_no_changed_copy_crosses_a_split_or_a_fold(folder, seed):
    place, names, missed = folder
    manifest = prepared(place, split_seed=seed).manifest
    faces = manifest.assign(fold=deal_folds(manifest, 5, seed)).set_index("file")
    both = [pair for pair in names if set(pair) <= set(faces.index)]
    assert len(both) > 0.9 * COUNT
    for part in (faces.split, faces.fold):
        assert sum(part[one] != part[two] for one, two in both) <= missed


def test_a_copy_under_another_age_is_a_contradiction_as_any_near_copy_is(folder, tmp_path):
    place, names, missed = folder
    for one, two in names:
        age, rest = two.split("_", 1)
        (tmp_path / one).write_bytes((place / one).read_bytes())
        (tmp_path / f"{int(age) + 1}_{rest}").write_bytes((place / two).read_bytes())
    assert len(contradictions(read(tmp_path).files, "leave_out")) >= 2 * (COUNT - missed)


@needs_real
@pytest.mark.slow
def test_known_copies_among_the_real_faces_are_found():
    near = read(REAL).files.assign(name=lambda files: files.file.str.split(".").str[0]).set_index("name").near
    assert [pair for pair in ONE_PHOTOGRAPH if near[pair[0]] != near[pair[1]]] == []


@needs_real
@pytest.mark.slow
def test_nothing_else_is_joined_among_the_real_faces():
    """Each of the 135 groups of more than one picture was looked at: it shows one photograph."""
    near = read(REAL).files.near
    groups = near[near != ""].value_counts()
    assert (len(groups), (groups > 1).sum()) == (7496, 135)


SIDE, DRAWN = 48, 40
UNFOUND = 1  # of 16: resizing averages the noise away that a drawn face's detail mostly consists of


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return sorted(draw_folder(tmp_path_factory.mktemp("drawn") / "faces", DRAWN, 5, (20, 60)).glob("*.jpg"))


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
    assert missed <= UNFOUND
    assert mirrored == {change for change in CHANGES if change.startswith("mirrored")}


def test_only_the_rows_that_are_asked_for_are_looked_through(files, pixels):
    rows = np.array([30, 7, 2])
    (match,) = found(files[7].read_bytes(), pixels, rows)
    assert match.place == 1
    assert found(files[8].read_bytes(), pixels, rows) == []


def test_what_shows_nobody_of_the_data_is_found_nowhere(pixels):
    assert found(encode(noise(1)), pixels) == []
