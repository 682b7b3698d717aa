"""The pages under the address of MLflow's own server, which hands on what is asked of them."""

import threading
import time

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from postgres import free_port
from unlearning.server.http import server_of
from unlearning.steps.serve import listening
from unlearning.web.application import Application
from unlearning.web.beside import handing_on

MODEL, HOME = "age-resnet50", "http://127.0.0.1"


@pytest.fixture
def address(filled):
    """The pages, in a thread."""
    with listening("127.0.0.1", 0) as taken:
        server = server_of(Application(MODEL, ["127.0.0.1"], "/unlearning").asgi())
        thread = threading.Thread(target=server.run, args=([taken],))
        thread.start()
        while not server.started:
            time.sleep(0.05)
        yield f"127.0.0.1:{taken.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def beside(address):
    return TestClient(Starlette(routes=[handing_on(address)]), base_url=HOME, follow_redirects=False)


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


def test_where_the_pages_are_not_that_is_told():
    answer = beside(f"127.0.0.1:{free_port()}").get("/unlearning/")
    assert answer.status_code == 503
    assert "age-unlearning web --path /unlearning" in answer.text
