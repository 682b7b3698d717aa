"""What people hand to a loaded version in Python, and what MLflow's server makes of requests."""

import base64
import io
import json
import re
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from mlflow.models import Model
from mlflow.pyfunc import PyFuncModel, scoring_server
from PIL import Image

from unlearning.registry.logged_models import SIGNATURE
from unlearning.serving.age_model import MOST_ROWS
from unlearning.serving.pictures import MOST_BYTES


@pytest.fixture(scope="module")
def champion(age_model):
    """The model behind MLflow's own look at what it is given, as MLflow loads it."""
    served = SimpleNamespace(predict=lambda data, params=None: age_model.predict(None, data, params))
    flavor = {"python_function": {"loader_module": "none"}}
    return PyFuncModel(Model(signature=SIGNATURE, flavors=flavor), served)


@pytest.fixture
def file(tmp_path, picture):
    path = tmp_path / "face.png"
    path.write_bytes(picture(3, size=(90, 60)))
    return path


def spellings(raw: bytes, path: Path) -> dict:
    return {
        "bytearray": bytearray(raw),
        "memoryview": memoryview(raw),
        "numpy": np.bytes_(raw),
        "path": path,
        "text": str(path),
        "opened": Image.open(path),
        "in memory": Image.open(io.BytesIO(raw)).convert("RGBA"),
        "base64": base64.b64encode(raw).decode(),
    }


def test_every_spelling_of_a_picture_in_python_is_the_same_picture(champion, file):
    pictures = spellings(file.read_bytes(), file)
    ages = champion.predict(pd.DataFrame({"image": pd.Series([file.read_bytes(), *pictures.values()], dtype=object)}))
    assert ages == pytest.approx(np.full(len(pictures) + 1, ages[0]), abs=1e-4)


def test_a_column_of_arrow_and_one_image_in_many_rows_are_read(age_model, ask, file):
    import pyarrow as pa

    raw = file.read_bytes()
    for kind in (pa.binary(), pa.large_binary()):
        arrow = pd.DataFrame({"image": pd.array([raw, raw], dtype=pd.ArrowDtype(kind))})
        assert age_model.predict(None, arrow) == pytest.approx(ask(raw, raw), abs=1e-4)
    opened = Image.open(file)
    assert ask(*[opened] * 20) == pytest.approx(np.full(20, ask(raw)[0]), abs=1e-4)
    assert (opened.size, opened.mode) == ((90, 60), "RGB")


def test_a_rotation_in_a_picture_of_pillow_is_applied_and_the_picture_stays_as_it_was(ask, picture):
    exif = Image.Exif()
    exif[0x0112] = 6
    buffer = io.BytesIO()
    Image.open(io.BytesIO(picture(3, size=(90, 60)))).save(buffer, "PNG", exif=exif)
    opened = Image.open(buffer)
    assert ask(opened) == pytest.approx(ask(buffer.getvalue()), abs=1e-4)
    assert opened.size == (90, 60)
    assert opened.getexif()[0x0112] == 6


def test_a_file_that_cannot_be_read_is_refused_in_a_sentence(ask, tmp_path):
    (tmp_path / "folder.jpg").mkdir()
    with (tmp_path / "huge.jpg").open("wb") as huge:
        huge.truncate(MOST_BYTES + 1)
    for name, words in {
        "none.jpg": "there is no file none.jpg",
        "folder.jpg": "there is no file folder.jpg",
        "huge.jpg": "more than the 20 megabytes allowed",
    }.items():
        with pytest.raises(MlflowException) as refusal:
            ask(tmp_path / name)
        assert refusal.value.message == words


@pytest.mark.parametrize("form", ["dataframe_split", "dataframe_records", "inputs", "instances"])
def test_no_request_opens_a_file_of_the_server_and_base64_is_answered(champion, file, form, monkeypatch):
    named, picture = str(file), base64.b64encode(file.read_bytes()).decode()
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail(f"{path} was read"))

    def asked(text: str) -> dict:
        body = {"columns": ["image"], "data": [[text]]} if form == "dataframe_split" else [{"image": text}]
        return {form: {"image": [text]} if form == "inputs" else body}

    with pytest.raises(MlflowException) as refusal:
        ask_over_http(champion, asked(named))
    # Of a length that base64 cannot have, MLflow itself says so, before the model sees it.
    assert re.search("neither a JPEG or PNG image nor base64|base64-encoded|Incorrect padding", refusal.value.message)
    assert named not in refusal.value.message
    assert len(json.loads(ask_over_http(champion, asked(picture)).response)["predictions"]) == 1


@pytest.mark.parametrize("kind", ["text/csv", "application/vnd.apache.parquet"])
def test_text_of_csv_and_parquet_names_no_file_in_the_scoring_server(champion, file, kind, monkeypatch):
    """It comes as text, and not as the bytes that base64 would stand for."""
    picture, schema = base64.b64encode(file.read_bytes()).decode(), champion.metadata.get_input_schema()
    texts = (str(file), picture)
    tables = [pd.DataFrame({"image": [text]}).to_parquet() for text in texts]
    bodies = [f"image\n{text}\n" for text in texts] if kind == "text/csv" else tables
    monkeypatch.setenv(scoring_server._SERVER_MODEL_PATH, "a folder")
    monkeypatch.setattr(Path, "read_bytes", lambda path: pytest.fail(f"{path} was read"))
    with pytest.raises(MlflowException, match="neither a JPEG or PNG image nor base64"):
        scoring_server.invocations(bodies[0], kind, champion, schema)
    assert len(json.loads(scoring_server.invocations(bodies[1], kind, champion, schema).response)["predictions"]) == 1


def ask_over_http(model, body: dict):
    return scoring_server.invocations(json.dumps(body), "application/json", model, model.metadata.get_input_schema())


@pytest.mark.parametrize("form", ["inputs", "instances", "dataframe_records", "dataframe_split"])
def test_a_request_without_the_column_is_refused_in_a_sentence_that_never_repeats_the_picture(champion, file, form):
    face = base64.b64encode(file.read_bytes()).decode()
    bodies = [{"columns": ["face"], "data": [[face]]}] if form == "dataframe_split" else [[{"face": face}]]
    for body in bodies + ([face, {"face": [face]}] if form == "inputs" else []):
        with pytest.raises(MlflowException) as refusal:
            ask_over_http(champion, {form: body})
        assert refusal.value.message == "the column is missing; legal is the one column 'image'", body
        assert face[40:80] not in refusal.value.serialize_as_json()


def test_what_is_no_table_is_refused_in_python_without_repeating_the_picture(champion, file):
    raw = file.read_bytes()
    for given in (raw, [raw], np.array([raw], dtype=object), pd.DataFrame({"Image": [raw]}), pd.DataFrame({0: [raw]})):
        with pytest.raises(MlflowException, match="legal is the one column 'image'") as refusal:
            champion.predict(given)
        assert len(refusal.value.message) < 100


def test_a_table_of_any_length_is_answered_where_no_server_is(age_model, picture):
    """Spark hands on thousands of rows at once."""
    rows = MOST_ROWS + 1
    assert len(age_model.predict(None, pd.DataFrame({"image": [picture()] * rows}))) == rows
