"""A node of a Ray cluster is killed in mid-cell: the cell goes on elsewhere, in its run and from its checkpoint."""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import mlflow
import pytest
import torch

from clusters import cut_power, works_on
from clusters import ray_alone as ray_alone
from clusters import two_nodes as two_nodes
from made import quicken, weights
from postgres import another_database
from unlearning.data import unfinished
from unlearning.experiments import plan
from unlearning.experiments.plan import Arm, Study
from unlearning.registry.lookup import all_versions
from unlearning.repair import mending
from unlearning.settings.experiments import ExperimentSettings
from unlearning.steps.experiment import experiment
from unlearning.tracking.abandoned import PROCESS
from unlearning.training.checkpoint import MINUTES_VARIABLE

pytestmark = pytest.mark.slow
EPOCHS, PATIENCE = 6, 600
TOLD = ("role", "forget_set", "epochs", "test_mae", "sha256")


@pytest.fixture
def shared(postgres, own_cache, monkeypatch, tmp_path):
    """A store that all nodes reach, and a short experiment whose trainings write a checkpoint after each step."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MLFLOW_TRACKING_URI", another_database(postgres, "nodes"))
    monkeypatch.setenv(MINUTES_VARIABLE, "0")
    monkeypatch.setitem(plan.STUDIES, "tiny", Study("tiny", "one method", ("20-28",), (Arm("ft", (1,)),)))
    quicken(monkeypatch, EPOCHS)


@pytest.fixture
def one_thread():
    """As many as a node has cores: sums come out the same, to the last bit."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def kill_in_mid_cell(cluster, node) -> str:
    """Kill a node once a training on it has written a checkpoint; returns the run that it was at."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        for work in unfinished.everything():
            process = int(mlflow.MlflowClient().get_run(work.run_id).data.tags[PROCESS].split()[1])
            if list(work.folder.rglob("fit-*.safetensors")) and works_on(process, node):
                cut_power(cluster, node, process)
                return work.run_id
        time.sleep(0.02)
    raise TimeoutError("no training has begun on that node")


def made(name: str) -> list[dict]:
    """What stands of each version of a registered model, weights and points of its run's metrics among it."""
    client, found = mlflow.MlflowClient(), []
    for version in all_versions(name):
        own = {tag: version.tag(tag) for tag in TOLD} | {"number": version.number, "aliases": version.aliases}
        own["weights"] = weights(version)
        metrics = client.get_run(version.run_id).data.metrics
        own["points"] = {one: [point.step for point in client.get_metric_history(version.run_id, one)] for one in metrics}
        found.append(own)
    return found


def test_the_cell_of_a_killed_node_goes_on_elsewhere_and_the_experiment_ends_as_one_left_alone(shared, one_thread, two_nodes):
    asked = ExperimentSettings(("tiny",), "demo", seeds=(0, 1), name="cut", workers=2, spread="ray")
    (node,) = two_nodes.worker_nodes
    with ThreadPoolExecutor(1) as pool:
        killing = pool.submit(kill_in_mid_cell, two_nodes, node)
        table = experiment(asked)
        run_id = killing.result()
    ((seed, role, version),) = table.loc[table.run_id == run_id, ["seed", "role", "version"]].itertuples(index=False)
    assert (role, version) == ("original", 1)
    assert mlflow.get_run(run_id).info.status == "FINISHED"
    logs = [path.read_text() for path in Path(two_nodes.head_node.get_logs_dir_path()).glob("worker-*.err")]
    assert any(f"goes on in run {run_id}" in log and "goes on after epoch" in log for log in logs)
    assert unfinished.everything() == []

    experiment(replace(asked, seeds=(int(seed),), name="whole", workers=1, spread="processes"))
    assert made(f"cut-demo-seed-{seed}") == made(f"whole-demo-seed-{seed}")
    for number in asked.seeds:
        assert [one.tag("role") for one in all_versions(f"cut-demo-seed-{number}")] == ["original", "retrained", "unlearned"]
        assert mending.examine(f"cut-demo-seed-{number}").found == []
