"""The walk of whoever answers to the people: from a photograph to its certificate, by nothing but a browser.

The pages lie beside MLflow's own, on a real ``mlflow server --app-name age-unlearning``, and three people with different rights
use them.
"""

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

import mlflow
import pytest
import requests as http
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageOps

from browser import CONTRAST, DRAWN, PHONE, SMALLEST, UNREADABLE
from made import drawn, small
from places import ROOT
from server import ADMIN, PASSWORD, as_user
from unlearning.certificates.keys import make_key
from unlearning.registry import journal
from unlearning.requests import store
from unlearning.steps.train import train
from unlearning.tracking.own_experiments import own_experiment
from unlearning.versions.data import account_of

MODEL, SECRET = "age-officers", "a-long-enough-one"
READER, CLERK, OFFICER = "rita", "carl", "olga"
LONG = 240_000  # milliseconds


@pytest.fixture(scope="module")
def team(server, tmp_path_factory):
    """A model of one version, and three people: one reads, one files requests, one decides."""
    folder = tmp_path_factory.mktemp("officer")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        as_user(patch, server.address, ADMIN, PASSWORD)
        made = train(small(name=MODEL))
        manifest, _ = account_of(made.tag("data_run"))
        asked = own_experiment(store.EXPERIMENT, store.HOLDS)
        journals = own_experiment(journal.EXPERIMENT, journal.HOLDS)
        for name in (READER, CLERK, OFFICER):
            server.add_user(name, SECRET)
        for name in (CLERK, OFFICER):
            server.grant(name, "experiment", asked, "EDIT")
        for number in ("0", journals):
            server.grant(OFFICER, "experiment", number, "EDIT")
        server.grant(OFFICER, "registered_model", MODEL, "MANAGE")
    make_key(folder / "signing-key.pem")
    with Image.open(drawn()[0].parent / manifest.file[manifest.split == "train"].iloc[0]) as face:
        ImageOps.mirror(face).save(folder / "photograph.jpg", quality=80)
    return folder


@pytest.fixture(scope="module")
def address(server, team):
    """The pages, in a process of their own, where the server hands them on: an address that paths are relative to."""
    own = {"MLFLOW_TRACKING_URI": server.address, "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "OMP_NUM_THREADS": "1"}
    own |= {"UNLEARNING_SIGNING_KEY": str(team / "signing-key.pem"), "UNLEARNING_CACHE": os.environ["UNLEARNING_CACHE"]}
    own |= {"PATH": "/usr/bin:/bin", "HOME": str(team), "MLFLOW_TRACKING_USERNAME": ADMIN, "MLFLOW_TRACKING_PASSWORD": PASSWORD}
    options = ("--port", str(server.pages_port), "--path", "/unlearning", "--name", MODEL)
    command = [sys.executable, "-m", "entrypoints.web", *options]
    log = team / "web.txt"
    with log.open("w") as said:
        process = subprocess.Popen(command, cwd=team, env=own, stdout=said, stderr=said)
    try:
        until = time.monotonic() + 120
        while "/unlearning/ is ready" not in log.read_text():
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.2)
        yield f"{server.address}/unlearning/"
    finally:
        process.terminate()
        process.wait()


@pytest.fixture
def people(browser, address):
    """Opens the pages as somebody, ``people(name, script)``: what ``script`` gives of a tab without JavaScript."""
    started, thread = browser

    def act(name, script, **screen):
        def visit():
            context = started.new_context(
                base_url=address, http_credentials={"username": name, "password": SECRET}, java_script_enabled=False, **screen
            )
            page = context.new_page()
            wrong = []
            page.on("console", lambda said: wrong.append(said.text))
            try:
                return script(page), wrong
            finally:
                context.close()

        given, wrong = thread.submit(visit).result()
        assert not wrong
        return given

    return act


