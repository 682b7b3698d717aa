"""Whatever lies in a folder: each file is listed once with its reason, and nothing is fatal, opened in vain or waited for."""

import os
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest
from data_pictures import accounted_for, encode, fill, noise, prepared, raw_png, read, reasons
from PIL import Image

from unlearning.data import sources
from unlearning.data.drawn import draw_folder
from unlearning.errors import InputError

NAME = "the name is not [age]_[gender]_[race]_[timestamp].jpg"
LINK = "a link to a folder, which is not followed"
NO_IMAGE = "not a JPEG or PNG image"
DAMAGED = "the image is damaged or cut off"
JPEG = encode(noise(99), "JPEG")
GOOD = {f"{30 + n}_0_{n % 5}_{n}.jpg": n for n in range(8)} | {
    "40_1_2_8.jpg.chip.jpg": 8,
    "41_1_2_9.JPG": 9,
    "42_1_2_9.Jpg.CHIP.jpg": 10,
    "part/30_0_0_0.jpg": 11,
    "part/deep/30_0_0_0.jpg": 12,
    "other/30_0_0_0.jpg": 13,
}
ODD = {
    "39_1_20170116174525125.jpg.chip.jpg": (20, NAME),
    "26_1_3_4_20170117.jpg": (21, NAME),
    "44_0_0_1.jpg.chip.jpg.chip.jpg": (22, NAME),
    "44_0_0_1.png": (23, NAME),
    "notes.txt": (b"who was here", NAME),
    "part/Thumbs.db": (b"", NAME),
    "45_2_0_1.jpg": (24, "unknown gender code 2"),
    "45_0_9_1.jpg": (25, "unknown race code 9"),
    "150_0_0_1.jpg": (26, "age 150 is not possible"),
    ".31_0_0_1.jpg": (27, "hidden file"),
    ".DS_Store": (b"x", "hidden file"),
    ".thumbnails/31_0_0_1.jpg": (28, "hidden file"),
    "part/.old/deep/31_0_0_1.jpg": (29, "hidden file"),
    "46_0_0_1.jpg": (b"", NO_IMAGE),
    "46_0_0_2.jpg": (b"<html>not found</html>", NO_IMAGE),
    "46_0_0_3.jpg": (encode(noise(30), "GIF"), NO_IMAGE),
    "46_0_0_4.jpg": (encode(noise(31), "WEBP"), NO_IMAGE),
    "47_0_0_1.jpg": (JPEG[: len(JPEG) // 2], DAMAGED),
    "47_0_0_2.jpg": (encode(noise(32))[:-200], DAMAGED),
    "48_0_0_1.jpg": (raw_png((10_000, 10_000), 8, 2, b"\0"), "more pixels than the 20 megapixels allowed"),
    "49_0_0_1.jpg": (encode(Image.new("RGB", (60, 60), "grey")), "sharpness 0 is below 15"),
    "49_0_0_2.jpg": (encode(noise(33, (60, 47))), "smallest_side 47 is below 48"),
    "19_0_0_1.jpg": (34, "age 19 is outside 20-60"),
}


@pytest.fixture
def folder(tmp_path) -> Path:
    """Good faces and every kind of file that is none."""
    return fill(tmp_path / "faces", GOOD | {name: content for name, (content, _) in ODD.items()})


def listed(data) -> dict[str, str]:
    """Why each file was left out."""
    return reasons(data.rejected)


def test_each_odd_file_is_listed_once_with_its_reason_and_more_than_half_ask_whether_it_is_the_right_folder(folder):
    data = prepared(folder, accept_rejects=True)
    found = listed(data)
    assert accounted_for(data) == sorted(GOOD | ODD)
    assert sorted(data.manifest.file) == sorted(GOOD)
    for name, (_, reason) in ODD.items():
        assert found[name].startswith(reason), name
    # 23 of 37 files, of which one is not of an age that was asked for, and that is no fault of its own.
    with pytest.raises(InputError, match=r"22 of 37 files .*: .*\(6\);.*right folder\?.*accept_rejects=true"):
        prepared(folder)
    assert len(prepared(folder, accept_rejects=True).manifest) == len(GOOD)


def test_half_of_the_files_may_be_unusable(tmp_path):
    fill(tmp_path, {f"{30 + n}_0_0_{n}.jpg": n for n in range(6)} | {f"note-{n}.txt": b"" for n in range(6)})
    assert len(prepared(tmp_path).manifest) == 6
    fill(tmp_path, {"note-6.txt": b""})
    with pytest.raises(InputError, match="7 of 13 files"):
        prepared(tmp_path)


def test_pointers_of_git_lfs_are_counted_and_said_how_to_fetch(tmp_path):
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:%064d\nsize 9018\n"
    fill(tmp_path, {f"{30 + n}_0_0_{n}.jpg": pointer % n for n in range(6)})
    with pytest.raises(InputError, match=r"6 of 6 files .*: a Git LFS pointer .* which git lfs pull fetches \(6\);"):
        prepared(tmp_path)
    with pytest.raises(InputError, match=r"the table .*faces\.csv is a Git LFS pointer .* which git lfs pull fetches"):
        prepared(fill(tmp_path, {"faces.csv": pointer % 6}) / "faces.csv")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("UTKFace.zip", "an archive; unpack it and give the folder"),
        ("UTKFace.tar.gz", "an archive; unpack it and give the folder"),
        ("30_0_0_1.jpg.chip.jpg", "one picture; give the folder"),
        ("IMG_1.HEIC", "one picture; give the folder"),
        ("ages.xlsx", "a spreadsheet; save it as CSV"),
        ("ages", "neither a folder nor a table by its ending"),
    ],
)
def test_a_file_that_is_no_table_is_called_what_it_is(tmp_path, name, words):
    fill(tmp_path, {name: 1})
    with pytest.raises(InputError, match=re.escape(f"{tmp_path / name} is {words}") + ".*-P data_dir=FOLDER; legal is"):
        prepared(tmp_path / name)


