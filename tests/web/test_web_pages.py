"""What the pages show, whom they let in, and what their buttons begin."""

import re
import shutil
from datetime import date
from functools import partial
from pathlib import Path
from types import SimpleNamespace

import mlflow
import pytest
from starlette.testclient import TestClient

from unlearning.data.forget import ForgetSet
from unlearning.errors import InputError
from unlearning.registry import moves
from unlearning.registry.transitions import transition
from unlearning.requests import store as requests
from unlearning.tracking import processes
from unlearning.tracking.answers import AT_THE_START, impatience
from unlearning.web import acts
from unlearning.web.application import Application
from unlearning.web.asking import told
from unlearning.web.headers import HEADERS
from unlearning.web.rights import Somebody
from waiting import wait_until

MODEL = "age-resnet50"
HOME = "http://127.0.0.1"
OURS = {"Origin": HOME}
FORM = {"none": (None, "")}  # makes requests send a form in parts


@pytest.fixture
def client(filled):
    return TestClient(Application(MODEL, ["127.0.0.1"]).asgi(), base_url=HOME, follow_redirects=False)


@pytest.fixture
def begun(monkeypatch):
    """What was begun: nothing is, but it is written down."""
    known = []

    def begin(who, entry, model, listed=None, **options):
        known.append((entry, listed, options))
        return acts.Act(Path("a" * 32), entry, who.name, "now")

    monkeypatch.setattr(acts, "begin", begin)
    return known


def asked(rule="20-28", deadline=None, state=()):
    one = requests.create(MODEL, rule, ForgetSet("abc", rule, "d" * 16, ("1" * 32, "2" * 32)), "Art. 17", deadline, "received")
    for name in state:
        one = requests.change_state(one, name, f"it became {name}", version="3")
    return one


def texts(answer):
    return " ".join(re.sub(r"<[^>]+>", " ", answer.text.partition("<main>")[2]).split())


def test_the_overview_says_what_is_served_what_is_open_and_what_was_done(client):
    asked("20-28", date(2026, 1, 2))
    asked("36-44", state=("running", "gated", "refused"))
    said = texts(client.get("/"))
    assert "Version 1 is served. It was made to forget nothing: it remembers everything." in said
    assert "No server of this model tells the registry that it answers." in said
    assert "1 open, 1 overdue , 1 refused" in said
    assert "2026-01-02 OVERDUE" in said
    assert "36-44 was refused: it became refused" in said
    assert "No version was purged" in said


def test_the_overview_follows_the_journal_at_once(client):
    assert "Version 1 is served" in client.get("/").text
    transition(MODEL, partial(moves.promote, number=3, forget_set="20-28", tags={"verdict": "as retraining"}))
    assert "Version 3 is served. It was made to forget 20-28: as retraining." in client.get("/").text


def test_a_request_shows_its_way_and_its_log(client):
    one = asked(state=("running",))
    for key in (one.run_id, one.run_id[:8]):
        answer = client.get(f"/requests/{key}")
        said = texts(answer)
        assert "It is running: a version is being made to forget it." in said
        assert "received running gated promoted" in said
        assert 'class="come now" aria-current="step"' in answer.text
        assert "it became running" in said
    assert client.get("/requests/12345678").status_code == 404
    assert client.get("/requests/1").status_code == 404


def test_numbers_have_titles_and_no_names_of_the_code(client):
    why = "it differs in two (memory_left, forget_w1_predictions); ask (again, or not)"
    one = requests.change_state(asked(state=["running"]), "failed", why)
    said = texts(client.get(f"/requests/{one.run_id}"))
    assert said.count("it differs in two (memory left, ") == 2, "above, and in the log"
    assert "; ask (again, or not)" in said
    assert "forget_w1_predictions" not in said


def test_all_versions_and_each_of_them_have_a_page(client):
    every = client.get("/versions").text
    assert "All versions" in every
    assert '<a href="/">Overview</a>' in every, "pages that lie in files, too, lead back to it"
    assert "Promote version 3" in client.get("/versions/3").text
    assert "Promote version 1" not in client.get("/versions/1").text


