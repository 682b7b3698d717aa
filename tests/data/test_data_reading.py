"""Every file of a folder is read once: its account, its content's names, and its pixels in its row."""

import hashlib

import numpy as np
import pandas as pd
import pytest
from data_pictures import encode, fill, noise, opened, read, reasons

from unlearning.data import reading as reading_module
from unlearning.data.images import decode
from unlearning.data.measures import MEASURES
from unlearning.errors import InputError

TWICE = encode(noise(3), "JPEG")
CONTENTS = {
    "25_0_0_1.jpg": 1,
    "30_1_2_2.jpg.chip.jpg": 4,
    "35_0_0_3.jpg": TWICE,
    "35_0_0_4.jpg": TWICE,
    "part/35_0_0_5.jpg": encode(opened(TWICE)),
    "part/36_0_0_5.jpg": encode(opened(TWICE), "JPEG", quality=60),
    "19_0_0_9.jpg": 5,
    "45_0_0_9.jpg": b"no picture",
    "46_0_9_8.jpg": 7,
    "notes.txt": b"who was here",
    "part/deep/55_1_4_9.jpg": 8,
}
LEFT_OUT = {
    "45_0_0_9.jpg": "not a JPEG or PNG image",
    "46_0_9_8.jpg": "unknown race code 9",
    "notes.txt": "the name is not [age]_[gender]_[race]_[timestamp].jpg",
}
COLUMNS = ["file", "id", "picture", "age", "gender", "race", "subject", "text", "row", "reason", "checksum", *MEASURES, "near"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return fill(tmp_path_factory.mktemp("read") / "faces", CONTENTS)


@pytest.fixture(scope="module")
def files(folder) -> pd.DataFrame:
    return read(folder).files.set_index("file", drop=False)


def test_every_file_is_accounted_for_once_with_its_reason(files):
    assert files.columns.tolist() == COLUMNS
    assert files.file.tolist() == sorted(CONTENTS)
    assert reasons(files) == {name: LEFT_OUT.get(name, "") for name in CONTENTS}


def test_what_the_name_says_is_in_the_account_and_the_id_is_the_beginning_of_the_files_sha256(files):
    assert files.loc["30_1_2_2.jpg.chip.jpg", ["age", "gender", "race", "subject"]].tolist() == [30, 1, 2, ""]
    assert files.loc["part/deep/55_1_4_9.jpg", ["age", "gender", "race"]].tolist() == [55, 1, 4]
    assert files.loc["notes.txt", ["age", "gender", "race", "id", "near"]].tolist() == [-1, -1, -1, "", ""]
    assert files.id["35_0_0_3.jpg"] == files.id["35_0_0_4.jpg"] == hashlib.sha256(TWICE).hexdigest()[:32]


def test_equal_pictures_have_one_name_whatever_their_bytes_are(files):
    """The PNG holds the pixels of the JPEG; the JPEG of lower quality does not."""
    same = ["35_0_0_3.jpg", "35_0_0_4.jpg", "part/35_0_0_5.jpg"]
    assert len(set(files.picture[same])) == 1
    assert len(set(files.id[same])) == 2
    assert len(set(files.picture[files.reason == ""])) == 6


def test_near_copies_are_named_by_the_smallest_id_among_them(files):
    near = ["35_0_0_3.jpg", "35_0_0_4.jpg", "part/35_0_0_5.jpg", "part/36_0_0_5.jpg"]
    assert set(files.near[near]) == {files.id[near].min()}
    others = files[(files.reason == "") & ~files.file.isin(near)]
    assert (others.near == others.id).all()


@pytest.mark.parametrize("at_once", [1, 4, 8192])
@pytest.mark.parametrize("name", ["id", "picture", "near"])
def test_a_hash_has_a_number_that_orders_it_among_the_others(folder, files, monkeypatch, name, at_once):
    monkeypatch.setattr(reading_module, "AT_ONCE", at_once)
    assert read(folder).ranks(name).tolist() == np.unique(files[name].astype(object), return_inverse=True)[1].tolist()
    assert read(folder).column(name).equals(files[name].reset_index(drop=True))


@pytest.mark.parametrize(("window", "side"), [(1, 16), (4, 24)])
def test_each_row_of_the_map_is_its_files_picture(folder, tmp_path, monkeypatch, window, side):
    monkeypatch.setenv("UNLEARNING_CACHE", str(tmp_path))
    monkeypatch.setattr(reading_module, "WINDOW", window)
    reading = read(folder, side)
    pixels, usable = reading.open_pixels(), reading.files[reading.files.reason == ""]
    assert reading.files.row.tolist() == list(range(len(CONTENTS))) == list(range(len(pixels)))
    for face in usable.itertuples():
        assert (pixels[face.row] == decode((folder / face.file).read_bytes(), side)).all()


def test_progress_hears_of_every_window_and_of_both_searches_for_near_copies(folder, tmp_path, monkeypatch):
    monkeypatch.setenv("UNLEARNING_CACHE", str(tmp_path))
    monkeypatch.setattr(reading_module, "WINDOW", 4)
    told = []

    def progress(items, count, title):
        for item in items:
            told.append((title, count))
            yield item

    read(folder, progress=progress)
    assert told[:3] == [("reading faces", 3)] * 3
    assert told[3:] == [("looking for near-copies", 1), ("looking for mirrored and cropped copies", 1)]


def test_a_missing_folder_is_named_with_the_option_that_gives_one_and_so_is_an_empty_one(tmp_path):
    with pytest.raises(InputError, match=r"nowhere does not exist; give a folder .* with -P data_dir=FOLDER"):
        read(tmp_path / "nowhere")
    (tmp_path / "faces" / "empty").mkdir(parents=True)
    with pytest.raises(InputError, match="faces is empty; give a folder of UTKFace-named files"):
        read(tmp_path / "faces")
