"""Lists of pictures: how a file may spell them, whom it means, and what is refused."""

import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from forgetting import as_prepared, faces, forget_set, groups, in_every_part
from unlearning.data.forget import ForgetSet, check
from unlearning.data.lists import HEADERS
from unlearning.errors import InputError

KEPT = faces(
    {"id": "aa", "file": "ann/1.jpg", "near": "aa", "gender": 1},
    {"id": "bb", "file": "ann/2.jpg", "near": "bb"},
    {"id": "b2", "file": "ann/2 cropped.jpg", "near": "bb"},
    {"id": "cc", "file": "bob/1.jpg", "near": "cc", "split": "validation", "gender": 1},
    {"id": "dd", "file": "bob/3.jpg", "near": "dd", "split": "test"},
    {"id": "ee", "file": "eve.jpg", "near": "ee"},
    {"id": "copy", "file": "eve.jpg", "near": "ee", "copy_of": "ee"},
)
LEFT_OUT = pd.DataFrame(
    [
        ("old/1.jpg", "aa", "aa", "duplicate", "the same file as: ann/1.jpg"),
        ("old/saved again.png", "zz", "cc", "duplicate", "the same picture as: bob/1.jpg"),
        ("old/smaller.jpg", "yy", "bb", "duplicate", "a near-copy as: ann/2.jpg"),
        ("old/baby.jpg", "xx", "xx", "age", "age 1 is outside 20-60"),
        ("broken.jpg", "", "", "file", "the image is damaged or cut off"),
    ],
    columns=["file", "id", "near", "step", "reason"],
)


def listed(folder: Path, *entries: str, rule: str = "{list}") -> ForgetSet:
    """The forget set of a list with these lines."""
    path = folder / "list.csv"
    path.write_text("\n".join(entries))
    return forget_set(rule.format(list=f'file:"{path}"'), KEPT, LEFT_OUT)


@pytest.mark.parametrize("heading", [[], *([word] for word in HEADERS), ["File"], ['"id"']], ids=str)
def test_a_list_is_one_column_with_or_without_a_heading(tmp_path, heading):
    assert listed(tmp_path, *heading, "aa", "cc").ids == ("aa", "cc")


@pytest.mark.parametrize(
    "content",
    [
        b"aa\ncc\n",
        b"aa\r\ncc\r\n",
        b"\n  aa  \n\n\ncc",
        b'"aa"\n"cc"\n',
        b"cc\naa\naa\n",
        b"\xef\xbb\xbfaa\ncc\n",
        b"\xef\xbb\xbffile\r\nann/1.jpg\r\nbob/1.jpg\r\n",
        "file\r\nann/1.jpg\r\nbob/1.jpg\r\n".encode("utf-16"),
        b"file\r\nann\\1.jpg\r\nbob\\1.jpg\r\n",
    ],
)
def test_line_ends_blank_lines_quotes_order_and_marks_of_editors_mean_nothing(tmp_path, content):
    (tmp_path / "list").write_bytes(content)
    assert forget_set(f"file:{tmp_path}/list", KEPT, LEFT_OUT).ids == ("aa", "cc")


@pytest.mark.parametrize("entry", ["ee", "eve.jpg", "copy"])
def test_a_listed_face_takes_its_copies_along_and_a_listed_copy_means_the_face_it_was_made_from(tmp_path, entry):
    """So that the ids of a forget manifest are a list."""
    assert listed(tmp_path, entry).ids == ("copy", "ee")


@pytest.mark.parametrize(
    ("entry", "kept"),
    [
        ("old/1.jpg", ("aa",)),
        ("zz", ("cc",)),
        ("old/saved again.png", ("cc",)),
        ("saved again.png", ("cc",)),
        ("yy", ("b2", "bb")),
        ("smaller.jpg", ("b2", "bb")),
    ],
)
def test_a_picture_that_was_left_out_as_a_copy_means_the_one_that_was_kept(tmp_path, entry, kept):
    found = listed(tmp_path, entry)
    assert (found.ids, found.notes) == (kept, ())