def file_photograph(page, path):
    page.goto("requests/new")
    page.get_by_label("Photograph").set_input_files(path)
    page.get_by_role("button", name="Look for it").click()
    found = page.locator("main").inner_text()
    page.get_by_label("Why").fill("Art. 17, ticket 4711")
    page.get_by_role("button", name="File a request for these").click()
    page.get_by_role("link", name="To the request").wait_for(timeout=LONG)
    page.get_by_role("link", name="To the request").click()
    return found, page.locator("main").inner_text()


def serve(page):
    page.goto("")
    page.get_by_role("link", name="file:photograph.csv").click()
    page.get_by_label("How to forget").select_option("retrain")
    page.get_by_role("button", name="Serve the open requests").click()
    page.get_by_role("heading", name=re.compile("done|did not work")).wait_for(timeout=LONG)
    worked = page.locator("main").inner_text()
    page.get_by_role("link", name="To the request").click()
    ended = page.locator("main").inner_text()
    with page.expect_download() as downloaded:
        page.get_by_role("link", name="Download it").click()
    file = Path(downloaded.value.path())
    page.get_by_role("link", name="Read it").click()
    certificate = page.locator("main").inner_text()
    page.goto("verify")
    page.get_by_label("The certificate").set_input_files(file)
    page.get_by_role("button", name="Verify").click()
    return worked, ended, certificate, page.locator(".lead").inner_text(), json.loads(file.read_text())


def test_three_people_read_file_and_decide_each_what_they_may(people, server, team, monkeypatch):
    """From the overview to a request that has ended, by buttons alone."""

    def reads(page):
        page.goto("")
        overview = page.locator("body").inner_text()
        page.goto("requests/new")
        return overview, page.locator("main").inner_text(), page.locator("form").count()

    overview, refused, forms = people(READER, reads)
    assert "Version 1 is served. It was made to forget nothing" in overview
    assert READER in overview
    assert "ask for the right EDIT" in refused
    assert forms == 0

    found, said = people(CLERK, lambda page: file_photograph(page, team / "photograph.jpg"))
    assert "1 picture of the data shows this photograph" in found
    assert "It is received" in said
    assert f"filed by\n{CLERK}" in said.lower()
    assert "Serve the open requests" not in said

    worked, ended, certificate, verified, signed = people(OFFICER, serve)
    assert "It is promoted" in ended, worked
    assert "What this proves" in certificate
    assert "It holds" in verified
    assert re.search(r"\b[0-9a-f]{32}\b", found)[0] not in json.dumps(signed), "it names nobody"
    as_user(monkeypatch, server.address, ADMIN, PASSWORD)
    (one,) = store.listed(MODEL)
    assert [change.user for change in one.history][:2] == [CLERK, OFFICER]
    by = {run.info.user_id for run in mlflow.search_runs(search_all_experiments=True, output_format="list")}
    assert {CLERK, OFFICER} <= by


def test_a_stranger_and_a_wrong_password_see_nothing(address):
    for auth in (None, (OFFICER, "not-olgas-own")):
        answer = http.get(address, auth=auth, timeout=60)
        assert answer.status_code == 401
        assert "Version" not in answer.text


@pytest.mark.parametrize("path", ["", "requests/new", "requests/{}", "versions/1", "verify", "picture"])
def test_pages_are_accessible_and_can_be_read_at_every_width(browser, server, address, path, monkeypatch):
    started, thread = browser
    as_user(monkeypatch, server.address, ADMIN, PASSWORD)
    path = path.format(*(one.run_id for one in store.listed(MODEL)), "new")

    def visit():
        context = started.new_context(
            base_url=address, http_credentials={"username": OFFICER, "password": SECRET}, bypass_csp=True, **PHONE
        )
        try:
            page = context.new_page()
            page.goto(path)
            faults = [one["id"] for one in Axe().run(page).response["violations"] if one["impact"] in ("serious", "critical")]
            for width in (390, 800, 1400):
                page.set_viewport_size({"width": width, "height": 900})
                faults += page.evaluate(UNREADABLE, [SMALLEST["screen"], CONTRAST, DRAWN])
            return faults
        finally:
            context.close()

    assert thread.submit(visit).result() == []
