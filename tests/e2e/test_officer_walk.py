"""The walk of whoever answers to the people: a request from a photograph to its certificate, by nothing but a browser."""

import json
import os
import re
from contextlib import contextmanager
from pathlib import Path

import pytest

from browser import CONTRAST, DRAWN, SMALLEST, UNREADABLE
from server import listening
from unlearning.certificates.keys import make_key
from unlearning.certificates.samples import picture_id
from unlearning.registry.lookup import find
from unlearning.settings.forgetting import PromoteSettings
from unlearning.settings.requests import CertifySettings
from unlearning.steps.certify import certify
from unlearning.steps.promote import promote
from unlearning.versions import forget_sets
from unlearning.versions.files import predictions_of

MODEL = "age-resnet50"
PATIENCE = 240_000  # milliseconds for a command that a page has begun


@pytest.fixture(scope="module")
def place(fill, trained_store):
    """A folder with a version that is served and certified after it was made to forget 20-28, and with a signing key."""

    def act():
        promote(PromoteSettings("4", "test_mae < 100"))
        make_key(Path("signing-key.pem"))
        certify(CertifySettings(key="signing-key.pem"))

    return fill("officer", trained_store, act).parent


@pytest.fixture(scope="module")
def address(place):
    key = {"UNLEARNING_SIGNING_KEY": str(place / "signing-key.pem")}
    with listening(place, "", "web", program="age-unlearning", **key) as found:
        yield found


@pytest.fixture(scope="module")
def photographs(place):
    """The picture of somebody whom the served version was made to forget, and of somebody whom it remembers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{place}/mlflow.db")
        version = find(MODEL, "4")
        forgotten, table = set(forget_sets.of_version(version).ids), predictions_of(version)
    learned = set(table.id[table.split == "train"]) - forgotten
    folder = next(Path(os.environ["UNLEARNING_CACHE"]).glob("drawn/160-*"))
    names = {picture_id(path.read_bytes()): path for path in sorted(folder.glob("*.jpg"))}
    return [next(path for key, path in names.items() if key in ids) for ids in (forgotten, learned)]


@contextmanager
def tab(browser):
    """A page, and a way to act on it in the thread that the browser lives in."""
    opened, thread = browser
    context = thread.submit(lambda: opened.new_context(accept_downloads=True)).result()
    page = thread.submit(context.new_page).result()
    try:
        yield page, lambda action: thread.submit(action).result()
    finally:
        thread.submit(context.close).result()


def is_readable(page) -> None:
    for width in (390, 800, 1400):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate(UNREADABLE, [SMALLEST["screen"], CONTRAST, DRAWN]) == [], f"{page.url} at {width} pixels"


def file_it(page, address: str, photograph: Path) -> str:
    """File a request by a photograph, and go to its page; returns the first line there."""
    page.goto(address)
    page.click("text=File a request")
    is_readable(page)
    page.set_input_files("#picture", photograph)
    page.click("text=Look for it")
    assert page.inner_text("h1") == "1 picture of the data shows this photograph"
    page.fill("#reason", "Art. 17, ticket 4711")
    page.fill("#deadline", "2036-01-02")
    page.click("text=File a request for these")
    page.wait_for_selector("h1:has-text('request: done')", timeout=PATIENCE)
    page.click("text=To the request")
    is_readable(page)
    return page.inner_text(".lead")


def certificate_of(page, address: str) -> dict:
    """Read the certificate of the request that is open, download it and verify it."""
    with page.expect_download() as downloaded:
        page.click("text=Download it")
    file = Path(downloaded.value.path())
    page.click("text=Read it")
    assert "What this does not prove" in page.inner_text("main")
    page.goto(f"{address}/verify")
    page.set_input_files("#certificate", {"name": "c.json", "mimeType": "application/json", "buffer": file.read_bytes()})
    page.click("button:has-text('Verify')")
    assert "It holds" in page.inner_text(".lead")
    return json.loads(file.read_text())


def serve_it(page, address: str) -> str:
    """Let the open requests be served by training anew, and return what became of this one."""
    one = page.url
    page.select_option("#method", "retrain")
    page.click("text=Serve the open requests")
    page.wait_for_selector("h1:has-text('process: done')", timeout=PATIENCE)
    page.goto(address)
    is_readable(page)
    page.goto(one)
    return page.inner_text(".lead")


def test_who_is_forgotten_already_has_a_certificate_from_a_photograph_by_nothing_but_a_browser(browser, address, photographs):
    with tab(browser) as (page, do):
        assert "It is promoted" in do(lambda: file_it(page, address, photographs[0]))
        certificate = do(lambda: certificate_of(page, address))
    assert certificate["signatures"]
    assert picture_id(photographs[0].read_bytes()) not in json.dumps(certificate)


def test_whoever_is_remembered_is_served_by_a_button_and_told_what_came_of_it(browser, address, photographs):
    with tab(browser) as (page, do):
        assert "It is received" in do(lambda: file_it(page, address, photographs[1]))
        assert re.match("It is (promoted|refused)", do(lambda: serve_it(page, address)))
