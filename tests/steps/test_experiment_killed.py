"""An experiment that is killed goes on where it was: what a cell has finished is not made again, and the table is whole."""

import os
import signal
import subprocess
import sys

import mlflow
import pytest

from places import ROOT
from unlearning.registry.lookup import all_versions
from unlearning.steps.experiment import CELLS
from unlearning.tracking import finished, runs

COMMAND = [sys.executable, "-m", "entrypoints.experiment", "--study", "alpha", "--preset", "demo", "--seeds", "0"]
MODEL = "age-study-demo-seed-0"
FIRST_CELL = "experiment: original, seed 0:"


def start() -> subprocess.Popen:
    """The demonstration as a process of its own, with the test's store."""
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(COMMAND, env=environment, stderr=subprocess.PIPE, text=True)


@pytest.mark.slow
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
