"""The pages under the address of MLflow's own server, which hands on what is asked of them."""

import threading

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.testclient import TestClient

from postgres import free_port
from unlearning.server.http import server_of
from unlearning.steps.serve import listening
from unlearning.web.application import Application
from unlearning.web.beside import handing_on
from unlearning.web.headers import HEADERS
from waiting import wait_until

MODEL, HOME = "age-resnet50", "http://127.0.0.1"


@pytest.fixture
def address(filled):
    """The pages, in a thread."""
    with listening("127.0.0.1", 0) as taken:
        server = server_of(Application(MODEL, ["127.0.0.1"], "/unlearning").asgi())
        thread = threading.Thread(target=server.run, args=([taken],))
        thread.start()
        wait_until(lambda: server.started)
        yield f"127.0.0.1:{taken.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def beside(address):
    return TestClient(Starlette(routes=handing_on(address)), base_url=HOME, follow_redirects=False)


def test_pages_and_forms_are_handed_on_with_what_decides_whether_they_may(address):
    client = beside(address)
    page = client.get("/unlearning/")
    assert "Version 1 is served" in page.text
    assert page.headers["content-security-policy"]
    assert client.get("/unlearning/versions/99").status_code == 404
    assert client.get("/unlearning/compare?versions=original").status_code == 400
    assert client.get("/unlearning/", headers={"Host": "evil.example"}).status_code == 400
    files = {"certificate": ("c.json", b"")}
    assert client.post("/unlearning/verify", files=files, headers={"Origin": "http://evil.example"}).status_code == 403
    assert "choose a file" in client.post("/unlearning/verify", files=files, headers={"Origin": HOME}).text
    assert client.get("/").status_code == 404


def test_what_is_strange_is_handed_on_as_it_came_and_what_is_too_large_or_another_s_is_not(address):
    client = beside(address)
    assert client.get("/unlearning").headers["location"] == "/unlearning/"
    for path in ("..%2f..%2fetc", "versions/%0d%0aX:%20y", "versions/%C3%A4?x=%00", "versions/1%3Fx", "acts/%2e%2e%2f"):
        assert client.get(f"/unlearning/{path}").status_code == 404, path
    for path in ("/unlearningx", "/unlearning-api/", "//unlearning/"):
        assert client.get(path).text == "Not Found", "this is no page's"
    assert client.put("/unlearning/versions").status_code == 405
    answer = client.post("/unlearning/requests", content=b"x" * 33_000_000, headers={"Origin": HOME})
    assert answer.status_code == 413
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS


def test_the_threads_of_mlflow_stay_free_while_pages_are_waited_for(monkeypatch):
    monkeypatch.setattr("unlearning.web.beside._ask", lambda *given: Response(threading.current_thread().name))
    assert beside("nowhere").get("/unlearning/").text.startswith("pages")


def test_where_the_pages_are_not_that_is_told():
    answer = beside(f"127.0.0.1:{free_port()}").get("/unlearning/")
    assert answer.status_code == 503
    assert "age-unlearning web --path /unlearning" in answer.text
    assert {name: answer.headers.get(name) for name in HEADERS} == HEADERS
