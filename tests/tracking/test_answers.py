"""What a store answers, or does not, as sentences."""

import os

import pytest
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import PERMISSION_DENIED

from unlearning.errors import InputError
from unlearning.tracking import answers, runs

FULL = (
    "API request to http://h:1/api/2.0/mlflow-artifacts/artifacts/0/ab/artifacts/model.safetensors failed with exception "
    "HTTPConnectionPool(host='h', port=1): Max retries exceeded with url: /x (Caused by ResponseError('too many 500 error "
    "responses'))"
)
AWAY = (
    "API request to http://h:1/api failed with exception HTTPConnectionPool(host='h', port=1): Max retries exceeded with url: "
    '/api (Caused by NewConnectionError("conn: Failed to establish a new connection: [Errno 111] Connection refused"))'
)


class Answer:
    status_code = 403


def test_a_server_that_fails_is_not_one_that_is_away():
    full, away = MlflowException(FULL), MlflowException(AWAY)
    assert (answers.is_silence(full), answers.is_silence(away)) == (False, True)
    assert "answered 500 each time that it was sent 'model.safetensors'" in answers.breakdown(full)
    reset = MlflowException(FULL.replace("ResponseError('too many 500 error", "ProtocolError('Connection aborted.', "))
    assert "broke the connection each time that it was sent 'model.safetensors'" in answers.breakdown(reset)
    assert answers.breakdown(away) == answers.breakdown(ValueError(FULL)) == ""


def test_a_missing_right_is_told_by_the_registry_and_by_the_artifact_store_in_different_ways():
    refused = OSError("403 Client Error: Forbidden for url: http://h")
    refused.response = Answer()
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
