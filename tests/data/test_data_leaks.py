"""Duplicates, near-copies and contradictions planted among drawn faces: nothing crosses a split, whatever the settings."""

import hashlib
from pathlib import Path

import imagehash
import numpy as np
import pandas as pd
import pytest
from data_pictures import accounted_for, brighter, encode, opened, prepared
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from unlearning.data.drawn import draw_folder

COUNT = 60
COMMENT = b"\xff\xfe" + (2 + 5).to_bytes(2, "big") + b"hello"
ORIENTATION = b"Exif\0\0II*\0\x08\0\0\0\1\0\x12\1\3\0\1\0\0\0\1\0\0\0\0\0\0\0"  # upright
EXIF = b"\xff\xe1" + (2 + len(ORIENTATION)).to_bytes(2, "big") + ORIENTATION
SAME = {
    "again": lambda data: data,
    "comment": lambda data: data[:2] + COMMENT + data[2:],
    "exif": lambda data: data[:2] + EXIF + data[2:],
    "decoded": lambda data: encode(opened(data), "PNG"),
}
NEAR = {
    "quality": lambda data: encode(opened(data), "JPEG", quality=55),
    "resized": lambda data: encode(opened(data).resize((180, 180)), "JPEG", quality=90),
    "brighter": lambda data: encode(brighter(opened(data), 1.1), "JPEG", quality=90),
}
KINDS = SAME | NEAR
CONTRADICTIONS = ("again", "decoded", "quality")
CHOICES = st.fixed_dictionaries(
    {
        "split_seed": st.integers(0, 10**6),
        "fraction": st.sampled_from([1.0, 0.9, 0.6, 0.4]),
        "stratify": st.sampled_from(["none", "age"]),
        "near_duplicates": st.sampled_from(["together", "keep_one"]),
        "contradictions": st.sampled_from(["leave_out", "keep_one"]),
        "augment_to": st.sampled_from([0, 0, 3]),
    }
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """60 drawn faces; 28 have a copy of each of seven kinds, and 6 a copy under another age."""
    root = draw_folder(tmp_path_factory.mktemp("planted") / "faces", COUNT, 0, (20, 60))
    (root / "planted").mkdir()
    for file, kind in zip(sources(root), planted(), strict=True):
        age, rest = file.name.split("_", 1)
        other = f"{int(age) + (3 if kind[0] == 'contradiction' else 0)}_{rest}"
        (root / "planted" / other).write_bytes(KINDS[kind[1]](file.read_bytes()))
    return root


def planted() -> list[tuple[str, str]]:
    """What is done to the first faces, in the order of their names."""
    return [("copy", kind) for kind in KINDS for _ in range(4)] + [("contradiction", kind) for kind in CONTRADICTIONS * 2]


def sources(root: Path) -> list[Path]:
    return sorted(root.glob("*.jpg"))[: len(planted())]


def names(root: Path, *wanted: tuple[str, str]) -> list[tuple[str, str]]:
    """File names of source and copy of the wanted kinds."""
    pairs = []
    for file, kind in zip(sources(root), planted(), strict=True):
        copy = next(path for path in (root / "planted").iterdir() if path.name.split("_", 1)[1] == file.name.split("_", 1)[1])
        pairs += [(file.name, f"planted/{copy.name}")] if kind in wanted else []
    return pairs


@pytest.fixture(scope="module")
def pictures(folder) -> pd.DataFrame:
    """Hash of the bytes, hash of the picture at full size, and pHash of every file, found without the code under test."""
    rows = []
    for path in sorted(folder.rglob("*.jpg")):
        with Image.open(path) as image:
            rows.append(
                {
                    "file": str(path.relative_to(folder)),
                    "bytes": hashlib.sha256(path.read_bytes()).hexdigest(),
                    "decoded": hashlib.sha256(np.asarray(image.convert("RGB")).tobytes()).hexdigest(),
                    "phash": imagehash.phash(image, hash_size=16).hash.ravel(),
                }
            )
    return pd.DataFrame(rows).set_index("file")


@pytest.fixture(scope="module")
def table(folder) -> Path:
    """The same files with subjects: three different pictures a person, and a third of the files without one."""
    files = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.jpg"))
    people = [f"{number // 3:03d}" if number % 3 else "" for number in range(len(files))]
    ages = [Path(name).name.split("_")[0] for name in files]
    path = folder.parent / "faces.csv"
    pd.DataFrame({"path": [f"faces/{name}" for name in files], "age": ages, "subject": people}).to_csv(path, index=False)
    return path


def check_no_leak(data, pictures: pd.DataFrame) -> None:
    """Each file's bytes, picture and near-copies are on one side, and copies are of training faces."""
    faces = data.manifest[data.manifest.copy_of == ""]
    known = pictures.loc[faces.file]
    assert known.bytes.is_unique
    assert known.decoded.is_unique
    hashes = np.stack(list(known.phash))
    close = (hashes[:, None] != hashes[None]).sum(axis=2) <= 30
    sides = faces.split.to_numpy()
    assert (sides[:, None] == sides[None])[close].all()
    assert data.manifest.groupby("near").split.nunique().max() == 1
    copies = data.manifest[data.manifest.copy_of != ""]
    assert set(copies.copy_of) <= set(faces.id[faces.split == "train"])
    assert set(copies.split) <= {"train"}


@settings(derandomize=True, max_examples=6, deadline=None)
@given(CHOICES)
def test_no_file_picture_or_near_copy_crosses_a_split(folder, pictures, chosen):
    data = prepared(folder, **chosen)
    assert accounted_for(data) == pictures.index.tolist()
    check_no_leak(data, pictures)


@settings(derandomize=True, max_examples=4, deadline=None)
@given(CHOICES)
def test_no_subject_crosses_a_split_either(table, pictures, chosen):
    data = prepared(table, **chosen)
    pictures = pictures.rename(index=lambda name: f"faces/{name}")
    assert accounted_for(data) == pictures.index.tolist()
    check_no_leak(data, pictures)
    known = data.manifest[data.manifest.subject != ""]
    assert known.groupby("subject").split.nunique().max() == 1


def test_every_planted_near_copy_stays_with_its_source(folder):
    files = prepared(folder).manifest.set_index("file")
    for kind in NEAR:
        for source, copy in names(folder, ("copy", kind)):
            assert files.near[source] == files.near[copy]
            assert files.split[source] == files.split[copy]
            assert files.id[source] != files.id[copy]


def test_both_files_of_every_planted_contradiction_are_left_out_and_listed_and_nothing_that_was_not_planted(folder):
    rejected = prepared(folder).rejected.set_index("file")
    pairs = names(folder, *(("contradiction", kind) for kind in CONTRADICTIONS))
    listed = rejected[rejected.step == "contradiction"]
    assert sorted(listed.index) == sorted(name for pair in pairs for name in pair)
    for source, copy in pairs:
        age = int(source.split("_")[0])
        assert rejected.reason[source] == rejected.reason[copy] == f"one picture under ages from {age} to {age + 3}"
    counts = prepared(folder).reasons.set_index(["step", "reason"])["count"].to_dict()
    assert counts == {
        ("contradiction", "one picture under ages from N to N"): 12,
        ("duplicate", "the same picture as another"): 12,
        ("duplicate", "the same content as another"): 4,
    }
