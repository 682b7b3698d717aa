"""The study's experiments by their commands, one after the other on one store, and their page in a real browser."""

import re
from pathlib import Path

import mlflow
import pytest

from reports.reading import Page
from steps.test_experiment_requests import quick
from typed import typed

STUDIES = {"alpha": "", "epochs": "20-28", "forget_set": "20-28;36-44"}
HEADINGS = [
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


def done(entry: str, *words: str) -> str:
    """What an entry point said that went well."""
    said = typed(entry, *words)
    assert said.exit_code == 0, said.output
    return said.output


def by_mlflow_run(patch, **given: str) -> str:
    """What ``experiment`` said in a run that knows what was typed, as ``mlflow run`` opens it."""
    run = mlflow.MlflowClient().create_run(
        "0", tags={"mlflow.source.type": "PROJECT", "mlflow.project.entryPoint": "experiment"}
    )
    for name, value in given.items():
        mlflow.MlflowClient().log_param(run.info.run_id, name, value)
    patch.setenv("MLFLOW_RUN_ID", run.info.run_id)
    return done("experiment", *(word for name, value in given.items() for word in (f"--{name}", value)))


@pytest.fixture(scope="module")
def report(fill, empty_store):
    """The folder that ``report`` wrote, after the study's experiments; beside it lies what each of them said."""

    def measure():
        with pytest.MonkeyPatch.context() as patch:
            quick(patch)
            for study, rules in STUDIES.items():
                said = by_mlflow_run(patch, study=study, preset="demo", seeds="0", forget_sets=rules)
                Path(f"{study}.txt").write_text(said)
            done("report", "--preset", "demo", "--out", "report")

    return fill("study", empty_store, measure).parent / "report"


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


def test_what_was_kept_makes_every_table_again_where_there_is_no_store(report, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    done("report", "--source", str(report), "--out", "again")
    assert {"table_3.csv", "tables_4_to_7.csv", "table_8.csv", "all.csv"} <= {
        path.name for path in (report / "tables").iterdir()
    }
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
    assert page.texts("h2, h3") == HEADINGS
    assert page.see("document.images.length") == len(Page(text).all("img")) > 10
