"""An unchanged folder is recognised without a look at its files; nothing half-written is ever trusted."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from data_pictures import encode, fill, noise, read, reasons

from unlearning.data import folder as folder_module
from unlearning.data.folder import cache_folder
from unlearning.data.images import decode


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("UNLEARNING_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def faces_folder(tmp_path):
    return fill(tmp_path / "faces", {f"{age}_0_0_1.jpg": age for age in (25, 35, 45)} | {"notes.txt": b"x"})


@pytest.fixture
def decoded(monkeypatch) -> list:
    """One entry for every picture that is decoded."""
    calls = []
    monkeypatch.setattr(folder_module.images, "decode", lambda data, side: calls.append(1) or decode(data, side))
    return calls


def maps(cache: Path) -> list[Path]:
    return sorted(cache.rglob("*.npy"))


def leftovers(cache: Path) -> list[Path]:
    return [p for p in cache.rglob("*") if p.is_file() and p.suffix not in (".npy", ".parquet")]


def test_an_unchanged_folder_is_recognised_without_decoding(faces_folder, decoded):
    first, second = read(faces_folder), read(faces_folder)
    assert len(decoded) == 3
    assert second.files.equals(first.files)
    assert second.pixels == first.pixels


def test_an_unchanged_folder_is_recognised_without_reading_its_files(faces_folder):
    """Names, sizes and times are all that is looked at: bytes that change under them go unseen."""
    first = read(faces_folder)
    file = faces_folder / "25_0_0_1.jpg"
    status = file.stat()
    file.write_bytes(b"x" * status.st_size)
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert reasons(read(faces_folder)) == reasons(first)


def test_a_file_with_other_content_is_noticed(faces_folder):
    read(faces_folder)
    (faces_folder / "25_0_0_1.jpg").write_bytes(encode(noise(7, (30, 30))))
    reading = read(faces_folder)
    assert (reading.open_pixels()[0] == decode(encode(noise(7, (30, 30))), 16)).all()


def test_a_file_with_another_time_is_read_again(faces_folder, decoded):
    read(faces_folder)
    os.utime(faces_folder / "25_0_0_1.jpg", ns=(1, 1))
    read(faces_folder)
    assert len(decoded) == 6


@pytest.mark.parametrize(
    ("change", "faces"),
    [
        (lambda folder: fill(folder, {"55_0_0_1.jpg": 55}), 4),
        (lambda folder: (folder / "25_0_0_1.jpg").unlink(), 2),
        (lambda folder: (folder / "25_0_0_1.jpg").rename(folder / "26_0_0_1.jpg"), 3),
        (lambda folder: (folder / "25_0_0_1.jpg").rename(folder / "holiday.jpg"), 2),
    ],
)
def test_added_removed_and_renamed_files_are_noticed(faces_folder, change, faces):
    read(faces_folder)
    change(faces_folder)
    reading = read(faces_folder)
    files = sorted(p.name for p in faces_folder.iterdir())
    assert reading.files.file.tolist() == files
    assert len(reading.open_pixels()) == faces


def test_another_side_and_other_ages_are_read_for_themselves(faces_folder):
    read(faces_folder)
    assert read(faces_folder, side=20).open_pixels().shape == (3, 20, 20, 3)
    assert read(faces_folder, ages=(30, 60)).open_pixels().shape == (2, 16, 16, 3)
    assert read(faces_folder).open_pixels().shape == (3, 16, 16, 3)


def test_folders_of_the_same_content_share_a_map(faces_folder, tmp_path, cache):
    copy = fill(tmp_path / "copy", {name.name: name.read_bytes() for name in faces_folder.iterdir()})
    assert read(copy).pixels == read(faces_folder).pixels
    assert len(maps(cache)) == 1


@pytest.mark.parametrize("files_read", [0, 1, 3])
def test_a_run_interrupted_while_it_reads_leaves_nothing_behind(faces_folder, cache, files_read):
    def interrupted(items, count, title):
        for number, item in enumerate(items):
            if number == files_read:
                raise KeyboardInterrupt
            yield item

    with pytest.raises(KeyboardInterrupt):
        read(faces_folder, progress=interrupted)
    assert [p for p in cache.rglob("*") if p.is_file()] == []
    assert read(faces_folder).open_pixels().shape == (3, 16, 16, 3)


def test_a_run_interrupted_while_it_writes_the_map_leaves_no_map_under_the_final_name(faces_folder, cache, monkeypatch):
    def half(path, decoded, slots):
        path.write_bytes(b"\x93NUMPY")
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(folder_module, "_save_rows", half)
        with pytest.raises(KeyboardInterrupt):
            read(faces_folder)
    assert maps(cache) == []
    assert list(cache.rglob("*.parquet")) == []
    reading = read(faces_folder)
    assert (reading.open_pixels()[1] == decode((faces_folder / "35_0_0_1.jpg").read_bytes(), 16)).all()


def test_a_map_without_its_account_is_made_anew(faces_folder, cache):
    """What a run leaves that ended between its two files."""
    first = read(faces_folder)
    whole = first.pixels.read_bytes()
    for account in cache.rglob("*.parquet"):
        account.unlink()
    first.pixels.write_bytes(whole[:200])
    assert read(faces_folder).pixels.read_bytes() == whole


def test_an_account_without_its_map_is_not_trusted(faces_folder, cache):
    whole = read(faces_folder).pixels.read_bytes()
    maps(cache)[0].unlink()
    assert read(faces_folder).pixels.read_bytes() == whole


def test_a_whole_run_leaves_one_map_and_one_account(faces_folder, cache):
    read(faces_folder)
    assert len(maps(cache)) == len(list(cache.rglob("*.parquet"))) == 1
    assert leftovers(cache) == []


def test_the_cache_lies_where_the_variable_says(faces_folder, tmp_path, monkeypatch, cache):
    monkeypatch.setenv("UNLEARNING_CACHE", str(tmp_path / "elsewhere"))
    assert read(faces_folder).pixels.is_relative_to(tmp_path / "elsewhere")
    assert not cache.exists()


def test_without_the_variable_it_is_the_users_cache(monkeypatch):
    monkeypatch.delenv("UNLEARNING_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_folder() == Path("/xdg/unlearning")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/someone")
    assert cache_folder() == Path("/home/someone/.cache/unlearning")
