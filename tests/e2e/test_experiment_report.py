"""The study's experiments as a user runs them, and their page in a real browser."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from click.testing import CliRunner

from e2e.test_whole_job import run_project
from entrypoints.report import main as report_entry
from reports.reading import Page

STUDIES = ("alpha", "epochs", "forget_set")
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
    "Beyond the study: every method",
    "All methods and metrics",
    "The data",
    "How it was made",
    "Terms",
]


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """The folder that ``report`` wrote in a user's folder, after the study's experiments ran there, the last two at once."""
    folder = tmp_path_factory.mktemp("study")

    def run(entry: str, name: str, *parameters: str) -> None:
        done = run_project(folder, entry, "preset=demo", *parameters)
        assert done.returncode == 0, done.stdout + done.stderr
        (folder / f"{name}.txt").write_text(done.stderr)

    def measure(study: str, *more: str) -> None:
        run("experiment", study, f"study={study}", "seeds=0", *more)

    measure("alpha")
    with ThreadPoolExecutor() as both:
        list(both.map(measure, STUDIES[1:], ("forget_sets=20-28", "forget_sets=20-28;36-44")))
    run("report", "report", f"out={folder / 'report'}")
    return folder / "report"


@pytest.fixture(scope="module")
def text(report):
    return (report / "report.html").read_text()


def test_what_an_earlier_experiment_made_is_not_made_again(report):
    said = {study: (report.parent / f"{study}.txt").read_text() for study in STUDIES}
    reused = {study: set(re.findall(r"experiment: (.*): reused", told)) for study, told in said.items()}
    assert reused["alpha"] == set()
    shared = {"original, seed 0", "retrained 20-28, seed 0"}
    assert reused["epochs"] == shared
    assert reused["forget_set"] == shared | {"ft 20-28, 8 epochs, seed 0", "rnd 20-28, 2 epochs, seed 0"}


def test_all_tables_of_the_study_are_there(report):
    tables = {path.name for path in (report / "tables").iterdir()}
    assert {f"{name}.{kind}" for name in ("table_3", "tables_4_to_7", "table_8", "all") for kind in ("csv", "md")} <= tables


def test_what_was_kept_makes_every_table_again_where_there_is_no_store(report, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(report_entry, ["--source", str(report), "--out", "again"])
    assert done.exit_code == 0, done.output
    for path in (report / "tables").iterdir():
        assert (tmp_path / "again" / "tables" / path.name).read_text() == path.read_text(), path.name


def test_the_page_tells_which_commands_made_it(text):
    told = " ".join(Page(text).texts)
    commands = re.findall(r"mlflow run \. -e experiment .*?-P seeds=0 .*?-P study=(\w+)", told)
    assert commands[0] == "alpha"
    assert sorted(commands) == sorted(STUDIES)


def test_a_browser_shows_the_page(opened, report, text):
    page = opened(report / "report.html")
    page.fits(1280)
    assert page.texts("h1, h2, h3") == HEADINGS
    assert page.see("document.images.length") == len(Page(text).all("img")) > 20
