"""The ages of a whole folder: those that the served version gives, in one table, whatever happens on the way."""

from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner
from filelock import FileLock
from pyarrow import parquet

from data.data_pictures import fill
from dying import Killed, die_after
from entrypoints.console import main
from made import drawn
from serving.conftest import loaded
from unlearning.data import pictures
from unlearning.errors import InputError
from unlearning.registry.lookup import find
from unlearning.settings.serving import PredictSettings
from unlearning.steps import predict as step
from unlearning.steps.predict import predict
from unlearning.versions.files import model_folder

MODEL = "age-resnet50"


@pytest.fixture
def few_at_once(monkeypatch):
    """Parts of eight files, of which four are read at once: by processes, where there are cores for them."""
    monkeypatch.setattr(step, "PART", 8)
    monkeypatch.setattr(step, "AT_ONCE", 4)


@pytest.fixture
def faces(tmp_path) -> list[Path]:
    """Forty drawn faces in a folder, called as nobody calls them."""
    (tmp_path / "faces").mkdir()
    for number, path in enumerate(drawn()[::4]):
        (tmp_path / "faces" / f"face {number:02}").write_bytes(path.read_bytes())
    return sorted((tmp_path / "faces").iterdir())


def served(number: str, paths: list[Path]) -> np.ndarray:
    """What ``mlflow models serve`` answers."""
    return loaded(model_folder(find(MODEL, number))).predict(None, pd.DataFrame({"image": paths}))


def ages(folder: Path, number: str, name: str = "ages.parquet") -> pd.DataFrame:
    out = predict(PredictSettings(str(folder), str(folder.parent / name), number))
    assert not list(folder.parent.glob(".*parts"))
    return pd.read_csv(out, keep_default_na=False, na_values={"age": ""}) if out.suffix == ".csv" else pd.read_parquet(out)


def kill_after_three_parts(folder: Path, monkeypatch) -> None:
    with monkeypatch.context() as patch:
        die_after(patch, step, "write_whole", 3)
        with pytest.raises(Killed):
            ages(folder, "3")


def test_every_file_has_the_age_that_the_server_answers_or_the_reason_why_not(untouched, few_at_once, faces):
    (faces[0].parent / "face 05x").write_bytes(b"no picture")
    fill(faces[0].parent, {"sub/large": 7})
    table = ages(faces[0].parent, "3")
    paths = [faces[0].parent / name for name in table.file]
    assert table.file.tolist() == sorted([*(path.name for path in faces), "face 05x", "sub/large"])
    assert set(table.version) == {f"{MODEL}/3"}
    refused = table.refused != ""
    assert table[refused][["file", "refused"]].to_numpy().tolist() == [["face 05x", "not a JPEG or PNG image"]]
    assert table.age.isna().tolist() == refused.tolist()
    known = served("3", [path for path, no in zip(paths, refused, strict=True) if not no])
    assert len(set(known.round(3))) > 20, "equal ages would prove nothing"
    assert table.age[~refused].to_numpy() == pytest.approx(known, abs=1e-4)
    told = parquet.read_schema(faces[0].parent.parent / "ages.parquet").metadata
    assert (told[b"version"], told[b"verdict"]) == (f"{MODEL}/3".encode(), b"not judged yet")
    comma = ages(faces[0].parent, "3", "ages.csv")
    pd.testing.assert_frame_equal(comma, table, check_dtype=False)


def test_a_killed_prediction_goes_on_with_the_parts_that_are_missing(untouched, few_at_once, faces, monkeypatch):
    whole = ages(faces[0].parent, "3", "whole.parquet")
    kill_after_three_parts(faces[0].parent, monkeypatch)
    assert not (faces[0].parent.parent / "ages.parquet").exists()
    monkeypatch.setattr(step, "each_by", lambda tasks: nullcontext(map))  # in this process, where reading is counted
    read = []
    monkeypatch.setattr(pictures, "decode", lambda data, side, own=pictures.decode: read.append(side) or own(data, side))
    assert ages(faces[0].parent, "3").equals(whole)
    assert len(read) == len(faces) - 3 * 8


def test_parts_of_another_version_or_of_files_that_changed_are_not_taken(untouched, few_at_once, faces, monkeypatch):
    kill_after_three_parts(faces[0].parent, monkeypatch)
    faces[0].write_bytes(faces[1].read_bytes())
    table = ages(faces[0].parent, "4")
    assert table.age.to_numpy() == pytest.approx(served("4", faces), abs=1e-4)
    assert table.age[0] == pytest.approx(table.age[1], abs=1e-4)


def test_a_table_in_the_folder_itself_is_no_picture_of_it(untouched, faces):
    folder = faces[0].parent
    for _ in range(2):
        out = predict(PredictSettings(str(folder), str(folder / "ages.csv"), "3"))
        assert len(pd.read_csv(out)) == len(faces)


def test_the_folder_is_typed_in_place_or_as_data(untouched, faces, monkeypatch):
    taken, folder, rest = [], str(faces[0].parent), ["--out", "ages.csv", "--model", "3"]
    monkeypatch.setattr(step, "predict", taken.append)
    for words in ([folder, *rest], [*rest, folder], ["--data", folder, *rest]):
        CliRunner().invoke(main, ["predict", *words], catch_exceptions=False)
    assert taken == [PredictSettings(folder, str(Path("ages.csv").resolve()), "3")] * 3


def test_two_processes_do_not_write_one_table(untouched, faces):
    parts = faces[0].parent.parent / ".ages.parquet.parts"
    parts.mkdir()
    with FileLock(parts / "lock"), pytest.raises(InputError, match="another process is writing"):
        ages(faces[0].parent, "3")
