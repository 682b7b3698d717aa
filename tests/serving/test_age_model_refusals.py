"""What the served model does not answer, and that a refusal never repeats the picture."""

import base64
import io
import json

import numpy as np
import pandas as pd
import pytest
from mlflow.exceptions import MlflowException
from PIL import Image

from unlearning.data.images import MAGIC
from unlearning.serving.age_model import MOST_ROWS, SERVER
from unlearning.serving.pictures import MOST_BYTES


def refusal(age_model, request) -> MlflowException:
    """The error of a request; whatever it is, it is MLflow's, about a parameter, and one line."""
    with pytest.raises(MlflowException) as caught:
        age_model.predict(None, request)
    error = caught.value
    assert error.error_code == "INVALID_PARAMETER_VALUE"
    assert error.get_http_status_code() == 400
    assert "\n" not in error.message
    assert len(error.message) < 300
    return error


@pytest.fixture
def refused_row(age_model, picture):
    """The message for a value that stands behind a good picture; it names row 1."""

    def message(value) -> str:
        text = refusal(age_model, pd.DataFrame({"image": pd.Series([picture(), value], dtype=object)})).message
        assert text.startswith("row 1: ")
        return text

    return message


@pytest.mark.parametrize(
    "request_", [[b"picture"], {"image": [b"picture"]}, np.zeros((1, 3)), pd.Series([b"picture"]), None, "x"]
)
def test_anything_but_a_table_is_refused(age_model, request_):
    assert "table with the one column 'image'" in refusal(age_model, request_).message


@pytest.mark.parametrize("columns", [["picture"], ["image", "age"], ["image", "image"], [], ["Image"], [0]])
def test_a_table_with_other_columns_is_refused_with_the_legal_one(age_model, columns):
    request = pd.DataFrame([[b"x"] * len(columns)], columns=columns)
    assert "legal is the one column 'image'" in refusal(age_model, request).message


def test_a_picture_sent_as_the_name_of_a_column_is_cut_short(age_model, picture):
    text = base64.b64encode(picture()).decode()
    assert text[:60] not in refusal(age_model, pd.DataFrame({text: [1]})).message


@pytest.mark.parametrize("rows", [0, MOST_ROWS + 1])
def test_no_rows_and_in_a_server_too_many_are_refused_before_one_is_decoded(age_model, rows, monkeypatch):
    monkeypatch.setenv(SERVER, "a folder")
    request = pd.DataFrame({"image": ["no picture"] * rows})
    assert refusal(age_model, request).message == f"{rows} rows; legal are 1 to {MOST_ROWS} images a request"


def test_in_a_server_legal_pictures_are_too_many_pixels_together(age_model, monkeypatch):
    monkeypatch.setenv(SERVER, "a folder")
    buffer = io.BytesIO()
    Image.new("1", (4_000, 4_000)).save(buffer, "PNG")
    request = pd.DataFrame({"image": [buffer.getvalue()] * 7})
    assert refusal(age_model, request).message.endswith("more than the 100 megapixels allowed in a request; send fewer")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        *((value, f"{type(value).__name__} is neither bytes nor base64 text") for value in (7, None, 1.5, [1, 2], {})),
        *((value, "neither a JPEG or PNG image nor base64") for value in ("no base64!", "åäö", "abc", b"\xff")),
        *((value, "the image is empty") for value in ("", b"")),
        (base64.b64encode(b"a letter, not a picture").decode(), "not a JPEG or PNG image"),
        ("!" * (2 * MOST_BYTES), "more than the 20 megabytes allowed"),
    ],
    ids=lambda value: repr(value)[:30],
)
def test_what_is_no_picture_is_refused_with_the_reason(refused_row, value, words):
    assert words in refused_row(value)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF"])
def test_other_formats_are_refused(refused_row, picture, kind):
    assert "not a JPEG or PNG image" in refused_row(base64.b64encode(picture(0, kind)).decode())


@pytest.mark.parametrize("kind", ["JPEG", "PNG"])
def test_a_picture_that_was_cut_off_is_refused(refused_row, picture, kind):
    whole = picture(0, kind, (200, 200))
    assert "damaged or cut off" in refused_row(whole[: len(whole) // 2])
    for magic in MAGIC:
        assert "JPEG or PNG" in refused_row(magic) or "damaged" in refused_row(magic)


def test_21_megapixels_are_refused_although_they_are_few_bytes(refused_row):
    buffer = io.BytesIO()
    Image.new("1", (7000, 3000)).save(buffer, "PNG")
    assert len(buffer.getvalue()) < 100_000
    assert "7000 x 3000 pixels are more than the 20 megapixels allowed" in refused_row(buffer.getvalue())


@pytest.mark.parametrize("spell", [bytes, base64.b64encode, lambda raw: base64.b64encode(raw).decode()])
def test_more_bytes_than_allowed_are_refused_in_every_spelling(refused_row, spell):
    assert "more than the 20 megabytes allowed" in refused_row(spell(MAGIC[0] + bytes(MOST_BYTES)))


def test_the_first_bad_row_is_named_and_the_model_goes_on_answering(age_model, ask, picture):
    before, rows = ask(picture()), [picture()] * 70 + [b"bad", picture(), b"bad"]
    assert refusal(age_model, pd.DataFrame({"image": rows})).message.startswith("row 70: ")
    assert np.array_equal(ask(picture()), before)


def test_a_refusal_cannot_be_made_to_carry_the_caller_s_picture(age_model, picture):
    """MLflow's server puts the whole input in front of the message of the errors that it answers with."""
    face = base64.b64encode(picture()).decode()
    error = refusal(age_model, pd.DataFrame({"image": [face[:-5]]}))
    sentence = error.message
    error.message = f"Failed to predict data '{face}'. \nError: {error.message}"
    assert error.message == sentence
    assert str(error) == sentence
    assert json.loads(error.serialize_as_json())["message"] == sentence
    assert face[:40] not in error.serialize_as_json()
    assert face[:40] not in repr(error)