@pytest.mark.parametrize("number", ["99", "0", "2147483648", "9" * 23, "1" * 5000, "-1", "champion", "\u0663", "\u00b2"])
def test_a_version_that_no_store_holds_is_not_there(client, begun, number):
    for path in ("", "/audit"):
        answer = client.get(f"/versions/{number}{path}")
        assert (answer.status_code, f"There is no version {number[:32]} of" in answer.text) == (404, True)
    assert client.post(f"/versions/{number}/promote", files=FORM, headers=OURS).status_code == 404
    assert begun == []


def test_another_name_of_this_machine_is_not_answered(client):
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400


def test_every_answer_has_the_headers_of_a_page_also_what_no_page_has_made(filled, monkeypatch):
    monkeypatch.setattr("unlearning.web.pages.Pages.new", lambda self, asked: 1 / 0)
    client = TestClient(
        Application(MODEL, ["127.0.0.1"], "/here").asgi(), raise_server_exceptions=False, base_url=HOME, follow_redirects=False
    )
    for method, path, headers, status in (
        ("GET", "/here/", {}, 200),
        ("GET", "/here", {}, 307),
        ("GET", "/here/versions/", {}, 404),
        ("GET", "/nowhere", {}, 404),
        ("GET", "/here/requests/new", {}, 500),
        ("PUT", "/here/versions", {}, 405),
        ("GET", "/here/", {"Host": "evil.example"}, 400),
    ):
        answer = client.request(method, path, headers=headers)
        assert answer.status_code == status, path
        assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS, path


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "null"}, {"Origin": "http://evil.example"}, OURS | {"Sec-Fetch-Site": "cross-site"}]
)
def test_a_form_of_another_site_begins_nothing(client, begun, headers):
    answer = client.post("/requests", data={"rule": "20-28"}, files=FORM, headers=headers)
    assert answer.status_code == 403
    assert begun == []


def test_pages_run_no_script_and_are_framed_and_kept_nowhere(client):
    headers = client.get("/").headers
    assert "script-src" not in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["cache-control"] == "no-store"
    assert "<script" not in client.get("/").text


def test_a_list_and_a_rule_are_filed_by_the_command(client, begun):
    why = {"reason": "Art. 17", "deadline": "2026-12-31"}
    named = {"forget_set": "file:person-17.csv", **why}
    lists = {"list": ("person-17.csv", b"\xef\xbb\xbfid\none.jpg\n")}
    assert client.post("/requests", data=why, files=lists, headers=OURS).headers["location"] == f"/acts/{'a' * 32}"
    client.post("/requests", data=why | {"ids": "one.jpg\r\ntwo.jpg"}, files=FORM, headers=OURS)
    client.post("/requests", data=why | {"rule": "subject:anna"}, files=FORM, headers=OURS)
    client.post("/requests", data=why, files={"list": ("../../etc/x;y.csv", b"one.jpg")}, headers=OURS)
    assert begun == [
        ("request", ("person-17.csv", ["id", "one.jpg"]), named),
        ("request", ("list.csv", ["one.jpg", "two.jpg"]), named | {"forget_set": "file:list.csv"}),
        ("request", None, named | {"forget_set": "subject:anna"}),
        ("request", ("list.csv", ["one.jpg"]), named | {"forget_set": "file:list.csv"}),
    ]


def test_a_list_that_is_pasted_may_be_as_long_as_a_file(client, begun):
    many = [f"{number:07}.jpg" for number in range(200_000)]
    answer = client.post("/requests", data={"ids": "\n".join(many)}, files=FORM, headers=OURS)
    assert answer.status_code == 303, texts(answer)
    assert begun[0][1] == ("list.csv", many)


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        (
            "there is no model 'b' yet (there is a: -P name=a); make one with: age-unlearning train --name b",
            "there is no model 'b' yet",
        ),
        ("it was deleted; bring it back with: mlflow experiments restore --experiment-id 7; or not", "it was deleted"),
        ("whose is it? give the signer's key: -P key=a.pub", "whose is it? give the signer's key"),
        ("whose is it? give the signer's key: --key a.pub", "whose is it? give the signer's key"),
        ("versions='4': give two or more, as -P versions=original,4", "versions='4': give two or more"),
        ("ask for the right EDIT on age-unlearning requests", "ask for the right EDIT on age-unlearning requests"),
    ],
)
def test_what_would_be_typed_is_told_to_nobody_here(sentence, said):
    assert told(sentence) == said