@pytest.fixture
def linked(tmp_path) -> Path:
    """Good faces beside links, a pipe and a socket that are named like faces."""
    outside = fill(tmp_path / "outside", {"50_0_0_1.jpg": 50})
    folder = fill(tmp_path / "faces", GOOD)
    links = {
        "50_0_0_1.jpg": "../outside/50_0_0_1.jpg",
        "50_0_0_2.jpg": outside / "50_0_0_1.jpg",
        "50_0_0_3.jpg": "50_0_0_1.jpg",
        "50_0_0_4.jpg": "nowhere.jpg",
        "50_0_0_5.jpg": "50_0_0_6.jpg",
        "50_0_0_6.jpg": "50_0_0_5.jpg",
        "50_0_0_7.jpg": "50_0_0_7.jpg",
        "50_0_0_8.jpg": "part",
        "loop": ".",
        "away": "/",
        "50_0_0_9.jpg": "/dev/zero",
        "part/33_0_3_3.jpg": "../33_0_3_3.jpg",
    }
    for name, target in links.items():
        (folder / name).symlink_to(target)
    os.mkfifo(folder / "51_0_0_1.jpg")
    return folder


def test_links_and_pipes_are_listed_and_neither_followed_out_nor_waited_for(linked):
    away, loop = "the path leads out of the folder", "the path cannot be followed"
    expected = {f"50_0_0_{n}.jpg": away for n in (1, 2, 3, 9)} | {f"50_0_0_{n}.jpg": loop for n in (5, 6, 7)}
    expected |= {"50_0_0_4.jpg": "there is no such file", "50_0_0_8.jpg": LINK, "51_0_0_1.jpg": "not a regular file"}
    expected |= {"loop": LINK, "away": LINK, "part/33_0_3_3.jpg": "the same content as another: 33_0_3_3.jpg"}
    data = prepared(linked)
    assert accounted_for(data) == sorted([*GOOD, *expected])
    assert {name: reason.split(" (")[0] for name, reason in listed(data).items()} == expected


@pytest.mark.parametrize("name", [b"26_0_0_\xff.jpg", b"a\xe9/26_0_0_1.jpg"])
def test_a_name_that_is_no_text_is_listed_in_ascii(tmp_path, name):
    fill(tmp_path, GOOD | {os.fsdecode(name): 90})
    data = prepared(tmp_path)
    assert name.decode(errors="backslashreplace") in accounted_for(data)
    assert data.digest


@pytest.mark.parametrize(
    "name", ["a\nb.jpg", "with, comma.jpg", 'with "quotes".jpg', " 25_0_0_1.jpg", "25_0_0_1.jpg ", "\N{SNOWMAN}.jpg"]
)
def test_a_name_with_odd_characters_is_listed_as_it_is(tmp_path, name):
    fill(tmp_path, GOOD | {name: 90})
    assert listed(prepared(tmp_path)) == {name: NAME}


def test_a_folder_that_may_not_be_listed_is_listed_itself(tmp_path, monkeypatch):
    fill(tmp_path, GOOD | {"locked/50_0_0_1.jpg": 50})
    scandir = os.scandir

    def refused(folder):
        if Path(folder).name == "locked":
            raise PermissionError(13, "Permission denied")
        return scandir(folder)

    monkeypatch.setattr(sources.os, "scandir", refused)
    data = prepared(tmp_path)
    assert sorted(data.manifest.file) == sorted(GOOD)
    assert listed(data) == {"locked": "a folder that cannot be listed"}


def test_a_file_larger_than_any_picture_is_not_read(tmp_path):
    """A hole of a terabyte: no machine could hold it."""
    fill(tmp_path, GOOD)
    with (tmp_path / "50_0_0_1.jpg").open("wb") as file:
        file.truncate(1 << 40)
    assert list(listed(prepared(tmp_path))) == ["50_0_0_1.jpg"]


def test_a_folder_without_a_face_is_accounted_for(tmp_path):
    fill(tmp_path, {"notes.txt": b"x", "25_0_0_1.jpg": b"", "sub/.hidden": b""})
    assert reasons(read(tmp_path).files) == {"notes.txt": NAME, "25_0_0_1.jpg": NO_IMAGE, "sub/.hidden": "hidden file"}
    with pytest.raises(InputError, match=r"0 usable faces in .*at least 5 are needed; left out: .*\(1\)"):
        prepared(tmp_path, accept_rejects=True)


def test_folder_table_and_cache_may_have_names_that_are_no_utf8(tmp_path, monkeypatch):
    root = Path(os.fsdecode(bytes(tmp_path) + b"/f\xfcr"))
    shutil.copytree(draw_folder(tmp_path / "drawn", 20, 7, (20, 60)), root)
    names = sorted(path.name for path in root.glob("*.jpg"))
    table = pd.DataFrame({"path": names, "age": [int(name.split("_")[0]) for name in names]})
    (root / "faces.parquet").write_bytes(table.to_parquet())
    monkeypatch.setenv("UNLEARNING_CACHE", str(root / "cache"))
    for source in (root, root / "faces.parquet"):
        for _ in range(2):  # the second time it is found in the cache
            files = read(source, 32).files
            assert (files.reason == "").sum() == len(names)
