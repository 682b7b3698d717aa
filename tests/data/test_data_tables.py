"""A CSV or parquet table names the files and what is known of them; each row is read, or refused with its reason."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from data_pictures import accounted_for, fill, prepared, read, reasons

from unlearning.data.images import decode
from unlearning.errors import InputError

COUNT = 12
AGES = [20 + 3 * n for n in range(COUNT)]
PATHS = [f"faces/face {n}.png" for n in range(COUNT)]


@pytest.fixture
def root(tmp_path) -> Path:
    return fill(tmp_path / "root", {path: n for n, path in enumerate(PATHS)})


def write(root: Path, columns: dict | None = None, kind: str = "csv", **more) -> Path:
    """A table of all pictures: path and age, and these columns."""
    table = pd.DataFrame({"path": PATHS, "age": AGES} | (columns or {}) | more)
    path = root / f"table.{kind}"
    table.to_csv(path, index=False) if kind == "csv" else table.to_parquet(path)
    return path


def text(root: Path, content: str | bytes) -> Path:
    """A CSV file with this content."""
    path = root / "table.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_table_gives_its_pictures_their_ages(root, kind):
    data = prepared(write(root, kind=kind))
    assert data.rejected.empty
    known = data.manifest.set_index("file")
    assert known.age[PATHS].tolist() == AGES
    assert set(known.gender) == set(known.race) == {-1}
    for path in PATHS:
        assert (data.pixels[known.row[path]] == decode((root / path).read_bytes(), 16)).all()


def test_numbers_of_a_parquet_table_are_read_also_where_some_are_missing(root):
    files = read(write(root, gender=[1.0, None] * 6, race=pd.array([3, None] * 6, "Int64"), kind="parquet")).files
    assert files.gender.tolist() == [1, -1] * 6
    assert files.race.tolist() == [3, -1] * 6


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_subject_stays_the_text_that_it_is(root, kind):
    people = ["007", "7", "7.0", "0070", "", "NA", "null", "nan", "-", "Ann", "ann", "é"]
    assert read(write(root, subject=people, kind=kind)).files.subject.tolist() == people


def test_a_numbered_subject_stays_its_number_also_where_some_are_missing(root):
    """Such a number does not fit into a float: rounding it could join two persons."""
    numbers = [20170116174525124 + n for n in range(COUNT - 1)]
    files = read(write(root, subject=pd.array([*numbers, None], "Int64").astype(object), kind="parquet")).files
    assert files.subject.tolist() == [*map(str, numbers), ""]


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_rows_that_cannot_be_used_are_refused_one_by_one(root, kind):
    ages = ["20", "", "121", "x", "33", "34.0", *map(str, range(35, 41))]
    genders = ["0"] * 9 + ["2", "woman", "1"]
    data = prepared(write(root, age=ages, gender=genders, kind=kind), accept_rejects=True)
    legal = "legal: 0 (male), 1 (female)"
    assert reasons(data.rejected) == {
        PATHS[1]: "the age is missing",
        PATHS[2]: "age 121 is not possible",
        PATHS[3]: "age 'x' is not a number",
        PATHS[9]: f"unknown gender '2'; {legal}",
        PATHS[10]: f"unknown gender 'woman'; {legal}",
    }
    assert accounted_for(data) == sorted(PATHS)


def test_paths_that_lead_out_of_the_folder_or_nowhere_are_refused(root, tmp_path):
    """By dots, absolutely, or through a link; a pipe and a folder are no files either."""
    fill(tmp_path, {"outside.png": 50})
    (root / "link.png").symlink_to(tmp_path / "outside.png")
    (root / "away").symlink_to(tmp_path)
    (root / "loop.png").symlink_to("loop.png")
    os.mkfifo(root / "pipe.png")
    odd = {
        "../outside.png": "the path leads out of the folder",
        "faces/../../outside.png": "the path leads out of the folder",
        str(tmp_path / "outside.png"): "the path leads out of the folder",
        "link.png": "the path leads out of the folder",
        "away/outside.png": "the path leads out of the folder",
        "/dev/zero": "the path leads out of the folder",
        "pipe.png": "not a regular file",
        "faces": "not a regular file",
        "nowhere.png": "there is no such file",
        "~/face.png": "there is no such file",
        "loop.png": "the path cannot be followed",
        "x" * 300: "the path cannot be followed",
        "": "the path is missing",
    }
    path = root / "table.csv"
    pd.DataFrame({"path": [*PATHS, *odd], "age": 30}).to_csv(path, index=False)
    data = prepared(path, accept_rejects=True)
    assert {name: reason.split(" (")[0] for name, reason in reasons(data.rejected).items()} == odd
    assert accounted_for(data) == sorted([*PATHS, *odd])


def test_paths_within_the_folder_may_be_spelled_in_any_way(root):
    (root / "link.png").symlink_to("faces/face 11.png")
    spelled = [str(root / path) for path in PATHS[:4]] + [f" {path} " for path in PATHS[4:8]]
    spelled += [f"./{PATHS[8]}", f"faces/../{PATHS[9]}", PATHS[10], "link.png"]
    assert prepared(write(root, path=spelled)).rejected.empty


def test_the_digest_does_not_depend_on_the_order_of_rows_and_columns_and_others_of_any_kind_are_passed_over(root):
    digest = prepared(write(root, gender=["male", "female"] * 6)).digest
    table = pd.read_csv(root / "table.csv").assign(note="x")
    table.sample(frac=1, random_state=0)[["note", "gender", "age", "path"]].to_csv(root / "table.csv", index=False)
    assert prepared(root / "table.csv").digest == digest
    columns = {"landmarks": [[1.0, 2.0]] * COUNT, "box": [{"x": 1}] * COUNT, "when": pd.Timestamp("2020-01-01")}
    assert prepared(write(root, columns, "parquet")).rejected.empty


def test_a_short_row_misses_its_age(root):
    path = text(root, "path,age\n" + "".join(f"{path},{age}\n" for path, age in zip(PATHS, AGES, strict=True)) + "faces\n")
    assert reasons(prepared(path).rejected) == {"faces": "the age is missing"}


@pytest.mark.parametrize(
    ("heading", "separator", "encoding", "end"),
    [
        ("path,age", ",", "utf-8-sig", "\r\n"),
        ("Path; AGE", ";", "utf-8", "\n"),
        (" path \tage\tnote, and more", "\t", "utf-16", "\r\n"),
        (" path ;age;note, and more", ";", "utf-8-sig", "\n"),
    ],
)
def test_a_table_of_any_spreadsheet_is_read(root, heading, separator, encoding, end):
    rows = [f'"{path}"{separator} "{age}"' for path, age in zip(PATHS, AGES, strict=True)]
    assert read(text(root, end.join([heading, *rows]).encode(encoding))).files.age.tolist() == AGES


@pytest.mark.parametrize(("name", "separator"), [("t.tsv", "\t"), ("t.csv.gz", ";")])
def test_tables_with_tabs_and_packed_ones_are_read(root, name, separator):
    table = pd.read_csv(write(root))
    table.to_csv(root / name, index=False, sep=separator, compression="gzip" if name.lower().endswith("gz") else None)
    assert read(root / name).files.age.tolist() == AGES
    if name.endswith("gz"):
        (root / name).write_bytes((root / name).read_bytes()[:-20])
        with pytest.raises(InputError, match=r"the table .* cannot be read: .*end"):
            read(root / name)


def test_a_parquet_table_may_be_indexed_by_the_paths(root):
    pd.DataFrame({"age": AGES}, index=pd.Index(PATHS, name="path")).to_parquet(root / "table.parquet")
    assert read(root / "table.parquet").files.age.tolist() == AGES


def test_backslashes_of_windows_are_read_unless_a_name_holds_them(root):
    fill(root, {"a\\b.png": 40})
    spelled = [path.replace("/", "\\") for path in PATHS[:10]] + [".\\" + PATHS[10].replace("/", "\\"), "a\\b.png"]
    assert prepared(write(root, path=spelled)).rejected.empty
    odd = {"..\\root.png": "there is no such file", "C:\\faces\\a.png": "there is no such file (a path of Windows; give paths"}
    files = read(write(root, path=[*PATHS[:10], *odd])).files
    assert [reason.split(" below")[0] for reason in files.reason[10:]] == [*odd.values()]


def test_empty_rows_below_a_table_are_no_rows(root):
    rows = [f"{path};{age}" for path, age in zip(PATHS, AGES, strict=True)]
    assert read(text(root, "\n".join(["path;age", *rows, *[";"] * 50]))).files.age.tolist() == AGES


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "cannot be read"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "cannot be read"),
        ('path,age\n"a.jpg,25\n', "cannot be read"),
        ("path,age\na.jpg,25\nb.jpg,30,31\n", "cannot be read"),
        ("path,age\n", "has no rows; one row a picture is needed, with the columns path and age"),
        (
            "path,years\na.jpg,3\n",
            "has no column age; it has path, years; legal: path, age, and optional gender, race, subject",
        ),
        ("path|age\na.jpg|3\n", "has no column path and no column age; it has path|age"),
        (b"path,age\nJ\xfcrgen.jpg,30\n", "cannot be read: it is not in UTF-8; save it as CSV UTF-8"),
    ],
)
def test_what_is_no_table_of_pictures_is_named(root, content, words):
    with pytest.raises(InputError) as refusal:
        prepared(text(root, content))
    assert f"the table {root / 'table.csv'} {words}" in str(refusal.value)


def test_a_parquet_table_that_is_none_is_named(root):
    whole = write(root, kind="parquet").read_bytes()
    for damaged in (b"", b"PAR1", b"path,age\n", whole[:-1], whole[: len(whole) // 2], b"\0" * len(whole)):
        (root / "table.parquet").write_bytes(damaged)
        with pytest.raises(InputError, match=r"the table .*table\.parquet cannot be read"):
            prepared(root / "table.parquet")


def test_ages_of_a_parquet_table_may_be_numbers_of_any_kind(root):
    for ages in (np.array(AGES, np.uint8), np.array(AGES, np.float32), pd.array(AGES, "Int16"), list(map(str, AGES))):
        assert read(write(root, age=ages, kind="parquet")).files.age.tolist() == AGES
