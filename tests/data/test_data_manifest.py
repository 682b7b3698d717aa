"""The manifest: the study's protocol in order, a digest that names content, labels, splits and copies alone; and settings."""

import shutil

import numpy as np
import pytest
from data_pictures import encode, fill, noise, prepared
from PIL import Image

from unlearning.data.manifest import COLUMNS, SPLITS, STAGES, prepare, source_folder
from unlearning.data.settings import DataSettings
from unlearning.errors import InputError
from unlearning.progress import untold

SIDE = 16
CONTENTS = {f"{20 + 2 * n}_{n % 2}_{n % 5}_{n}.jpg": n for n in range(20)}
SMALL = encode(noise(9, (40, 40)))
LEFT_OUT = {"holiday.jpg": 50, "61_0_0_1.jpg": 51, "26_0_0_7.jpg": 3, "58_0_0_9.jpg": b"", "39_0_0_1.jpg": SMALL}


@pytest.fixture
def folder(tmp_path):
    return fill(tmp_path / "faces", CONTENTS | LEFT_OUT)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory):
    """Five faces of every age from 18 to 41, 120 in all; every tenth is blurred."""
    contents = {f"{18 + n // 5}_0_0_{n}.jpg": n for n in range(120)}
    for name, number in list(contents.items())[::10]:
        contents[name] = encode(noise(number).resize((3, 3)).resize((64, 64), Image.Resampling.BICUBIC))
    return fill(tmp_path_factory.mktemp("crowd") / "faces", contents)


def test_the_steps_of_the_study_come_in_their_order(crowd):
    """Half of every age, then 20 to 40, then the sharp ones, then 60/20/20, then copies of training faces up to ten a year."""
    data = prepared(crowd, fraction=0.5, min_age=20, max_age=40, augment_to=10, min_sharpness=100)
    sizes = {title: len(ages) for title, ages in data.stages.items()}
    assert list(sizes) == list(STAGES.values())
    assert sizes[STAGES["file"]] == 120
    for age in range(18, 42):
        left = {title: int((ages == age).sum()) for title, ages in data.stages.items()}
        assert left[STAGES["reduction"]] in (2, 3)
        assert left[STAGES["age"]] == (left[STAGES["reduction"]] if 20 <= age <= 40 else 0)
        assert left[STAGES["quality"]] <= left[STAGES["age"]]
    faces = data.manifest[data.manifest.copy_of == ""]
    assert len(faces) == sizes[STAGES["quality"]]
    assert faces.sharpness.min() >= 100
    assert set(data.rejected.step) == {"reduction", "age", "quality"}
    train = data.manifest[data.manifest.split == "train"]
    assert set(train.age.value_counts()) == {10}
    assert set(data.manifest.copy_of[data.manifest.split != "train"]) == {""}


def test_the_digest_does_not_depend_on_the_cache_the_place_or_the_side(folder, tmp_path, monkeypatch):
    first = prepared(folder).digest
    assert prepared(folder, side=20).digest == first
    shutil.copytree(folder, tmp_path / "moved" / "far")
    assert prepared(tmp_path / "moved").digest == first
    monkeypatch.setenv("UNLEARNING_CACHE", str(tmp_path / "another"))
    assert prepared(folder).digest == first


@pytest.mark.parametrize("changes", [{}, {"fraction": 0.7, "stratify": "age", "augment_to": 4}])
def test_the_digest_does_not_depend_on_the_order_of_the_files(folder, tmp_path, changes):
    """The same faces and labels under names in another order are reduced, split and copied alike."""
    for number, path in enumerate(sorted(folder.glob("*_*"), reverse=True)):
        fill(tmp_path / "other", {path.name.rsplit("_", 1)[0] + f"_{number}.jpg": path.read_bytes()})
    fill(tmp_path / "other", {"a-first-one.txt": b""})
    assert prepared(tmp_path / "other", **changes).digest == prepared(folder, **changes).digest


def test_another_seed_stratification_or_number_of_copies_gives_another_digest(folder):
    choices = {"split_seed": [0, 1, 2], "stratify": ["age"], "augment_to": [3, 4], "fraction": [0.9]}
    digests = [prepared(folder, **{name: value}).digest for name, values in choices.items() for value in values]
    assert len(set(digests)) == len(digests)


