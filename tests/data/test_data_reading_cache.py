"""Unchanged data is recognised without a look at its pictures; what was interrupted goes on; what is damaged is not trusted."""

import os
from io import FileIO
from pathlib import Path

import pytest
from data_pictures import fill, read, reasons

from unlearning.data import reading as reading_module
from unlearning.data.cache import write_table
from unlearning.data.images import examine

COUNT, WINDOW, PICTURE = 10, 4, 16 * 16 * 3


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch) -> Path:
    monkeypatch.setenv("UNLEARNING_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(reading_module, "WINDOW", WINDOW)
    return tmp_path / "cache"


@pytest.fixture
def folder(tmp_path) -> Path:
    """Ten files, of which nine are faces."""
    return fill(tmp_path / "faces", {f"{20 + n}_0_0_{n}.jpg": n for n in range(COUNT - 1)} | {"notes.txt": b"x"})


@pytest.fixture
def looked_at(monkeypatch) -> list:
    """One entry for every picture that is opened."""
    calls = []
    monkeypatch.setattr(reading_module.images, "examine", lambda data, side: calls.append(1) or examine(data, side))
    return calls


@pytest.fixture
def blind(monkeypatch):
    """Call it, and no picture can be opened any more."""

    def refuse(data, side):
        raise AssertionError("a picture was opened")

    return lambda: monkeypatch.setattr(reading_module.images, "examine", refuse)


def stopped_at(title: str, after: int):
    """A progress bar during which the user stops the run, after so many turns under the title."""

    def progress(items, count, name):
        for number, item in enumerate(items):
            if name == title and number == after:
                raise KeyboardInterrupt
            yield item

    return progress


def interrupt(folder: Path, title: str = "reading faces", after: int = 1) -> None:
    with pytest.raises(KeyboardInterrupt):
        read(folder, progress=stopped_at(title, after))


def begin(folder: Path, interrupted: bool) -> None:
    """Read the folder, to the end or two windows of it."""
    if interrupted:
        interrupt(folder, after=2)
    else:
        read(folder)


def check(folder: Path) -> None:
    """What is read now is what a fresh cache gives."""
    reading = read(folder)
    assert reading.files.file.tolist() == sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())
    pixels = reading.open_pixels()
    for face in reading.files[reading.files.reason == ""].itertuples():
        data = (folder / face.file).read_bytes()
        assert (pixels[face.row] == examine(data, pixels.shape[1]).pixels).all()
    assert (reading.files.reason == "").sum() == reading.files.file.str.endswith(".jpg").sum()
    assert (reading.files.near == reading.files.id).all()


def stored(cache: Path, pattern: str) -> list[Path]:
    return sorted(cache.rglob(pattern))


def test_unchanged_data_is_recognised_without_opening_a_picture(folder, blind):
    first = read(folder)
    blind()
    second = read(folder)
    assert second.files.equals(first.files)
    assert second.pixels == first.pixels


def test_names_sizes_and_times_are_all_that_is_looked_at(folder):
    """Another name for the same folder is the same folder."""
    first = read(folder)
    (folder.parent / "link").symlink_to(folder)
    assert read(folder.parent / "link").pixels == read(folder / ".." / "faces").pixels == first.pixels


def test_a_file_with_another_time_is_read_again(folder, looked_at):
    read(folder)
    os.utime(folder / "20_0_0_0.jpg", ns=(1, 1))
    read(folder)
    assert len(looked_at) == 2 * (COUNT - 1)


@pytest.mark.parametrize(
    "change",
    [
        lambda folder: fill(folder, {"55_0_0_1.jpg": 55}),
        lambda folder: (folder / "20_0_0_0.jpg").unlink(),
        lambda folder: (folder / "20_0_0_0.jpg").rename(folder / "26_0_0_1.jpg"),
        lambda folder: (folder / "20_0_0_0.jpg").replace(folder / "21_0_0_1.jpg"),
    ],
)
def test_added_removed_renamed_and_replaced_files_are_noticed(folder, change):
    read(folder)
    change(folder)
    check(folder)


def test_a_cell_of_the_table_that_changes_is_noticed(folder):
    """The pictures did not change, and neither did the number of the table's bytes."""
    table = folder / "faces.csv"
    for age in (30, 31):
        table.write_text(f"path,age,subject\n20_0_0_0.jpg,{age},007\n")
        assert read(table).files.age.tolist() == [age]
    table.write_text("path,age,subject\n20_0_0_0.jpg,31,008\n")
    assert read(table).files.subject.tolist() == ["008"]


def test_a_file_that_could_not_be_read_is_read_once_it_can_be(folder, monkeypatch):
    """The owner gives the right to read it: neither its size nor the time of its last change tells that."""

    def refused(path: str) -> FileIO:
        if path.endswith("/20_0_0_0.jpg"):
            raise PermissionError(13, "Permission denied")
        return FileIO(path)

    with monkeypatch.context() as patch:
        patch.setattr(reading_module, "FileIO", refused)
        assert reasons(read(folder).files)["20_0_0_0.jpg"] == "unreadable: Permission denied"
    (folder / "20_0_0_0.jpg").chmod(0o600)
    check(folder)


