"""Other targets than the age as a user has them: ``mlflow run`` from pictures to the champion, which is then served."""

import base64
import json
import re

import mlflow
import pytest
import requests
from pyarrow import parquet
from starlette.testclient import TestClient
from test_whole_job import run_project

from dials import draw_dials
from server import listening
from unlearning.certificates.keys import make_key
from unlearning.registry.lookup import find
from unlearning.reports.served_page import served_page
from unlearning.settings.requests import CertifySettings
from unlearning.settings.serving import PredictSettings
from unlearning.steps.certify import certify
from unlearning.steps.predict import predict
from unlearning.tracking import runs
from unlearning.web.application import Application

SMALL = (
    "arch=test_resnet",
    "image_size=32",
    "train_epochs=1",
    "methods=rnd",
    "epochs=1",
    "gates=test_mae < 1000",
)
JOBS = {
    "hand": ("target=hand", "unit=degrees", "range=0-180", "forget_set=30-60"),
    "gender": ("target=gender", "forget_set=gender:female & 20-28"),
}


def whole_job(folder, *own):
    done = run_project(folder, "main", *SMALL, *own)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder of a user, in which the whole job ran on a number."""
    folder = tmp_path_factory.mktemp("user")
    whole_job(folder, f"data_dir={draw_dials(folder / 'dials', 120)}", *JOBS["hand"])
    return folder


@pytest.fixture(scope="module")
def classes(place):
    """And on classes."""
    whole_job(place, "drawn_faces=160", *JOBS["gender"])


def invocation(address, picture):
    body = {"inputs": {"image": [base64.b64encode(picture.read_bytes()).decode()]}}
    return requests.post(f"{address}/invocations", json=body, timeout=60).json()["predictions"][0]


def test_a_number_is_named_scaled_and_told_in_its_own_unit(user):
    version = find("hand-resnet50", "champion")
    assert version.short == "rnd-30-60-e1"
    assert json.loads(version.tag("target"))["measure"] == "degrees"
    assert version.number_in("alpha") == 45.0
    assert 0 < version.number_in("test_mae") < 180
    assert " degrees (MAE on the test faces)" in version.description
    described = mlflow.MlflowClient().get_registered_model("hand-resnet50").description
    assert "years" not in version.description + described
    table = runs.read_table(version.run_id, "predictions.parquet")
    assert table.columns.tolist() == ["id", "split", "label", "predicted", "member_0"]
    assert table.predicted.between(0, 180).all()


def test_a_number_is_served_and_predicted_in_bulk_under_its_name(user):
    picture = user / "dials" / "dial-0000.png"
    with listening(user, "ping", "serve", "--name", "hand-resnet50", program="age-unlearning") as address:
        assert 0 <= invocation(address, picture) <= 180
        assert (
            "degrees<small>says hand-resnet50/"
            in requests.post(address, files={"image": picture.read_bytes()}, timeout=60).text
        )
    table = parquet.read_table(predict(PredictSettings("dials", "hands.parquet", name="hand-resnet50")))
    assert table.column_names == ["file", "hand", "version", "refused"]
    assert table["hand"].null_count == 1  # the table of the dials is no picture


@pytest.mark.slow
def test_a_class_is_served_with_the_probability_of_each(classes, user):
    picture = user / "dials" / "dial-0000.png"
    with listening(user, "ping", "serve", "--name", "gender-resnet50", program="age-unlearning") as address:
        answer = invocation(address, picture)
    assert answer.keys() == {"gender", "p_male", "p_female"}
    assert answer["p_male"] + answer["p_female"] == pytest.approx(1)
    version = find("gender-resnet50", "champion")
    assert version.tag("forget_rule") == "gender:female & 20-28"
    assert 0 <= version.number_in("test_accuracy") <= 1


@pytest.mark.slow
@pytest.mark.parametrize("name", JOBS)
def test_no_page_speaks_of_ages_or_years(name, classes, user, monkeypatch):
    """But of those that a rule asks for, and of the data where faces have them."""
    make_key(user / f"{name}.pem")
    monkeypatch.setenv("UNLEARNING_SIGNING_KEY", str(user / f"{name}.pem"))
    model, home = f"{name}-resnet50", "http://127.0.0.1"
    version = find(model, "champion")
    paths = ("", "versions", f"versions/{version.number}", f"versions/{version.number}/audit", "picture", "requests/new")
    client = TestClient(Application(model, ["127.0.0.1"]).asgi(), base_url=home, headers={"Origin": home})
    pages = [client.get(f"/{path}").text for path in (*paths, f"compare?versions=original,{version.number}")]
    with (user / "dials" / "dial-0000.png").open("rb") as picture:
        pages.append(client.post("/picture", files={"picture": picture}).text)
    pages += [certify(CertifySettings(name=model)).page, version.description, find(model, "original").description]
    pages.append(served_page(version.label, version.tags, "now", "champion", "", [], ""))
    if name == "hand":
        pages.append(mlflow.artifacts.load_text(f"runs:/{version.tag('data_run')}/data/data_report.html"))
    shown = [
        re.sub(r"<style.*?</style>|<script.*?</script>|base64,[^\"]*|ages:? 20", "", page, flags=re.DOTALL) for page in pages
    ]
    of_ages = re.compile(r".{,40}\b(?:ages?|years?|older|younger)\b(?!-).{,40}", re.IGNORECASE)
    assert [found for page in shown for found in of_ages.findall(page)] == []