def test_a_request_that_was_damaged_is_named_without_what_would_be_typed(client):
    mlflow.MlflowClient().set_tag(asked().run_id, "forget_count", "many")
    said = texts(client.get("/"))
    assert "cannot be read, its tags were changed" in said
    assert "mlflow" not in said


@pytest.mark.parametrize("data", [{}, {"rule": "file:/etc/passwd"}, {"rule": "20-28", "ids": "one"}, {"rule": "!manifest:a/b"}])
def test_what_cannot_be_filed_is_told_in_a_sentence(client, begun, data):
    answer = client.post("/requests", data=data, files=FORM, headers=OURS)
    assert answer.status_code == 400
    assert re.search("in one way|names no file of the server", answer.text)
    assert begun == []


def test_a_form_that_is_too_large_or_none_is_refused(client, begun):
    assert client.post("/requests", files={"list": ("a.csv", b"x" * 33_000_000)}, headers=OURS).status_code == 413
    assert client.post("/requests", content=b"rule=20-28", headers=OURS).status_code == 400
    assert begun == []


def test_requests_are_served_by_one_at_a_time(client, begun, monkeypatch):
    one = asked()
    data = {"method": "noise", "epochs": "2"}
    answer = client.post(f"/requests/{one.run_id}/process", data=data, files=FORM, headers=OURS)
    assert answer.headers["location"] == f"/acts/{'a' * 32}"
    assert begun == [("process", None, data)]
    monkeypatch.setattr(acts, "running", lambda model, entry: acts.Act(Path("b" * 32), entry, "", "now"))
    answer = client.post(f"/requests/{one.run_id}/process", data=data, files=FORM, headers=OURS)
    assert (answer.status_code, len(begun)) == (400, 1)
    assert "is serving the requests" in answer.text
    assert "how far it is" in client.get(f"/requests/{one.run_id}").text


def test_whoever_may_only_read_sees_no_button_and_is_told_the_right(filled, begun, monkeypatch):
    one = asked()
    reader = Somebody("rita", "secret", may_file=False, may_decide=False)
    monkeypatch.setattr("unlearning.web.rights.welcome", lambda who, model: reader)
    client = TestClient(Application(MODEL, ["127.0.0.1"], users=True).asgi(), base_url=HOME)
    assert client.get("/").status_code == 401
    assert client.get("/").headers["www-authenticate"].startswith("Basic realm=")
    client.headers = {"Authorization": reader.authorization} | OURS
    assert "rita" in client.get("/").text
    for path in ("/requests/new", f"/requests/{one.run_id}", "/versions/3"):
        assert '<form method="post"' not in client.get(path).text, path
    for path, right in (
        ("/requests", f"EDIT on {requests.EXPERIMENT}"),
        ("/requests/photograph", f"EDIT on {requests.EXPERIMENT}"),
        (f"/requests/{one.run_id}/process", f"MANAGE on the registered model {MODEL}"),
        (f"/requests/{one.run_id}/proof", f"MANAGE on the registered model {MODEL}"),
        ("/versions/3/promote", f"MANAGE on the registered model {MODEL}"),
        ("/versions/3/purge", f"MANAGE on the registered model {MODEL}"),
    ):
        answer = client.post(path, data={"rule": "20-28"}, files=FORM)
        assert right in answer.text, path
    assert begun == []


def test_the_pages_lie_where_they_are_asked_to(filled):
    client = TestClient(Application(MODEL, ["127.0.0.1"], "/unlearning").asgi(), base_url=HOME)
    answer = client.get("/unlearning/")
    assert 'href="/unlearning/requests/new"' in answer.text
    assert client.get("/").status_code == 404


