"""The study's experiments as a user runs them, and their page in a real browser that is told to ask nobody for anything."""

import json
import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest

from e2e.test_whole_job import run_project
from reports.reading import Page

STUDIES = ("alpha", "epochs", "forget_set")
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ALONE = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=5000", "--enable-logging=stderr", "--v=0"),
)
HEADINGS = [
    "Unlearning faces: the study's experiments, run again",
    "What the study says, and what was found here",
    "How to read the tables",
    "Experiment 1: alpha",
    "Experiment 2: epochs",
    "Experiment 3: forget sets",
    "Why ours differs",
    "Does the defect of the published code explain the study's RND?",
    "Beyond the study: single requests",
    "All methods and metrics",
    "The data",
    "How it was made",
    "Terms",
]
GREEDY = '<h1>Hello</h1><img src="http://pictures.example/face.jpg"><script>console.log("here"); missing();</script>'


@dataclass(frozen=True)
class Opened:
    """What a browser made of a page: its elements as text, what it said on its console, and what the page asked for."""

    elements: str
    console: list[str]
    requests: list[str]


@pytest.fixture(scope="module")
def browser():
    """Debian's Chromium; a machine that tests every change must have it."""
    found = [path for path in map(shutil.which, BROWSERS) if path]
    if not found and os.environ.get("CI") != "true":
        pytest.skip("there is no Chromium")
    assert found, "there is no Chromium; install it with: apt-get install --no-install-recommends chromium"
    return found[0]


@pytest.fixture
def opened(browser, tmp_path):
    """The text of a page -> what a browser makes of it that reaches no network."""

    def look(text: str) -> Opened:
        page, log = tmp_path / "page.html", tmp_path / "network.json"
        page.write_text(text)
        own = (f"--user-data-dir={tmp_path / 'profile'}", f"--log-net-log={log}", "--dump-dom", page.as_uri())
        done = subprocess.run([browser, *ALONE, *own], capture_output=True, text=True, check=True, timeout=300)
        said = re.findall(r':CONSOLE.*?\] "(.*?)", source: ', done.stderr, re.DOTALL)
        return Opened(done.stdout, said, asked_by_the_page(json.loads(log.read_text())))

    return look


def asked_by_the_page(log: dict) -> list[str]:
    """Addresses that the page asked for; a browser's own requests have no origin."""
    start = log["constants"]["logEventTypes"]["URL_REQUEST_START_JOB"]
    asked = [event.get("params", {}) for event in log["events"] if event["type"] == start]
    return [each["url"] for each in asked if "url" in each and each["initiator"] != "not an origin"]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The folder that ``report`` wrote in a user's folder, after the study's experiments ran there, the last two at once."""
    folder = tmp_path_factory.mktemp("study")

    def run(entry: str, name: str, *parameters: str) -> None:
        done = run_project(folder, entry, "preset=demo", *parameters)
        assert done.returncode == 0, done.stdout + done.stderr
        (folder / f"{name}.txt").write_text(done.stderr)

    def measure(study: str) -> None:
        run("experiment", study, f"study={study}", "seeds=0,1")

    measure("alpha")
    with ThreadPoolExecutor() as both:
        list(both.map(measure, STUDIES[1:]))
    run("report", "report", f"out={folder / 'report'}")
    return folder / "report"


@pytest.fixture(scope="module")
def text(report):
    return (report / "report.html").read_text()


def test_what_an_earlier_experiment_made_is_not_made_again(report):
    said = {study: (report.parent / f"{study}.txt").read_text() for study in STUDIES}
    reused = {study: set(re.findall(r"experiment: (.*): reused", told)) for study, told in said.items()}
    assert reused["alpha"] == set()
    shared = {f"{cell}, seed {seed}" for cell in ("original", "retrained 20-28") for seed in (0, 1)}
    assert reused["epochs"] == shared
    assert reused["forget_set"] == shared | {
        f"{c}, seed {s}" for c in ("ft 20-28, 8 epochs", "rnd 20-28, 2 epochs") for s in (0, 1)
    }


def test_all_tables_of_the_study_are_there(report):
    tables = {path.name for path in (report / "tables").iterdir()}
    assert {f"{name}.{kind}" for name in ("table_3", "tables_4_to_7", "table_8", "all") for kind in ("csv", "md")} <= tables


def test_the_page_tells_which_commands_made_it(text):
    told = " ".join(Page(text).texts)
    commands = re.findall(r"mlflow run \. -e experiment .*?-P seeds=0,1 .*?-P study=(\w+)", told)
    assert commands[0] == "alpha"
    assert sorted(commands) == sorted(STUDIES)


def test_a_browser_shows_the_page_and_has_nothing_to_say(opened, text):
    shown = opened(text)
    assert shown.console == []
    assert shown.requests == []
    assert re.findall(r"<h[123]>(.*?)</h[123]>", shown.elements, re.DOTALL) == HEADINGS
    assert shown.elements.count("<img ") == len(Page(text).all("img")) > 20


def test_the_page_would_ask_nobody_even_if_it_were_allowed_to(opened, text):
    bare, count = re.subn(r"<meta http-equiv=.Content-Security-Policy.[^>]*>", "", text)
    assert count == 1
    assert opened(bare).requests == []


def test_a_page_that_asks_and_errs_would_have_been_seen(opened):
    shown = opened(GREEDY)
    assert shown.requests == ["http://pictures.example/face.jpg"]
    assert shown.console == ["here", "Uncaught ReferenceError: missing is not defined"]