def test_an_account_by_other_rules_is_no_account(folder, monkeypatch, looked_at):
    """The rules are the sources of the modules that decide what is read, and how."""
    read(folder)
    monkeypatch.setattr(reading_module, "_rules", lambda: "another version of this project")
    read(folder)
    assert len(looked_at) == 2 * (COUNT - 1)


@pytest.mark.parametrize(("windows", "left"), [(0, 9), (2, 1)])
def test_an_interrupted_reading_goes_on_where_it_was(folder, looked_at, windows, left):
    """Windows of four files, and the tenth is no picture."""
    interrupt(folder, after=windows)
    before = len(looked_at)
    check(folder)
    assert (before, len(looked_at)) == (9 - left, 9)


@pytest.mark.parametrize("search", ["looking for near-copies", "looking for mirrored and cropped copies"])
def test_a_reading_interrupted_while_it_looks_for_near_copies_opens_no_picture_again(folder, blind, search):
    interrupt(folder, search, 0)
    blind()
    check(folder)


def test_a_window_counts_only_when_its_account_stands(folder, monkeypatch, looked_at):
    """Stopped after the pixels of the second window were written, and before its account was."""

    def stopped(path, table):
        if path.name.startswith(f"window-{WINDOW:09d}"):
            raise KeyboardInterrupt
        write_table(path, table)

    with monkeypatch.context() as patch:
        patch.setattr(reading_module, "write_table", stopped)
        with pytest.raises(KeyboardInterrupt):
            read(folder)
    assert len(looked_at) == 2 * WINDOW
    check(folder)
    assert len(looked_at) == 2 * WINDOW + COUNT - 1 - WINDOW


@pytest.mark.parametrize("damage", [lambda p: p.unlink(), lambda p: os.truncate(p, 2000)])
@pytest.mark.parametrize("interrupted", [False, True])
def test_a_missing_or_truncated_map_is_made_anew(folder, cache, damage, interrupted):
    """Also where accounts of windows say that their pixels were written."""
    begin(folder, interrupted)
    damage(stored(cache, "pixels.npy")[0])
    check(folder)


def flip(path: Path, at: int) -> None:
    """Turn one bit over, some bytes before the end of a file."""
    content = bytearray(path.read_bytes())
    content[-at] ^= 4
    path.write_bytes(content)


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_flipped_bit_in_the_map_is_noticed_and_the_pictures_are_read_again(folder, cache, capsys, interrupted):
    """Also in what had been read before an interruption; it is said once, and then all is well."""
    begin(folder, interrupted)
    flip(stored(cache, "pixels.npy")[0], at=(COUNT - 5) * PICTURE + 7)
    check(folder)
    said = capsys.readouterr().err
    assert said.count("the cached pixels of 1 pictures are damaged") == 1
    assert "read again from the pictures" in said
    check(folder)
    assert "damaged" not in capsys.readouterr().err


def test_only_the_window_with_the_flipped_bit_is_read_again_when_a_reading_goes_on(folder, cache, looked_at):
    interrupt(folder, after=2)
    flip(stored(cache, "pixels.npy")[0], at=COUNT * PICTURE)
    read(folder)
    assert len(looked_at) == 2 * WINDOW + WINDOW + 1


@pytest.mark.parametrize("interrupted", [False, True])
def test_a_flipped_bit_in_an_account_is_noticed(folder, cache, interrupted):
    """Ages stand there: wherever the bit is among the values, the account is what the pictures and their names give."""
    begin(folder, interrupted)
    account = stored(cache, "*.parquet")[0]
    whole = account.read_bytes()
    values = len(whole) - 8 - int.from_bytes(whole[-8:-4], "little")
    for at in range(40, values, values // 2):
        account.write_bytes(whole)
        flip(account, len(whole) - at)
        check(folder)
        assert read(folder).files.age.tolist()[: COUNT - 1] == [20 + n for n in range(COUNT - 1)]


@pytest.mark.parametrize("damage", [lambda whole: b"", lambda whole: whole[:-1], lambda whole: whole[len(whole) // 2 :]])
@pytest.mark.parametrize("interrupted", [False, True])
def test_a_damaged_account_is_no_account(folder, cache, damage, interrupted):
    begin(folder, interrupted)
    account = stored(cache, "*.parquet")[0]
    account.write_bytes(damage(account.read_bytes()))
    check(folder)


def test_a_whole_reading_leaves_one_map_one_account_and_a_lock(folder, cache):
    interrupt(folder)
    read(folder)
    assert [path.name for path in stored(cache, "*") if path.is_file()] == ["account.parquet", "lock", "pixels.npy"]
