"""The whole job as a user runs it: ``mlflow run``, ``mlflow models serve``, and the registry read back."""

import base64
import json
import os
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import mlflow
import pandas as pd
import pytest
import requests

from places import ROOT

MODEL = "age-resnet50"
BIN = Path(sys.executable).parent


def mlflow_command(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess:
    """``mlflow ...`` in a shell of a user: the environment's programs on the path, no setting of ours or of a test."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "PYTHON"))}
    environment |= {"PATH": f"{BIN}:{os.environ['PATH']}", **variables}
    return subprocess.run(["mlflow", *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def run_project(cwd: Path, entry: str, *parameters: str, **variables: str) -> subprocess.CompletedProcess:
    given = [part for parameter in parameters for part in ("-P", parameter)]
    return mlflow_command("run", str(ROOT), "-e", entry, "--env-manager", "local", *given, cwd=cwd, **variables)


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder of a user, in which the whole job ran once on drawn faces."""
    folder = tmp_path_factory.mktemp("user")
    small = ("arch=test_resnet", "image_size=32", "drawn_faces=160", "train_epochs=3", "epochs=1,2", "gates=F > 0.1")
    done = run_project(folder, "main", *small)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "said.txt").write_text(done.stdout + done.stderr)
    return folder


@pytest.fixture
def user(place, monkeypatch):
    """In that folder, with MLflow's default store, which is the folder's own."""
    monkeypatch.chdir(place)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{place}/mlflow.db")
    return place


def test_the_job_ends_in_the_callers_folder_with_what_to_type_next_and_no_pickle(user):
    assert (user / "mlflow.db").exists()
    assert list((user / "mlruns").rglob("spec.json"))
    assert not (ROOT / "mlflow.db.lock").exists() or (ROOT / "mlflow.db").exists()
    said = (user / "said.txt").read_text()
    assert "registered model age-resnet50" in said
    assert "What to type next:" in said
    assert "mlflow models serve -m models:/age-resnet50@champion" in said
    files = [path.suffix for path in (user / "mlruns").rglob("*") if path.is_file()]
    assert ".safetensors" in files
    assert not {".pkl", ".pickle", ".pt", ".pth"} & set(files)


def test_the_registry_read_back_is_the_documented_one(user):
    client = mlflow.MlflowClient()
    aliases = client.get_registered_model(MODEL).aliases
    fixed = {"original", "champion", "forgotten", "forgotten-20-28", "retrained-20-28"}
    assert aliases.keys() == fixed | {f"{method}-20-28-e{epochs}" for method in ("ft", "rnd") for epochs in (1, 2)}
    assert aliases["champion"] == aliases["forgotten"] == aliases["forgotten-20-28"]
    versions = {int(v.version): v for v in client.search_model_versions(f"name = '{MODEL}'")}
    assert len(versions) == 6
    champion = versions[int(aliases["champion"])]
    assert {"role": "unlearned", "state": "forgotten", "forgotten": "20-28"}.items() <= champion.tags.items()
    assert float(champion.tags["F"]) == pytest.approx(
        float(champion.tags["Utility"]) * float(champion.tags["Forgetting"]), rel=1e-4
    )
    with pytest.warns(FutureWarning, match="stages"):
        production = client.get_latest_versions(MODEL, ["Production"])
    assert [int(v.version) for v in production] == [int(aliases["champion"])]


