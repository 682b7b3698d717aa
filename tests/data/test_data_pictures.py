"""Folders and lists of pictures of which nothing is known: each file is listed once, and read or refused with its reason."""

import os

import numpy as np
import pandas as pd
import pytest

from data.data_pictures import encode, fill, noise
from unlearning.data.images import decode
from unlearning.data.pictures import list_pictures, read_pictures
from unlearning.errors import InputError


def names_in(place, leave_out=lambda name: False) -> list[str]:
    with list_pictures(place, leave_out) as listing:
        names = [entry.name for entry in listing.entries()]
        assert listing.count == len(names)
        return names


def test_whatever_lies_in_a_folder_is_read_or_refused_with_the_reason(tmp_path):
    picture = encode(noise(0))
    fill(tmp_path, {"a b.jpg": picture, "no ending": picture, "sub/ü.png": 1, "empty.jpg": b"", "cut.png": picture[:300]})
    (tmp_path / "text.jpg").write_text("no picture", encoding="utf-8")
    (tmp_path / "around").symlink_to(tmp_path)
    (tmp_path / "loop").symlink_to("loop")
    os.mkfifo(tmp_path / "pipe.jpg")
    names = names_in(tmp_path)
    pixels, reasons = read_pictures(tmp_path, 16, names)
    assert dict(zip(names, reasons, strict=True)) == {
        "a b.jpg": "",
        "around": "a folder that was not looked into: it is a link, stands in a list, or cannot be listed",
        "cut.png": "the image is damaged or cut off (OSError)",
        "empty.jpg": "not a JPEG or PNG image",
        "loop": "unreadable: Too many levels of symbolic links",
        "no ending": "",
        "pipe.jpg": "not a regular file",
        "sub/ü.png": "",
        "text.jpg": "not a JPEG or PNG image",
    }
    assert np.array_equal(pixels, np.stack([decode(data, 16) for data in (picture, picture, encode(noise(1)))]))


def test_what_is_left_out_of_a_folder_is_not_listed(tmp_path):
    fill(tmp_path, {"a.jpg": 0, "ages.parquet": b"a table"})
    assert names_in(tmp_path, lambda name: name == "ages.parquet") == ["a.jpg"]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("l.csv", b"age,path\n1,b.jpg\n2,/far/a.jpg\n,\n"),
        ("l.tsv", "\ufeffFile \tage\nb.jpg\t1\n/far/a.jpg\t2\n".encode()),
        ("l.csv", 'age;name\n1;b.jpg\n2;"/far/a.jpg"\n'.encode("utf-16")),
    ],
)
def test_a_list_names_its_files_in_its_own_order(tmp_path, name, content):
    fill(tmp_path, {name: content})
    assert names_in(tmp_path / name) == ["b.jpg", "/far/a.jpg"]


def test_a_list_may_be_parquet_and_names_what_no_system_could_open(tmp_path):
    names = ["nul\0.jpg", "n" * 300, "gone.jpg", "."]
    pd.DataFrame({"image": [*names, None], "age": range(5)}).to_parquet(tmp_path / "l.parquet")
    assert names_in(tmp_path / "l.parquet") == names
    _, reasons = read_pictures(tmp_path, 16, names)
    assert [reason.partition(":")[0] for reason in reasons[:3]] == ["no name of a file", "unreadable", "there is no such file"]
    assert reasons[3].startswith("a folder")


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("l.csv", b"age,who\n1,a.jpg\n", "has the columns age, who"),
        ("l.csv", b"path\n", "names no picture"),
        ("l.csv", b"", "cannot be read: No columns to parse"),
        ("l.csv", b"path\n\xff.jpg\n", "is not in UTF-8"),
        ("l.csv", b"version https://git-lfs.github.com/spec/v1\n", "git lfs pull"),
        ("l.parquet", b"no table", "cannot be read"),
        ("a.jpg", 0, "neither a folder nor a list"),
        ("empty/none", None, "names no picture"),
    ],
)
def test_what_is_no_list_is_refused_in_a_sentence(tmp_path, name, content, words):
    place = tmp_path / name
    if content is None:
        place.mkdir(parents=True)
    else:
        fill(tmp_path, {name: content})
    with pytest.raises(InputError, match=words):
        names_in(place)
