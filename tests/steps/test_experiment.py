"""Experiments: what is finished is not run again, also after a kill, and a report needs no model."""

import os
import signal
import subprocess
import sys
from dataclasses import replace

import mlflow
import pandas as pd
import pytest

from made import quicken
from places import ROOT
from unlearning.errors import InputError
from unlearning.methods import METHODS
from unlearning.registry.lookup import all_versions
from unlearning.reports.style import THEMES
from unlearning.reports.words import model_name
from unlearning.settings.experiments import ExperimentSettings, ReportSettings
from unlearning.steps.experiment import CELLS, experiment
from unlearning.steps.report import collect, forget_sets_of, report
from unlearning.tracking import finished, runs

pytestmark = pytest.mark.slow

ALPHA = ExperimentSettings(("alpha",), "demo")
ONE_SEED = replace(ALPHA, seeds=(0,))


@pytest.fixture
def fresh(monkeypatch, store):
    """An empty store for the quick demonstration."""
    quicken(monkeypatch)


@pytest.fixture(scope="module")
def measured_alpha_store(fill, empty_store):
    """A store in which ``alpha`` was measured, and its table."""
    tables = []
    with pytest.MonkeyPatch.context() as patch:
        quicken(patch)
        return fill("alpha", empty_store, lambda: tables.append(experiment(ALPHA))), tables[0]


@pytest.fixture
def alpha(monkeypatch, use, measured_alpha_store):
    """A copy of that store, for the quick demonstration; its table."""
    database, table = measured_alpha_store
    use(database)
    quicken(monkeypatch)
    return table


def test_an_experiment_that_is_run_again_makes_nothing_new(alpha, capsys):
    """That different experiments share cells stands in tests/e2e/test_experiment_report.py."""
    assert alpha.role.value_counts().to_dict() == {"original": 2, "retrained": 2, "unlearned": 4}
    assert experiment(ALPHA).equals(alpha)
    assert "reused; 8 of 8 cells done, 0 running, 0 left" in capsys.readouterr().err


def test_two_workers_make_the_cells_that_one_makes(alpha):
    """The name is part of a cell's inputs, so under another all is trained anew; test_node_killed.py has more, on a cluster."""
    alone = alpha[alpha.seed == 0].reset_index(drop=True)
    shared = experiment(replace(ONE_SEED, workers=2, name="another"))
    about = ["seed", "role", "forget_set", "method", "epochs"]
    assert shared[about].equals(alone[about])
    for one, two in zip(alone.run_id, shared.run_id, strict=True):
        assert one != two
        own, other = (runs.read_table(run_id, "predictions.parquet").predicted for run_id in (one, two))
        assert own.to_numpy() == pytest.approx(other.to_numpy(), abs=0.5)


def test_results_stand_beside_the_reference_of_their_own_seed(alpha):
    results = collect(alpha, forget_sets_of(alpha), "demo", "digest", {})
    arms = [("original", 0), ("retrained", 0), ("ft", 8), ("rnd", 2), ("retrained again", 0)]
    assert [(o.arm, o.epochs) for o in results.outcomes] == arms
    retrained = results.find("20-28", "retrained")
    assert all((case.version.predicted == case.retrained.predicted).all() for case in retrained.cases)
    ft = results.find("20-28", "ft", 8)
    assert not ft.cases[0].retrained.predicted.equals(ft.cases[1].retrained.predicted)


def test_the_report_is_logged_and_written(alpha, tmp_path):
    out = tmp_path / "report"
    report(ReportSettings("demo", str(out)))
    page = (out / "report.html").read_text()
    assert "alpha only rescales" in page
    assert (out / "tables" / "table_3.csv").exists()
    [run] = finished.find_by_tags({"step": "report"})
    assert runs.download(run["run_id"], "report/report.html").read_text() == page


# One of each kind: exact, trained in slices, fine-tuned, driven up, and without passes; each method runs in tests/methods.
KINDS = ("retrain", "sisa", "ft", "neggrad", "ssd")


def test_every_method_stands_in_the_table_and_in_the_figure_of_all_methods(fresh, tmp_path, monkeypatch):
    monkeypatch.setattr("unlearning.steps.experiment.METHODS", {name: METHODS[name] for name in KINDS})
    experiment(ExperimentSettings(("methods",), "demo", ("20-28",), seeds=(0,)))
    report(ReportSettings("demo", str(tmp_path / "report")))
    table = pd.read_csv(tmp_path / "report" / "tables" / "methods.csv")
    scores = table.set_index("model")
    assert set(scores.index) == {"original", "retrained", *KINDS}
    assert scores.loc[list(KINDS), ["test_mae", "F", "seconds_ratio", "samples_ratio"]].notna().all().all()
    assert scores.loc["retrain", ["memory_left", "F"]].tolist() == [0.0, 1.0]
    assert all((tmp_path / "report" / "figures" / theme / "pareto.svg").exists() for theme in THEMES)
    lines = (tmp_path / "report" / "tables" / "methods.md").read_text().splitlines()
    assert not [name for name in KINDS if sum(f"| {model_name(name)} |" in line for line in lines) != 1]


def test_a_report_without_an_experiment_says_what_to_type(store):
    with pytest.raises(InputError, match=r"no finished experiment.*-e experiment -P study=all"):
        report(ReportSettings())


COMMAND = [sys.executable, "-m", "entrypoints.experiment", "--study", "alpha", "--preset", "demo", "--seeds", "0"]
MODEL = "age-study-demo-seed-0"
FIRST_CELL = "experiment: original, seed 0:"


def start() -> subprocess.Popen:
    """The demonstration as a process of its own, with the test's store."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(COMMAND, env=environment, stderr=subprocess.PIPE, text=True)


def test_a_killed_experiment_goes_on_where_it_was(store):
    with start() as killed:
        for line in killed.stderr:
            if line.startswith(FIRST_CELL):
                os.kill(killed.pid, signal.SIGKILL)
    assert killed.returncode == -signal.SIGKILL
    [original] = all_versions(MODEL)
    with start() as again:
        said = again.stderr.read()
    assert again.returncode == 0, said
    assert f"{FIRST_CELL} reused; 1 of 4 cells done, 0 running, 3 left" in said
    assert f"train: reused version 1 (original) of run {original.run_id}" in said
    assert "experiment: retrained 20-28, seed 0: reused" not in said
    [done] = finished.find_by_tags({"step": "experiment"})
    table = runs.read_table(done["run_id"], CELLS, ("params", "set"))
    assert list(zip(table.role, table.method, table.epochs, table.version, strict=True)) == [
        ("original", "", 0, 1),
        ("retrained", "", 0, 2),
        ("unlearned", "ft", 8, 3),
        ("unlearned", "rnd", 2, 4),
    ]
    assert [version.number for version in all_versions(MODEL)] == [1, 2, 3, 4]
    others = mlflow.search_runs(
        filter_string=f"tags.step = 'experiment' and run_id != '{done['run_id']}'", output_format="list"
    )
    assert [other.info.status for other in others] == ["KILLED"]
