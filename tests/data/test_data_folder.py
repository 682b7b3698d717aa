"""Every file of a folder is accounted for: as a face with pixels, or with the reason why it is left out."""

from __future__ import annotations

import os

import numpy as np
import pytest
from data_pictures import encode, fill, noise, read, reasons

from unlearning.data import folder as folder_module
from unlearning.data.images import decode
from unlearning.errors import InputError

ONCE, TWICE, UNCLEAR = 1, 2, 3
CONTENTS = {
    "25_0_0_1.jpg": ONCE,
    "30_1_2_2.jpg.chip.jpg": 4,
    "35_0_0_3.jpg": TWICE,
    "35_0_0_4.jpg": TWICE,
    "part/35_0_0_5.jpg": TWICE,
    "40_0_0_6.jpg": UNCLEAR,
    "40_0_0_7.jpg": UNCLEAR,
    "50_0_0_8.jpg": UNCLEAR,
    "19_0_0_9.jpg": 5,
    "61_0_0_9.jpg": 6,
    "45_0_0_9.jpg": b"no picture",
    "45_0_0_8.jpg": b"",
    "46_0_9_8.jpg": 7,
    "notes.txt": b"who was here",
    "part/deep/55_1_4_9.jpg": 8,
}
OTHER_AGES = "the same content under different ages"
LEFT_OUT = {
    "35_0_0_4.jpg": "the same content as 35_0_0_3.jpg",
    "part/35_0_0_5.jpg": "the same content as 35_0_0_3.jpg",
    "40_0_0_6.jpg": OTHER_AGES,
    "40_0_0_7.jpg": OTHER_AGES,
    "50_0_0_8.jpg": OTHER_AGES,
    "19_0_0_9.jpg": "age 19 is outside 20-60",
    "61_0_0_9.jpg": "age 61 is outside 20-60",
    "45_0_0_9.jpg": "not a JPEG or PNG image",
    "45_0_0_8.jpg": "not a JPEG or PNG image",
    "46_0_9_8.jpg": "unknown race code 9",
    "notes.txt": "the name is not [age]_[gender]_[race]_[timestamp].jpg",
}


@pytest.fixture
def faces_folder(tmp_path):
    return fill(tmp_path / "faces", CONTENTS)


def test_every_file_is_accounted_for_once_with_its_reason(faces_folder):
    reading = read(faces_folder)
    assert reading.files.file.tolist() == sorted(CONTENTS)
    assert reasons(reading) == {name: LEFT_OUT.get(name, "") for name in CONTENTS}


def test_what_the_name_says_is_in_the_account(faces_folder):
    table = read(faces_folder).files.set_index("file")
    assert table.loc["30_1_2_2.jpg.chip.jpg", ["age", "gender", "race"]].tolist() == [30, 1, 2]
    assert table.loc["part/deep/55_1_4_9.jpg", ["age", "gender", "race"]].tolist() == [55, 1, 4]
    assert table.loc["61_0_0_9.jpg", "age"] == 61
    assert table.loc["notes.txt", ["age", "gender", "race", "row"]].tolist() == [-1, -1, -1, -1]


@pytest.mark.parametrize("window", [1, 4, 512])
@pytest.mark.parametrize("side", [16, 24])
def test_each_row_of_the_map_is_its_files_picture(faces_folder, monkeypatch, window, side):
    monkeypatch.setattr(folder_module, "WINDOW", window)
    reading = read(faces_folder, side)
    pixels, usable = reading.open_pixels(), reading.files[reading.files.reason == ""]
    assert usable.row.tolist() == list(range(len(CONTENTS) - len(LEFT_OUT))) == list(range(len(pixels)))
    for face in usable.itertuples():
        assert (pixels[face.row] == decode((faces_folder / face.file).read_bytes(), side)).all()


def test_only_usable_faces_have_a_row(faces_folder):
    files = read(faces_folder).files
    assert ((files.row >= 0) == (files.reason == "")).all()


def test_equal_content_has_equal_ids_and_other_content_has_others(faces_folder):
    ids = read(faces_folder).files.set_index("file").id
    assert ids["35_0_0_3.jpg"] == ids["part/35_0_0_5.jpg"]
    assert ids["40_0_0_6.jpg"] == ids["50_0_0_8.jpg"]
    assert len({ids["25_0_0_1.jpg"], ids["35_0_0_3.jpg"], ids["40_0_0_6.jpg"], ids["part/deep/55_1_4_9.jpg"]}) == 4