def test_all_steps_are_children_of_one_parent(user):
    found = mlflow.search_runs(output_format="list")
    parent = next(run for run in found if run.data.tags.get("step") == "main")
    children = [run.data.tags["step"] for run in found if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    assert sorted(children) == ["evaluate", "prepare", "promote", "retrain", "status", "train", "unlearn", "unlearn"]
    assert {run.info.status for run in found} == {"FINISHED"}


def test_the_same_job_again_reuses_every_finished_step(user):
    before = {version.version for version in mlflow.MlflowClient().search_model_versions(f"name = '{MODEL}'")}
    small = ("arch=test_resnet", "image_size=32", "drawn_faces=160", "train_epochs=3", "epochs=1,2", "gates=F > 0.1")
    done = run_project(user, "main", *small)
    assert done.returncode == 0, done.stderr
    for step in ("prepare", "train", "retrain", "unlearn (ft)", "unlearn (rnd)"):
        assert f"{step}: reused" in done.stderr
    assert {version.version for version in mlflow.MlflowClient().search_model_versions(f"name = '{MODEL}'")} == before


def test_unlearn_needs_no_parameter_and_promote_and_status_follow(user):
    done = run_project(user, "unlearn")
    assert done.returncode == 0, done.stderr
    refused = run_project(user, "promote", "version=ft-20-28-e8", "gates=F > 99")
    assert refused.returncode != 0
    assert "is not promoted: F > 99 failed" in refused.stderr
    forced = run_project(user, "promote", "version=ft-20-28-e8", "gates=F > 99", "force=true")
    assert forced.returncode == 0, forced.stderr
    shown = run_project(user, "status", "format=json")
    versions = json.loads(shown.stdout[shown.stdout.index("{") :])["versions"]
    champion = next(version for version in versions if "champion" in version["aliases"])
    assert (champion["stage"], champion["epochs"], champion["state"]) == ("Production", "8", "forgotten")
    tags = mlflow.MlflowClient().get_model_version_by_alias(MODEL, "champion").tags
    assert tags["forced_gates"] == "F > 99"
    assert tags["forced_by"]


def test_a_rule_in_words_of_the_shell_arrives_as_it_was_typed(user):
    done = run_project(user, "evaluate", "forget_set=$HOME & 'young'; ls", "version=original")
    assert done.returncode != 0
    assert """unknown forget set "$HOME & 'young'; ls\"""" in done.stderr


def test_an_unknown_parameter_is_refused_and_the_run_says_why(user):
    done = run_project(user, "status", "forget=20-28")
    assert done.returncode != 0
    assert "No such option '--forget'" in done.stderr
    newest = mlflow.search_runs(max_results=1, order_by=["start_time DESC"], output_format="list")[0]
    assert newest.info.status == "FAILED"
    assert "--forget" in newest.data.tags["failure"]


def test_a_relative_uri_from_another_folder_ends_in_a_sentence(tmp_path):
    done = run_project(tmp_path, "status", MLFLOW_TRACKING_URI="sqlite:///mine.db")
    assert done.returncode != 0
    assert "MLFLOW_TRACKING_URI=sqlite:///mine.db is relative" in done.stderr
    assert not (ROOT / "mine.db").exists()


@contextmanager
def served(folder: Path):
    """A real server of the champion; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "PYTHON"))}
    environment["PATH"] = f"{BIN}:{os.environ['PATH']}"
    command = ["mlflow", "models", "serve", "-m", f"models:/{MODEL}@champion", "--env-manager", "local", "-p", str(port)]
    with (folder / "serve.log").open("w") as log:
        server = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=log, start_new_session=True)
    try:
        _wait_for(f"http://127.0.0.1:{port}", server, folder)
        yield f"http://127.0.0.1:{port}/invocations"
    finally:
        os.killpg(server.pid, 15)
        server.wait(30)


def _wait_for(address: str, server: subprocess.Popen, folder: Path) -> None:
    until = time.monotonic() + 180
    while time.monotonic() < until and server.poll() is None:
        try:
            if requests.get(f"{address}/ping", timeout=2).ok:
                return
        except requests.ConnectionError:
            time.sleep(0.5)
    pytest.fail((folder / "serve.log").read_text())


@pytest.fixture(scope="module")
def address(place):
    with served(place) as found:
        yield found


@pytest.fixture(scope="module")
def pictures():
    folder = next(Path(os.environ["UNLEARNING_CACHE"]).glob("drawn/160-*"))
    return [base64.b64encode(path.read_bytes()).decode() for path in sorted(folder.glob("*.jpg"))[:5]]


def test_the_server_answers_years_in_order(address, pictures, user):
    model = mlflow.pyfunc.load_model(f"models:/{MODEL}@champion")
    years = model.predict(pd.DataFrame({"image": [base64.b64decode(picture) for picture in pictures]})).tolist()
    assert years != pytest.approx(sorted(years), abs=1e-6)
    assert all(0 <= year <= 60 for year in years)
    body = {"dataframe_split": {"columns": ["image"], "data": [[picture] for picture in pictures]}}
    answer = requests.post(address, json=body, timeout=60)
    assert answer.status_code == 200, answer.text
    assert answer.json()["predictions"] == pytest.approx(years, abs=1e-3)
    assert {"role": "unlearned", "forgotten": "20-28"}.items() <= model.metadata.metadata.items()
    assert {"method", "epochs", "data_digest", "Utility", "Forgetting", "F"} <= model.metadata.metadata.keys()


def test_the_answer_tells_which_version_gave_it_when_asked(address, pictures, user):
    plain, told = ({"dataframe_records": [{"image": pictures[0]}]} | more for more in ({}, {"params": {"tell_version": True}}))
    (age,) = requests.post(address, json=plain, timeout=60).json()["predictions"]
    answer = requests.post(address, json=told, timeout=60).json()
    champion = mlflow.MlflowClient().get_model_version_by_alias(MODEL, "champion").version
    assert answer == {"predictions": [{"age": pytest.approx(age, abs=1e-4), "version": f"{MODEL}/{champion}"}]}


def test_the_server_refuses_bad_pictures_in_one_sentence(address, pictures):
    whole = base64.b64decode(pictures[1])
    cut = base64.b64encode(whole[: len(whole) // 2]).decode()
    answer = requests.post(address, json={"dataframe_records": [{"image": pictures[0]}, {"image": cut}]}, timeout=60)
    assert answer.status_code == 400
    assert answer.json()["message"].startswith("row 1: the image is damaged or cut off")
    assert "stack_trace" not in answer.json()
    assert str(ROOT) not in answer.text


FORMS = {
    "dataframe_split": lambda text: {"json": {"dataframe_split": {"columns": ["image"], "data": [[text]]}}},
    "dataframe_records": lambda text: {"json": {"dataframe_records": [{"image": text}]}},
    "inputs": lambda text: {"json": {"inputs": {"image": [text]}}},
    "instances": lambda text: {"json": {"instances": [{"image": text}]}},
    "csv": lambda text: {"data": f"image\n{text}\n", "headers": {"Content-Type": "text/csv"}},
    "parquet": lambda text: {
        "data": pd.DataFrame({"image": [text]}).to_parquet(),
        "headers": {"Content-Type": "application/vnd.apache.parquet"},
    },
}


@pytest.mark.parametrize("form", FORMS)
def test_no_request_opens_a_file_of_the_server_nor_tells_whether_there_is_one(address, pictures, user, form):
    (user / "face.jpg").write_bytes(base64.b64decode(pictures[0]))
    there, absent = (requests.post(address, **FORMS[form](str(user / name)), timeout=60) for name in ("face.jpg", "none.jpg"))
    assert (there.status_code, absent.status_code) == (400, 400)
    assert there.json() == absent.json()
    answer = requests.post(address, **FORMS[form](pictures[0]), timeout=60)
    assert answer.status_code == 200, "base64 goes on to be answered"


def test_the_server_never_answers_nonsense_with_an_error_of_its_own(address):
    for body in ({"dataframe_records": []}, {"dataframe_split": {"columns": ["face"], "data": [["x"]]}}, {}, {"inputs": {}}):
        answer = requests.post(address, json=body, timeout=60)
        assert answer.status_code == 400
        assert "stack_trace" not in answer.json()


def test_requests_at_once_get_the_answers_of_requests_one_by_one(address, pictures):
    def ask(picture: str) -> float:
        answer = requests.post(address, json={"dataframe_records": [{"image": picture}]}, timeout=60)
        return answer.json()["predictions"][0]

    one_by_one = [ask(picture) for picture in pictures]
    with ThreadPoolExecutor(5) as pool:
        assert list(pool.map(ask, pictures)) == pytest.approx(one_by_one, abs=1e-4)


def test_serving_adds_no_file_to_a_version(user, address):
    """Its certificate names every file, and compiled code that lies beside the source is code that runs."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    load = f"import mlflow; mlflow.pyfunc.load_model('models:/{MODEL}@champion')"
    subprocess.run([sys.executable, "-c", load], cwd=user, env=environment, check=True)
    assert not [path for path in (user / "mlruns").rglob("*") if path.suffix == ".pyc"]
