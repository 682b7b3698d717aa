"""What the served model answers, what it does not, and that a refusal never repeats the picture."""

import base64
import io
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import torch
from mlflow.exceptions import MlflowException
from PIL import Image

from serving.conftest import loaded
from unlearning.data.faces import FaceSet
from unlearning.data.images import MAGIC, decode
from unlearning.models.ensemble import save_member, save_spec, weights_digest
from unlearning.naming import MODEL_ARTIFACT
from unlearning.serving import age_model as age_model_module
from unlearning.serving.age_model import MOST_ROWS, SERVER, AgeModel
from unlearning.serving.pictures import BATCH, MOST_BYTES
from unlearning.training.predict import predict


def test_ages_are_the_mean_of_the_members_predictions_on_the_same_pixels(ask, age_model, picture, spec):
    pictures = [picture(seed) for seed in range(5)]
    pixels = np.stack([decode(data, spec.image_size) for data in pictures])
    faces = FaceSet(pd.DataFrame({"row": range(5), "age": [0] * 5}), pixels)
    members = torch.stack([predict(member, faces) for member in age_model.ensemble.members])
    ages = ask(*pictures)
    assert (ages.dtype, ages.shape) == (np.float64, (5,))
    assert ages == pytest.approx(members.mean(dim=0).numpy(), abs=1e-4)
    assert members[0].numpy() != pytest.approx(members[1].numpy(), abs=1e-2)


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_bytes_base64_text_and_base64_bytes_are_the_same_picture(ask, picture, kind):
    raw = picture(1, kind)
    ages = ask(raw, base64.b64encode(raw).decode(), base64.b64encode(raw), base64.encodebytes(raw))
    assert ages == pytest.approx(np.full(4, ages[0]), abs=1e-4)


def test_answers_come_in_the_order_of_the_rows_whatever_their_index(age_model, ask, picture):
    pictures = [picture(seed) for seed in range(6)]
    ages = ask(*pictures)
    assert len(set(ages.round(2))) == 6, "equal ages would prove nothing"
    assert ask(*pictures[::-1]) == pytest.approx(ages[::-1], abs=1e-4)
    indexed = pd.DataFrame({"image": pictures}, index=[5, 3, 3, 0, 1, 2])
    assert age_model.predict(None, indexed) == pytest.approx(ages, abs=1e-4)


def test_more_rows_than_a_batch_are_all_answered_in_order(ask, picture):
    different = [picture(seed) for seed in range(10)]
    rows = [different[i % 10] for i in range(2 * BATCH + 3)]
    few = ask(*different)
    assert ask(*rows) == pytest.approx(np.array([few[i % 10] for i in range(len(rows))]), abs=1e-4)


def test_a_picture_of_another_size_and_shape_is_read_as_training_reads_it(ask, picture, spec):
    """The largest centred square, made as small as the network's input."""
    wide = picture(2, size=(300, 90))
    buffer = io.BytesIO()
    Image.fromarray(decode(wide, spec.image_size)).save(buffer, "PNG")
    assert ask(wide) == pytest.approx(ask(buffer.getvalue()), abs=1e-4)


def test_several_threads_get_the_answers_of_one(ask, picture):
    requests = [[picture(10 * request + row) for row in range(3)] for request in range(8)]
    alone = [ask(*request) for request in requests]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda request: ask(*request), requests))
    assert np.stack(together) == pytest.approx(np.stack(alone), abs=1e-4)


def test_answering_changes_neither_the_model_nor_the_request(age_model, picture):
    before = [weights_digest(member) for member in age_model.ensemble.members]
    request = pd.DataFrame({"image": [picture(0), picture(1)]})
    asked = request.copy()
    first = age_model.predict(None, request)
    assert np.array_equal(age_model.predict(None, request), first)
    assert request.equals(asked)
    assert [weights_digest(member) for member in age_model.ensemble.members] == before
    assert not any(member.training for member in age_model.ensemble.members)


def test_the_version_that_answers_is_told_when_asked_for(age_model, ask, picture):
    told = age_model.predict(None, pd.DataFrame({"image": [picture(0), picture(1)]}), {"tell_version": True})
    assert list(told.columns) == ["age", "version", "verdict"]
    assert told.age.tolist() == ask(picture(0), picture(1)).tolist()
    assert set(told.version) == {"not a registered version"}


def test_the_version_is_the_one_that_mlflow_notes_beside_what_it_downloads(age_model, tmp_path, spec, picture):
    folder = tmp_path / "artifacts" / MODEL_ARTIFACT
    folder.mkdir(parents=True)
    save_member(age_model.ensemble.members[0], folder, 0)
    save_spec(folder, spec, (0,), {})
    (tmp_path / "registered_model_meta").write_text("model_name: age-resnet50\nmodel_version: '7'\n")
    told = loaded(folder).predict(None, pd.DataFrame({"image": [picture()]}), {"tell_version": True})
    assert told.version.tolist() == ["age-resnet50/7"]


def test_a_registry_that_does_not_answer_holds_no_request_up(monkeypatch):
    monkeypatch.setattr(age_model_module.mlflow, "is_tracking_uri_set", lambda: True)
    monkeypatch.setattr(age_model_module, "PATIENCE", 0.01)
    monkeypatch.setattr(age_model_module.mlflow.MlflowClient, "get_model_version", lambda *asked: time.sleep(0.5))
    model, before = AgeModel(), threading.active_count()
    model.label = "age-resnet50/7"
    for _ in range(20):
        assert model.verdict() == "not known now: the registry does not answer"
    assert threading.active_count() - before <= 4, "threads pile up"


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