@pytest.mark.parametrize(
    ("ages", "kept"), [((20, 60), [20, 60]), ((21, 59), []), ((0, 120), [0, 20, 60, 120]), ((60, 60), [60])]
)
def test_both_ends_of_the_ages_asked_for_are_kept(tmp_path, ages, kept):
    fill(tmp_path, {f"{age}_0_0_1.jpg": age for age in (0, 20, 60, 120)})
    files = read(tmp_path, ages=ages).files
    assert sorted(files.age[files.reason == ""]) == kept


def test_the_same_picture_in_another_file_format_is_another_face(tmp_path):
    fill(tmp_path, {"25_0_0_1.jpg": encode(noise(0), "PNG"), "25_0_0_2.jpg": encode(noise(0), "JPEG")})
    assert set(reasons(read(tmp_path)).values()) == {""}


def test_hidden_files_and_folders_are_no_files_of_the_folder(tmp_path):
    fill(tmp_path, {"25_0_0_1.jpg": 0, ".26_0_0_1.jpg": 1, ".DS_Store": b"x", "part/.complete": b""})
    fill(tmp_path, {".thumbnails/25_0_0_1.jpg": 2, "part/.old/deep/27_0_0_1.jpg": 3})
    assert read(tmp_path).files.file.tolist() == ["25_0_0_1.jpg"]


def test_a_folder_below_a_hidden_one_is_read(tmp_path):
    fill(tmp_path / ".cache" / "faces", {"25_0_0_1.jpg": 0})
    assert read(tmp_path / ".cache" / "faces").files.file.tolist() == ["25_0_0_1.jpg"]


def test_a_name_that_is_no_text_is_listed_in_ascii(tmp_path):
    fill(tmp_path, {"25_0_0_1.jpg": 0, os.fsdecode(b"26_0_0_\xff.jpg"): 1})
    files = read(tmp_path).files.set_index("file")
    assert files.reason["25_0_0_1.jpg"] == ""
    assert "timestamp" in files.reason["26_0_0_\\xff.jpg"]


def test_a_folder_without_a_usable_face_is_accounted_for(tmp_path):
    fill(tmp_path, {"notes.txt": b"x", "70_0_0_1.jpg": 0})
    reading = read(tmp_path)
    assert reasons(reading).keys() == {"notes.txt", "70_0_0_1.jpg"}
    assert (reading.files.row == -1).all()


def test_progress_hears_of_every_file(faces_folder):
    told = []

    def progress(items, count, title):
        for item in items:
            told.append((count, title))
            yield item

    read(faces_folder, progress=progress)
    assert told == [(len(CONTENTS), "reading faces")] * len(CONTENTS)


def test_the_map_cannot_be_written_to(faces_folder):
    pixels = read(faces_folder).open_pixels()
    assert pixels.dtype == np.uint8
    with pytest.raises(ValueError, match="read-only"):
        pixels[0] = 0


def test_reading_leaves_the_folder_as_it_was(faces_folder):
    before = {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in faces_folder.rglob("*") if p.is_file()}
    read(faces_folder)
    assert {p: (p.stat().st_mtime_ns, p.read_bytes()) for p in faces_folder.rglob("*") if p.is_file()} == before


def test_a_missing_folder_is_named_with_the_option_that_gives_one(tmp_path):
    with pytest.raises(InputError, match=r"nowhere does not exist; give one with -P data_dir="):
        read(tmp_path / "nowhere")


def test_a_file_is_no_folder(tmp_path):
    fill(tmp_path, {"25_0_0_1.jpg": 0})
    with pytest.raises(InputError, match="does not exist"):
        read(tmp_path / "25_0_0_1.jpg")


@pytest.mark.parametrize("inside", [{}, {".hidden.jpg": 1}])
def test_an_empty_folder_is_named(tmp_path, inside):
    fill(tmp_path, inside)
    with pytest.raises(InputError, match="is empty; give a folder of UTKFace-named files"):
        read(tmp_path)
