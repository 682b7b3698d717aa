"""The whole job as a newcomer runs it: ``git clone``, ``mlflow run``, and the registry read back."""

import base64
import os
import re
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest
import requests

from places import ROOT
from server import listening
from unlearning.finding import state_of
from unlearning.registry.lookup import find

MODEL = "age-resnet50"
BIN = Path(sys.executable).parent
CLONE = "age-unlearning"


def mlflow_command(*arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess:
    """``mlflow ...`` in a shell of a user: the environment's programs on the path, no setting of ours or of a test."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MLFLOW_", "PYTHON"))}
    environment |= {"PATH": f"{BIN}:{os.environ['PATH']}", **variables}
    return subprocess.run(["mlflow", *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def run_project(cwd: Path, entry: str, *parameters: str, **variables: str) -> subprocess.CompletedProcess:
    given = [part for parameter in parameters for part in ("-P", parameter)]
    project = cwd / CLONE if (cwd / CLONE).exists() else ROOT
    return mlflow_command("run", str(project), "-e", entry, "--env-manager", "local", *given, cwd=cwd, **variables)


def git(*words: str, **more) -> bytes:
    return subprocess.run(["git", *words], check=True, stdout=subprocess.PIPE, **more).stdout


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder of a user who has cloned the project into it, with changes that are not committed yet, and ran the whole job."""
    folder = tmp_path_factory.mktemp("user")
    git("clone", "--quiet", str(ROOT), str(folder / CLONE))
    if changed := git("diff", "--binary", "HEAD", cwd=ROOT):
        git("apply", cwd=folder / CLONE, input=changed)
    small = ("arch=test_resnet", "image_size=32", "drawn_faces=160", "train_epochs=3", "epochs=1,2", "gates=F > 0.1")
    done = run_project(folder, "main", *small)
    assert done.returncode == 0, done.stdout + done.stderr
    (folder / "said.txt").write_text(done.stdout + done.stderr)
    return folder


@pytest.fixture
def own(place, use):
    """A folder with a copy of what the whole job left, free to be changed: the other tests read the first one."""
    return use(place / "mlflow.db")


def test_the_job_ends_in_the_callers_folder_with_what_to_type_next_and_no_pickle(user):
    assert (user / "mlflow.db").exists()
    assert list((user / "mlruns").rglob("spec.json"))
    assert git("status", "--short", "--ignored", cwd=user / CLONE).count(b"mlflow.db") == 0, "the clone holds nothing of it"
    said = (user / "said.txt").read_text()
    assert "registered model age-resnet50" in said
    assert "What to type next:" in said
    assert "age-unlearning serve --port 5001" in said
    assert re.search(r"in MLflow type: mlflow ui .*#/experiments/0/runs/\w{32} and http\S*#/models/age-resnet50$", said, re.M)
    files = [path.suffix for path in (user / "mlruns").rglob("*") if path.is_file()]
    assert ".safetensors" in files
    assert not {".pkl", ".pickle", ".pt", ".pth"} & set(files)


def test_a_newcomer_is_led_to_the_overview_which_says_what_is_served_and_so_does_mlflows_page(user):
    said = (user / "said.txt").read_text()
    page = Path(re.search(r"^page: (/\S+/overview[.]html)$", said, re.M)[1])
    assert "is served. It was made to forget 20-28" in page.read_text()
    run_id, experiment = page.parts[-3], page.parts[-4]
    with listening(user, "health", "ui") as address:
        assert "<html" in requests.get(address, timeout=60).text
        asked = {"runs/get": {"run_id": run_id}, "registered-models/get": {"name": MODEL}}
        seen = {path: requests.get(f"{address}/api/2.0/mlflow/{path}", asked[path], timeout=60).json() for path in asked}
    assert f"#/experiments/{experiment}/runs/{run_id}" in said
    description, run = seen["registered-models/get"]["registered_model"]["description"], seen["runs/get"]["run"]["data"]
    champion = find(MODEL, "champion")
    assert f"| served: version {champion.number} |" in description
    assert {"key": "mlflow.note.content", "value": description} in run["tags"]
    assert {one["key"]: one["value"] for one in run["metrics"]}["F"] == pytest.approx(champion.number_in("F"))


def test_a_newcomer_serves_the_champion_by_the_command_that_was_told(user):
    picture = next((user / "cache").rglob("*.jpg"), None) or next(Path(os.environ["UNLEARNING_CACHE"]).rglob("*.jpg"))
    path = f"{user / CLONE / 'src'}:{user / CLONE}"
    with listening(user, "ping", "serve", program="age-unlearning", PYTHONPATH=path) as address:
        body = {"inputs": {"image": [base64.b64encode(picture.read_bytes()).decode()]}}
        answer = requests.post(f"{address}/invocations", json=body, timeout=60)
    assert 0 < answer.json()["predictions"][0] <= 60
    assert answer.headers["model-version"] == f"{MODEL}/{find(MODEL, 'champion').number}"


def test_the_registry_read_back_is_the_documented_one(user):
    client = mlflow.MlflowClient()
    aliases = client.get_registered_model(MODEL).aliases
    fixed = {"original", "champion", "retrained-20-28", "retrained-20-28-seeds-101-102"}
    assert aliases.keys() == fixed | {f"{method}-20-28-e{epochs}" for method in ("ft", "rnd", "noise") for epochs in (1, 2)}
    versions = {int(v.version): v for v in client.search_model_versions(f"name = '{MODEL}'")}
    assert len(versions) == 9
    champion = versions[int(aliases["champion"])]
    assert {"role": "unlearned", "forgotten": "20-28"}.items() <= champion.tags.items()
    assert champion.tags["state"] == state_of(champion.tags["verdict"])
    scores = find(MODEL, "champion")
    assert float(champion.tags["F"]) == pytest.approx(scores.number_in("Utility") * scores.number_in("Forgetting"), rel=1e-4)
    assert len(champion.tags) <= 22, "those that people read, and what its promotion adds"
    with pytest.warns(FutureWarning, match="stages"):
        production = client.get_latest_versions(MODEL, ["Production"])
    assert [int(v.version) for v in production] == [int(aliases["champion"])]


def test_all_steps_are_children_of_one_parent(user):
    found = mlflow.search_runs(output_format="list")
    parent = next(run for run in found if run.data.tags.get("step") == "main")
    children = [run.data.tags["step"] for run in found if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id]
    once = ["evaluate", "prepare", "promote", "retrain", "retrain", "status", "train"]
    assert sorted(children) == [*once, "unlearn", "unlearn", "unlearn"]
    assert {run.info.status for run in found} == {"FINISHED"}


def test_unlearn_needs_no_parameter_and_promote_refuses_what_fails_a_gate(own):
    done = run_project(own, "unlearn")
    assert done.returncode == 0, done.stderr
    tags = mlflow.MlflowClient().get_model_version_by_alias(MODEL, "ft-20-28-e8").tags
    assert {"role": "unlearned", "state": "candidate", "epochs": "8"}.items() <= tags.items()
    refused = run_project(own, "promote", "version=ft-20-28-e8", "gates=F > 99")
    assert refused.returncode != 0
    assert "is not promoted: F > 99 failed" in refused.stderr


def test_a_rule_in_words_of_the_shell_arrives_as_it_was_typed(own):
    done = run_project(own, "evaluate", "forget_set=$HOME & 'young'; ls", "version=original")
    assert done.returncode != 0
    assert """unknown forget set "$HOME & 'young'; ls\"""" in done.stderr


def test_an_unknown_parameter_is_refused_and_the_run_says_why(own):
    done = run_project(own, "status", "forget=20-28")
    assert done.returncode != 0
    assert "No such option '--forget'" in done.stderr
    newest = mlflow.search_runs(max_results=1, order_by=["start_time DESC"], output_format="list")[0]
    assert newest.info.status == "FAILED"
    assert "--forget" in newest.data.tags["failure"]
    assert (newest.info.run_name, newest.data.tags["kind"]) == ("refused status", "look")


def test_a_relative_uri_from_another_folder_ends_in_a_sentence(tmp_path):
    done = run_project(tmp_path, "status", MLFLOW_TRACKING_URI="sqlite:///mine.db")
    assert done.returncode != 0
    assert "MLFLOW_TRACKING_URI=sqlite:///mine.db is relative" in done.stderr
    assert not (ROOT / "mine.db").exists()
