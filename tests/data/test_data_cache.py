"""The local cache: where it lies, files that have their name only when they are whole, and runs that use it at once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from data_pictures import fill, read

from unlearning.data import images
from unlearning.data.cache import cache_folder, write_whole

COUNT = 9


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """Nine faces, and a cache of their own."""
    monkeypatch.setenv("UNLEARNING_CACHE", str(tmp_path / "cache"))
    return fill(tmp_path / "faces", {f"{20 + n}_0_0_{n}.jpg": n for n in range(COUNT)})


def test_two_threads_that_read_at_once_open_every_picture_once(folder, monkeypatch):
    """The second waits for the first, and finds its account."""
    start, calls, examine = Barrier(2), [], images.examine
    monkeypatch.setattr(images, "examine", lambda data, side: calls.append(1) or examine(data, side))
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: (start.wait(), read(folder))[1], range(2))
    assert first.files.equals(second.files)
    assert len(calls) == COUNT
    for face in first.files.itertuples():
        assert (second.open_pixels()[face.row] == examine((folder / face.file).read_bytes(), 16).pixels).all()


def test_a_file_has_its_name_only_when_it_is_whole(tmp_path):
    def half(part: Path) -> None:
        part.write_text("ha")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "new" / "file", half)
    assert not (tmp_path / "new" / "file").exists()
    write_whole(tmp_path / "new" / "file", lambda part: part.write_text("whole"))
    assert (tmp_path / "new" / "file").read_text() == "whole"


def test_the_cache_lies_where_the_variable_says(tmp_path, monkeypatch):
    monkeypatch.setenv("UNLEARNING_CACHE", str(tmp_path / "elsewhere"))
    assert cache_folder() == tmp_path / "elsewhere"
    folder = fill(tmp_path / "faces", {"25_0_0_1.jpg": 0})
    assert read(folder).pixels.is_relative_to(tmp_path / "elsewhere")


def test_without_the_variable_it_is_the_users_cache(monkeypatch):
    monkeypatch.delenv("UNLEARNING_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_folder() == Path("/xdg/unlearning")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/someone")
    assert cache_folder() == Path("/home/someone/.cache/unlearning")
