import base64
import io
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from serving.conftest import loaded
from unlearning.data.faces import FaceSet
from unlearning.data.images import decode
from unlearning.models.ensemble import save_member, save_spec, weights_digest
from unlearning.serving import age_model as age_model_module
from unlearning.serving.age_model import MODEL_ARTIFACT
from unlearning.serving.pictures import BATCH
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


@pytest.mark.parametrize("mode", ["L", "RGBA", "P", "1", "I;16"])
def test_every_colour_mode_gets_a_finite_age(ask, mode):
    buffer = io.BytesIO()
    Image.new(mode, (20, 20)).save(buffer, "PNG")
    (age,) = ask(buffer.getvalue())
    assert 0 <= age <= 60


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
    assert age_model_module._verdict_of("age-resnet50/7") == "not known now: the registry does not answer"
