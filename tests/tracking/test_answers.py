"""What a store answers, or does not, as sentences."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import mlflow
import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED

from unlearning.errors import InputError
from unlearning.tracking import answers, reasons, runs
from unlearning.tracking.store import prepare_store
from unlearning.versions import certificates

FULL = (
    "API request to http://h:1/api/2.0/mlflow-artifacts/artifacts/0/ab/artifacts/model.safetensors failed with exception "
    "HTTPConnectionPool(host='h', port=1): Max retries exceeded with url: /x (Caused by ResponseError('too many 500 error "
    "responses'))"
)
AWAY = (
    "API request to http://h:1/api failed with exception HTTPConnectionPool(host='h', port=1): Max retries exceeded with url: "
    '/api (Caused by NewConnectionError("conn: Failed to establish a new connection: [Errno 111] Connection refused"))'
)


def test_a_server_that_fails_is_not_one_that_is_away():
    full, away = MlflowException(FULL), MlflowException(AWAY)
    assert (answers.is_silence(full), answers.is_silence(away)) == (False, True)
    assert "answered 500 each time that it was sent 'model.safetensors'" in answers.breakdown(full)
    reset = MlflowException(FULL.replace("ResponseError('too many 500 error", "ProtocolError('Connection aborted.', "))
    assert "broke the connection each time that it was sent 'model.safetensors'" in answers.breakdown(reset)
    assert answers.breakdown(away) == answers.breakdown(ValueError(FULL)) == ""


def test_a_missing_right_is_told_by_the_registry_and_by_the_artifact_store_in_different_ways():
    refused = OSError("403 Client Error: Forbidden for url: http://h")
    refused.response = SimpleNamespace(status_code=403)
    assert answers.is_refusal(refused)
    assert answers.is_refusal(MlflowException("Permission denied", error_code=PERMISSION_DENIED))
    assert not answers.is_refusal(OSError("no space"))
    for error in (OSError("no space"), MlflowException("bad")):
        with pytest.raises(type(error)), answers.refused_in_words("read", "ask"):
            raise error


def test_patience_is_the_users_own_where_it_is_said(monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_TIMEOUT", "7")
    monkeypatch.delenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", raising=False)
    with answers.impatience():
        assert os.environ["MLFLOW_HTTP_REQUEST_MAX_RETRIES"] == "1"
        assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "7"
    assert "MLFLOW_HTTP_REQUEST_MAX_RETRIES" not in os.environ
    assert os.environ["MLFLOW_HTTP_REQUEST_TIMEOUT"] == "7"


def test_a_run_that_a_broken_server_ends_says_so_in_a_sentence(store):
    with pytest.raises(InputError, match="disk is full"), runs.run("test", "full"):
        raise MlflowException(FULL)
    (run,) = runs.mlflow.search_runs(output_format="list")
    assert run.info.status == "FAILED"
    assert "answered 500 each time that it was sent 'model.safetensors'" in run.data.tags["failure"]


def junk(path):
    path.write_bytes(b"junk" * 5000)


def cut(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def newer(path):
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE alembic_version SET version_num = 'ffffffffffff'")


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (junk, ["is damaged: file is not a database", "sqlite3 mlflow.db .recover"]),
        (cut, ["is damaged: database disk image is malformed", "put a copy of it back"]),
        (newer, ["cannot be used: Detected out-of-date database schema", "mlflow db upgrade"]),
    ],
)
def test_a_database_that_cannot_be_used_is_named_with_what_to_do(store, tmp_path, damage, words):
    damage(tmp_path / "mlflow.db")
    with pytest.raises(InputError, match=f"sqlite:///{tmp_path}/mlflow.db") as refused:
        prepare_store()
    assert [word for word in words if word not in str(refused.value)] == []


def test_what_a_database_refuses_is_told_however_mlflow_wraps_it(store):
    for said, words in {
        "database disk image is malformed": "is damaged: database disk image is malformed; put a copy of it back",
        "attempt to write a readonly database": "cannot be written to: attempt to write",
        "database is locked": "is held by another process: database is locked; type the same command again",
        "no such table: runs": "has the tables of another version of MLflow: no such table: runs",
        "connection to server at h failed: Connection refused": "does not answer: connection to server at h failed",
        "database or disk is full": "there is no room left on the disk",
    }.items():
        error = MlflowException("(sqlite3.OperationalError) x\n[SQL: SELECT 1]")
        error.__cause__ = sqlite3.OperationalError(said)
        assert words in answers.in_words(error)
        assert "SELECT" not in answers.in_words(error)


def test_a_certificate_is_compared_with_a_database_only_if_that_answers(store, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "postgresql+psycopg2://anna:secret@127.0.0.1:9/mlflow")
    with pytest.raises(InputError, match=r"the database \S+//anna:\*\*\*@127.0.0.1:9/mlflow does not answer"):
        certificates.registered("age-resnet50", "3")


def test_a_path_that_is_no_text_can_be_stored(store):
    path = os.fsdecode(b"/faces/f\xfcr J\xc3\xb6rg")
    with runs.run("train", path) as run:
        runs.log_settings("data", {"data_dir": path})
        runs.set_tags({"place": path})
        runs.log_text(path, "place.txt")
        runs.log_json({"data_dir": path}, "settings.json")
        runs.rename(path)
    reasons.tag_failure(path)
    stored = mlflow.get_run(run.info.run_id).data
    assert stored.params["data.data_dir"] == stored.tags["place"] == stored.tags["mlflow.runName"] == "/faces/f\\xfcr J\u00f6rg"
    assert runs.read_json(run.info.run_id, "settings.json")["data_dir"] == path


def test_the_reason_of_a_run_on_a_full_disk_is_a_sentence(store):
    with pytest.raises(OSError, match="No space left"), runs.run("train", "train") as run:
        Path("/dev/full").write_bytes(b"a face")
    assert "there is no room left on the disk" in mlflow.get_run(run.info.run_id).data.tags["failure"]