@pytest.mark.parametrize("new", ["21_0_0_0.jpg", "20_1_0_0.jpg", "20_0_1_0.jpg"])
def test_the_digest_changes_with_a_label(folder, new):
    before = prepared(folder).digest
    (folder / "20_0_0_0.jpg").rename(folder / new)
    assert prepared(folder).digest != before


def test_the_digest_does_not_change_with_a_file_that_is_left_out(folder):
    before = prepared(folder).digest
    fill(folder, {"holiday-2.jpg": 60, "70_0_0_1.jpg": 61})
    (folder / "61_0_0_1.jpg").unlink()
    assert prepared(folder).digest == before


def test_the_manifest_has_one_row_a_face_in_the_order_of_ids(folder):
    manifest = prepared(folder).manifest
    assert manifest.columns.tolist() == COLUMNS
    assert manifest.id.is_unique
    assert manifest.id.is_monotonic_increasing
    assert set(manifest.split) == set(SPLITS)
    assert set(manifest.copy_of) == {""}


def test_with_a_split_by_hash_more_files_move_no_face(crowd, tmp_path):
    before = prepared(crowd, split="hash").manifest.set_index("id").split
    shutil.copytree(crowd, tmp_path / "more")
    fill(tmp_path / "more", {f"{20 + n}_1_0_9{n}.jpg": 1000 + n for n in range(40)})
    after = prepared(tmp_path / "more", split="hash").manifest.set_index("id").split
    assert len(after) == len(before) + 40
    assert after[before.index].equals(before)


def test_four_faces_are_too_few_and_the_error_says_what_was_left_out_and_five_are_enough(folder):
    with pytest.raises(InputError, match=r"4 usable faces in .*at least 5 are needed; left out: age N is outside N-N \(18\); "):
        prepared(folder, min_age=30, max_age=36)
    manifest = prepared(folder, min_age=30, max_age=38).manifest
    assert manifest.split.value_counts().to_dict() == {"train": 3, "validation": 1, "test": 1}


def test_near_copies_alone_leave_nothing_to_test_with(tmp_path):
    fill(tmp_path, {f"30_0_0_{quality}.jpg": encode(noise(1), "JPEG", quality=quality) for quality in range(80, 95)})
    with pytest.raises(InputError, match=r"15 faces leave nothing for .*, because near-copies .* stay together"):
        prepared(tmp_path)


def test_without_a_folder_faces_are_drawn_in_the_cache(workplace):
    settings = DataSettings(drawn_faces=5, split_seed=3)
    data = prepare(settings, SIDE, untold)
    assert len(data.manifest) == 5
    assert source_folder(settings).is_relative_to(workplace / "cache")
    assert np.isin(data.manifest.age, range(20, 61)).all()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"fraction": 0.0}, "fraction=0.0 is not possible; legal: above 0, up to 1"),
        ({"fraction": 1.1}, "fraction=1.1"),
        ({"fraction": float("nan")}, "fraction=nan"),
        ({"min_age": 60, "max_age": 20}, "min_age=60 is not below max_age=20"),
        ({"min_brightness": 200.0, "max_brightness": 100.0}, "min_brightness=200.0 is not below max_brightness=100.0"),
        ({"duplicates": "drop"}, "duplicates='drop' is not known; legal: keep_one, leave_out"),
        ({"split": "hash", "stratify": "age"}, "split=hash looks at no ages, so stratify=age cannot be kept"),
    ],
)
def test_an_impossible_setting_is_named_with_the_legal_ones(changes, words):
    with pytest.raises(InputError) as refusal:
        DataSettings(**changes)
    assert words in str(refusal.value)


def test_settings_give_themselves_back_and_a_split_that_nobody_asked_for_is_not_told():
    settings = DataSettings(fraction=0.3, augment_to=150)
    assert DataSettings(**settings.as_dict()) == settings
    # The fingerprints of runs from before there was a choice are made of the same settings.
    assert "split" not in DataSettings().as_dict()
    asked = DataSettings(split="hash")
    assert DataSettings.from_dict(asked.as_dict()) == asked
