"""Where an experiment's cells run: the same jobs give the same results everywhere, and nothing is left behind."""

import os
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest

from clusters import ray_alone as ray_alone
from clusters import two_nodes as two_nodes
from places import ROOT
from unlearning.errors import InputError
from unlearning.experiments.spread import SPREADS, _needs, _require_shared_store
from unlearning.naming import choose
from waiting import wait_until

TWO_MACHINES = [{"Resources": {"CPU": 8.0}}, {"Resources": {"CPU": 4.0, "GPU": 1.0}}]
ENDLESS = """
import multiprocessing, time
from unlearning.experiments.spread import processes
if __name__ == "__main__":
    with processes(2) as run:
        list(run(time.sleep, [(0.5,), (0.5,)]))
        print(*(child.pid for child in multiprocessing.active_children()), flush=True)
        list(run(time.sleep, [(600,), (600,)]))
"""


@pytest.fixture
def place(request):
    """A spread by name, open for two jobs; Ray where it is installed."""
    if request.param == "ray":
        request.getfixturevalue("ray_alone")
    with SPREADS[request.param].open(2) as run:
        yield run


everywhere = pytest.mark.parametrize("place", SPREADS, indirect=True)


@pytest.mark.slow
@everywhere
def test_every_job_comes_back_with_what_it_made_and_an_error_as_it_was_raised(place):
    assert sorted(place(divmod, [(7, 2), (9, 4), (8, 5)])) == [((7, 2), (3, 1)), ((8, 5), (1, 3)), ((9, 4), (2, 1))]
    with pytest.raises(InputError, match=r"^unknown study 'alfa' \(did you mean 'alpha'\?\); legal: alpha$"):
        list(place(partial(choose, {"alpha": 1}), [("alfa", "study")]))


@pytest.mark.slow
@pytest.mark.parametrize("place", ["processes"], indirect=True)
def test_processes_share_the_cores_and_leave_the_callers_threads_alone(place, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    share = max(1, len(os.sched_getaffinity(0)) // 2)
    assert [made for _, made in place(os.getenv, [("OMP_NUM_THREADS",)])] == [str(share)]
    assert os.environ["OMP_NUM_THREADS"] == "7"


@pytest.mark.slow
def test_after_an_error_no_more_is_begun(tmp_path):
    """Three had been handed to the process before; each takes so long that the error is known before many more are."""
    job = "__import__('time').sleep(0.3) or open({!r}, 'w').close()"
    jobs = [("1 / 0",), *((job.format(str(tmp_path / str(number))),) for number in range(50))]
    with pytest.raises(ZeroDivisionError), SPREADS["processes"].open(1) as run:
        list(run(eval, jobs))
    assert len(list(tmp_path.iterdir())) <= 5


@pytest.mark.slow
def test_a_killed_experiment_leaves_no_process_behind():
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src")}
    with subprocess.Popen([sys.executable, "-c", ENDLESS], env=environment, stdout=subprocess.PIPE, text=True) as parent:
        children = [int(word) for word in parent.stdout.readline().split()]
        assert len(children) == 2
        assert all(map(is_running, children))
        os.kill(parent.pid, signal.SIGKILL)
    wait_until(lambda: not any(map(is_running, children)))


def is_running(process: int) -> bool:
    """Is it there, and no zombie that nobody has asked for its result yet?"""
    stat = Path(f"/proc/{process}/stat")
    return stat.exists() and stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


def test_without_ray_the_command_that_installs_it_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(InputError, match=r"needs Ray.*uv pip install --python \S+ --requirements pyproject.toml --extra ray"):
        SPREADS["ray"].open(2).__enter__()


@pytest.mark.parametrize("uri", ["", "sqlite:////home/ann/mlflow.db", "file:///home/ann/mlruns", "mlruns"])
def test_a_store_of_one_machine_is_refused_for_a_cluster_of_two_and_a_server_is_not(uri):
    with pytest.raises(InputError, match=r"has 2 machines.*MLFLOW_TRACKING_URI=http://HOST:5000"):
        _require_shared_store(2, uri)
    _require_shared_store(1, uri)
    for server in ("http://tracking:5000", "https://tracking", "postgresql+psycopg2://host/mlflow"):
        _require_shared_store(5, server)


@pytest.mark.parametrize(("workers", "cores"), [(1, 8), (2, 6), (3, 4), (40, 1)])
def test_a_task_asks_for_its_share_of_the_cores_and_never_for_more_than_a_machine_has(workers, cores):
    assert _needs(TWO_MACHINES, workers) == {"num_cpus": cores, "num_gpus": 1}
    assert _needs(TWO_MACHINES[:1], workers)["num_gpus"] == 0


@pytest.mark.slow
def test_a_cluster_of_two_machines_gets_the_code_and_needs_a_server(two_nodes, monkeypatch):
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "sqlite:////home/ann/mlflow.db")
    with pytest.raises(InputError, match="has 2 machines"):
        SPREADS["ray"].open(2).__enter__()
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracking:5000")
    with SPREADS["ray"].open(2) as run:
        jobs = [("__import__('unlearning').__file__",), ("dict(__import__('os').environ)",)]
        told = [made for _, made in run(eval, jobs)]
    environment, package = sorted(told, key=lambda made: isinstance(made, str))
    assert environment["MLFLOW_TRACKING_URI"] == "http://tracking:5000"
    assert not Path(package).is_relative_to(ROOT)