@pytest.mark.slow
def test_what_is_begun_goes_on_by_itself_in_another_name_and_is_shown(client, monkeypatch, tmp_path):
    monkeypatch.setenv("UNLEARNING_CACHE", str(tmp_path / "cache"))
    act = acts.begin(Somebody("anna", "secret"), "request", MODEL, ("some.csv", ["one.jpg"]))
    assert acts.running(MODEL, "request") == act
    assert 'http-equiv="refresh"' in client.get(f"/acts/{act.key}").text
    wait_until(lambda: act.is_over, 300)
    assert act.went_well, act.said
    answer = client.get(f"/acts/{act.key}")
    assert "requests to age-resnet50" in answer.text
    assert "refresh" not in answer.text
    assert acts.running(MODEL, "request") is None
    assert Path(act.folder).stat().st_mode & 0o077 == 0
    assert "secret" not in "".join(path.read_text() for path in act.folder.iterdir())


@pytest.fixture
def act(monkeypatch, tmp_path):
    """An act that has not ended, in a cache of its own."""
    monkeypatch.setenv("UNLEARNING_CACHE", str(tmp_path / "cache"))
    folder = acts.place(MODEL) / "abc"
    folder.mkdir(parents=True)
    (folder / acts.PROCESS).write_text(processes.identity())
    (folder / acts.NOTE).write_text('{"entry": "process", "user": "", "began": "now"}')
    return folder


def test_an_act_is_one_of_its_store_and_its_model(client, act, monkeypatch):
    """Stores share the cache folder, and a store may hold several models."""
    assert acts.running(MODEL, "process").folder == act
    assert acts.running("other", "process") is None
    assert TestClient(Application("other", ["127.0.0.1"]).asgi(), base_url=HOME).get("/acts/abc").status_code == 404
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///mlflow.db")
    assert client.get("/acts/abc").status_code == 200, "the same store, spelt otherwise"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:///another.db")
    assert client.get("/acts/abc").status_code == 404
    assert acts.running(MODEL, "process") is None


def test_no_button_begins_more_than_the_machine_can_do(client, act):
    for number in range(acts.AT_ONCE - 1):
        shutil.copytree(act, act.with_name(f"{number}"))
    answer = client.post("/requests", data={"rule": "20-28"}, files=FORM, headers=OURS)
    assert (answer.status_code, "commands are at work" in answer.text) == (400, True)


@pytest.mark.parametrize(
    ("said", "status", "sentence"),
    [
        ("", "", "It has begun."),
        ("process: a is begun\nepoch 3\n", "", "a is begun"),
        ("process: a is promoted\nprocess: serve it with: mlflow run . -e x\nin MLflow: here\n", "0", "a is promoted"),
        (
            "process: a is begun\nthe log: there\nError: a is wrong; b too; mend it: mlflow run . -e x; or not\n",
            "1",
            "a is wrong; b too",
        ),
        ("process: a is begun\n", "137", "It was ended from outside, or by a fault: what it said tells more."),
    ],
)
def test_the_page_of_an_act_says_first_what_matters_and_folds_the_rest(client, act, said, status, sentence):
    (act / acts.SAID).write_text(said)
    (act / acts.STATUS).write_text(status)
    page = client.get("/acts/abc").text
    assert f'role="status">{sentence}</p>' in page
    assert ("<details open>" in page) == (not status)


def test_a_folder_that_another_press_has_just_swept_is_none(act, monkeypatch):
    monkeypatch.setattr(acts, "time", SimpleNamespace(time=lambda: shutil.rmtree(act, ignore_errors=True) or 1e12))
    acts._sweep()
    assert not act.exists()


def test_what_is_begun_does_not_inherit_how_long_a_page_waits_for_the_store(monkeypatch):
    with impatience():
        mine = acts._environment(Somebody(), "process")
    assert AT_THE_START.keys().isdisjoint(mine)


def test_what_cannot_be_begun_leaves_nothing_that_others_would_wait_for(client):
    with pytest.raises(InputError, match="this cannot be begun"):
        acts.begin(Somebody(), "process", MODEL, epochs="1" * 200_000)
    assert acts.running(MODEL, "process") is None
    told = client.post("/requests", data={"rule": "20-28", "reason": "x" * 2000}, files=FORM, headers=OURS)
    assert (told.status_code, "reason has 2000 characters" in told.text) == (400, True)
