"""Who opens a page: name and password as the browser sends them, and what the server lets them do."""

from dataclasses import dataclass
from types import SimpleNamespace

import pytest

from unlearning.errors import InputError
from unlearning.requests.store import EXPERIMENT, HOLDS
from unlearning.tracking.own_experiments import own_experiment
from unlearning.web import rights
from unlearning.web.rights import WHO, Carrying, OwnHeader, Somebody, StrangerError

MODEL = "age-resnet50"


@dataclass
class Answer:
    content: dict
    status_code: int = 200

    def json(self):
        return self.content


def test_name_and_password_are_read_as_a_browser_sends_them():
    header = Somebody("änna", "a:long one").authorization
    who = rights.named(header)
    assert (who.name, who.password, who.may_file, who.may_decide) == ("änna", "a:long one", False, False)
    assert "a:long one" not in repr(who)


@pytest.mark.parametrize("header", ["", "Basic", "Basic !", "Basic YW5uYQ==", "Bearer YTpi", "Basic OnNlY3JldA==", "Basic é"])
def test_anything_else_is_a_stranger(header):
    with pytest.raises(StrangerError):
        rights.named(header)


@pytest.mark.parametrize(
    ("on_model", "on_requests", "expected"),
    [
        ("READ", "READ", (False, False)),
        ("READ", "EDIT", (True, False)),
        ("MANAGE", "EDIT", (True, True)),
        ("MANAGE", "READ", (False, True)),
    ],
)
def test_rights_are_the_server_s(store, monkeypatch, on_model, on_requests, expected):
    own_experiment(EXPERIMENT, HOLDS)

    def ask(path, resource_type="", **more):
        if path == rights.CURRENT:
            return Answer({"user": {"username": "anna", "is_admin": False}})
        return Answer({"permission": on_model if resource_type == "registered_model" else on_requests})

    monkeypatch.setattr(rights, "_ask", ask)
    who = rights.welcome(Somebody("anna", "secret", may_file=False, may_decide=False), MODEL)
    assert (who.may_file, who.may_decide) == expected


def test_whom_the_server_does_not_know_is_a_stranger(monkeypatch):
    monkeypatch.setattr(rights, "_ask", lambda path, **more: Answer({}, 401))
    with pytest.raises(StrangerError):
        rights.welcome(Somebody("anna", "wrong"), MODEL)


def test_an_answer_about_somebody_else_is_no_welcome(monkeypatch):
    """A name that requests takes from netrc or the store's address replaces the reader's."""
    monkeypatch.setattr(rights, "_ask", lambda path, **more: Answer({"user": {"username": "admin", "is_admin": True}}))
    with pytest.raises(StrangerError):
        rights.welcome(Somebody("nobody", "wrong", False, False), "age-resnet50")


def test_a_process_that_the_store_knows_by_itself_shows_no_pages(monkeypatch):
    monkeypatch.setattr(rights, "is_server", lambda: True)
    monkeypatch.setattr(rights, "read_mlflow_creds", lambda: SimpleNamespace(username=None))
    monkeypatch.setattr(rights, "_ask", lambda path, **more: Answer({"user": {"username": "admin", "is_admin": True}}))
    with pytest.raises(InputError, match="all who open a page would act in that name"):
        rights.speak_for_others()


def test_calls_carry_the_reader_s_name_also_from_the_threads_that_fetch_artifacts():
    header = OwnHeader()
    assert not header.in_context()
    token = WHO.set(Somebody("anna", "secret"))
    try:
        with Carrying(1) as pool:
            assert pool.submit(header.request_headers).result() == {"Authorization": Somebody("anna", "secret").authorization}
    finally:
        WHO.reset(token)


def test_a_file_of_credentials_would_be_everybody_s_name_and_is_refused(monkeypatch, tmp_path):
    (tmp_path / ".mlflow").mkdir()
    (tmp_path / ".mlflow" / "credentials").write_text("[mlflow]\nmlflow_tracking_username = root\n")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:9")
    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "admin")
    with pytest.raises(InputError, match="in which all who open a page would act"):
        rights.speak_for_others()