def test_listed_test_faces_and_left_out_pictures_are_told_and_an_error_only_where_there_is_nobody_else(tmp_path):
    found = listed(tmp_path, "aa", "dd", "3.jpg", "xx", "broken.jpg")
    assert found.ids == ("aa",)
    assert found.test_ids == ("dd",)
    assert found.notes == (
        "2 of the listed pictures were left out of the data: no model was trained on them",
        "1 of the listed pictures are test faces: no model was trained on them",
    )
    found = listed(tmp_path, "dd", "baby.jpg")
    with pytest.raises(InputError, match=r"is empty: it names no training face.*1 of the listed .* left out.*1 .* test faces"):
        check(KEPT, found, [])


def test_a_home_folder_may_be_written_short(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "my list").write_text("aa\n")
    assert forget_set('file:"~/my list"', KEPT).ids == ("aa",)


@pytest.mark.parametrize(
    ("entry", "content", "words"),
    [
        ("none.csv", None, "cannot be read: No such file or directory; give one column of ids or file names"),
        (".", None, "cannot be read: Is a directory"),
        ("~nobody-of-this-name/list.csv", None, "cannot be read"),
        ("list", bytes(range(256)), "cannot be read: it is not a text"),
        (
            "list",
            b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
            "is a Git LFS pointer in place of the list",
        ),
        ("list", b"", "is empty; give one column"),
        ("list", b"\xef\xbb\xbf \n\n", "is empty"),
        ("list", b"file\n", "is empty"),
        *(("list", f"aa{sign}31\ncc{sign}40\n".encode(), "has more than one column: 'aa") for sign in (",", ";", "\t", ", ")),
    ],
)
def test_what_is_no_list_is_refused_in_a_sentence(tmp_path, monkeypatch, entry, content, words):
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / entry).write_bytes(content)
    with pytest.raises(InputError, match=re.escape(words)) as refusal:
        forget_set(f"file:{entry}", KEPT)
    assert entry in str(refusal.value)


def test_entries_that_nobody_knows_are_counted_and_five_named_and_a_name_of_two_pictures_is_refused(tmp_path):
    with pytest.raises(InputError, match=r"names 1 of 2 that are neither sample ids nor file names of this data: 9.jpg$"):
        listed(tmp_path, "aa", "9.jpg")
    with pytest.raises(InputError, match=r"names 7 of 8 .*: s0, s1, s2, s3, s4 \.\.\.$"):
        listed(tmp_path, "aa", *(f"s{i}" for i in range(7)))
    with pytest.raises(InputError, match=r"names '1\.jpg', and two pictures are called so; give the path or the sample id"):
        listed(tmp_path, "1.jpg")
    assert listed(tmp_path, "ann/1.jpg", "bob/1.jpg").ids == ("aa", "cc")


@settings(derandomize=True, max_examples=30, deadline=None)
@given(st.lists(groups, max_size=8), st.data())
def test_any_faces_can_be_listed_by_id_path_or_name(tmp_path_factory, some, data):
    manifest = as_prepared(in_every_part + some)
    manifest = manifest.assign(file="some/" + manifest.file)
    kept = manifest[manifest.copy_of == ""]
    chosen = data.draw(st.lists(st.sampled_from(list(kept.index)), min_size=1, unique=True))
    spelled = [data.draw(st.sampled_from([kept.id[i], kept.file[i], Path(kept.file[i]).name])) for i in chosen]
    path = tmp_path_factory.mktemp("lists") / "list.txt"
    path.write_text("\n".join(spelled))
    found = forget_set(f"file:{path}", manifest)
    learned = kept.loc[chosen][kept.loc[chosen].split != "test"]
    assert set(found.ids) == set(manifest.id[manifest.near.isin(learned.near)])
    assert set(found.test_ids) == set(kept.id.loc[chosen]) - set(learned.id)
