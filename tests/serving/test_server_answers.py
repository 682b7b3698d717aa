"""What a server answers is what MLflow's own would."""

import io
import json

import mlflow
import pandas as pd
import pytest
import requests
from mlflow.pyfunc.scoring_server import invocations

from asking import MODEL

TELL = {"params": {"tell_version": True}}


@pytest.fixture(scope="module")
def as_mlflow_serves(asked, promoted_store):
    """body, type -> what ``mlflow models serve`` would answer: its own function, on its own way to load the version."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{promoted_store}")
        model = mlflow.pyfunc.load_model(f"models:/{MODEL}@champion")
        yield lambda body, kind: json.loads(invocations(body, kind, model, model.metadata.get_input_schema()).response)


def bodies(texts, pictures):
    """Every form that MLflow documents, with the same pictures."""
    frame, as_json = pd.DataFrame({"image": texts}), "application/json"
    yield json.dumps({"dataframe_split": frame.to_dict("split")}).encode(), as_json
    yield json.dumps({"dataframe_records": frame.to_dict("records")}).encode(), f"{as_json}; charset=utf-8"
    yield json.dumps({"instances": frame.to_dict("records")}).encode(), as_json
    yield json.dumps({"inputs": {"image": texts}}).encode(), as_json
    yield frame.to_csv(index=False).encode(), "text/csv"
    file = io.BytesIO()
    pd.DataFrame({"image": pictures}).to_parquet(file)
    yield file.getvalue(), "application/vnd.apache.parquet"


def test_every_form_of_request_gets_mlflows_answer(asked, as_mlflow_serves, texts, pictures):
    known = list(bodies(texts, pictures))
    for body, kind in known:
        answer, expected = asked.send(body, kind), as_mlflow_serves(body, kind)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/json"
        assert answer.json() == {"predictions": pytest.approx(expected["predictions"], abs=1e-4)}


def test_the_version_and_its_verdict_are_told_when_asked_for(asked, as_mlflow_serves, texts):
    body = {"dataframe_records": [{"image": texts[0]}]}
    (age,) = asked.json(body).json()["predictions"]
    told = asked.json(body | TELL).json()["predictions"]
    assert told == [{"age": pytest.approx(age, abs=1e-4), "version": f"{MODEL}/3", "verdict": told[0]["verdict"]}]
    assert told == [
        as_mlflow_serves(json.dumps(body | TELL).encode(), "application/json")["predictions"][0] | {"age": told[0]["age"]}
    ]


def test_a_picture_as_it_is_and_one_that_says_what_it_is_are_answered(asked, texts, pictures):
    plain = asked.json({"dataframe_records": [{"image": texts[0]}]}).json()
    for kind in ("image/jpeg", "image/png"):  # as with files, the bytes decide and not the name
        assert asked.send(pictures[0], kind).json() == plain
    named = f"data:image/jpeg;base64,{texts[0]}"
    for body in ({"dataframe_split": {"columns": ["image"], "data": [[named]]}}, {"inputs": {"image": [named]}}):
        assert asked.json(body).json() == plain
    assert asked.send(f'image\n"{named}"\n'.encode(), "text/csv").json() == plain
    assert (
        asked.send(json.dumps({"inputs": {"image": [named]}}).replace("/", "\\/").encode(), "application/json").json() == plain
    )


def test_mlflows_other_paths_answer_as_there(asked):
    for path in ("ping", "health"):
        answer = requests.get(f"{asked.address}/{path}", timeout=60)
        assert (answer.status_code, answer.text) == (200, "\n")
    assert requests.get(f"{asked.address}/version", timeout=60).text == mlflow.__version__


def test_prometheus_reads_what_was_answered_and_refused(asked, texts):
    before = asked.numbers()
    asked.json({"dataframe_records": [{"image": text} for text in texts]})
    asked.json({"dataframe_records": [{"image": "AAAA"}]})
    requests.get(f"{asked.address}/a-secret-path", timeout=60)
    now = asked.numbers()

    def more(name):
        return now.get(name, 0) - before.get(name, 0)

    assert more('age_requests_total{path="/invocations",status="200"}') == 1
    assert more('age_requests_total{path="other",status="404"}') == 1
    assert more("age_pictures_total") == len(texts)
    assert more('age_refusals_total{reason="picture"}') == 1
    assert now[f'age_version{{version="{MODEL}/3"}}'] == 1


def test_the_page_shows_the_version_and_the_age_of_a_picture(asked, texts, pictures):
    page = requests.get(asked.address, timeout=60).text
    assert f"{MODEL}/3 answers here" in page
    assert "It was made to forget 20-28" in page
    (age,) = asked.json({"dataframe_records": [{"image": texts[0]}]}).json()["predictions"]
    shown = requests.post(asked.address, files={"image": ("holiday-of-ann.jpg", pictures[0])}, timeout=60)
    assert f"{age:.1f} years" in shown.text
    assert "holiday-of-ann" not in shown.text
    for sent in ({"image": ("x", b"no picture")}, {"other": ("x", pictures[0])}, {}):
        refused = requests.post(asked.address, files=sent, timeout=60)
        assert (refused.status_code, "years<" in refused.text) == (400, False)
        assert 'class="refusal"' in refused.text
