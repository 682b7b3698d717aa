"""A Ray cluster of two nodes on this machine, and one of them killed as by a power cut.

Tests that ask for it are skipped where Ray is not installed, and fail there when the environment variable REQUIRE_RAY is set,
as .ci/run does.
"""

import importlib.util
import os
import signal
from pathlib import Path

import pytest
from filelock import FileLock

MISSING = "Ray is not installed; install it with: uv pip install --requirements pyproject.toml --extra ray"


@pytest.fixture
def ray_alone(tmp_path_factory):
    """No other test uses Ray meanwhile: it joins whatever cluster it finds on its machine."""
    if importlib.util.find_spec("ray") is None and "REQUIRE_RAY" not in os.environ:
        pytest.skip(MISSING)
    with FileLock(tmp_path_factory.getbasetemp().parent / "ray.lock"):
        yield


@pytest.fixture
def two_nodes(ray_alone, monkeypatch):
    """A cluster of two nodes with a core each; this process belongs to the first."""
    from ray.cluster_utils import Cluster

    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    try:
        cluster.add_node(num_cpus=1)
        monkeypatch.setenv("RAY_ADDRESS", cluster.address)
        yield cluster
    finally:
        cluster.shutdown()


def daemon_of(node) -> int:
    """The process id of a node's raylet, which has started all processes that work there."""
    return node.all_processes["raylet"][0].process.pid


def works_on(process: int, node) -> bool:
    """Does a process work on a node?"""
    ancestors, daemon = [process], daemon_of(node)
    while ancestors[-1] > 1:
        try:
            fields = Path(f"/proc/{ancestors[-1]}/stat").read_text().rpartition(") ")[2].split()
        except FileNotFoundError:
            return False
        ancestors.append(int(fields[1]))
    return daemon in ancestors


def cut_power(cluster, node, process: int) -> None:
    """The node's daemon is gone, and a process that works there with it; neither could say anything."""
    os.kill(daemon_of(node), signal.SIGKILL)
    os.kill(process, signal.SIGKILL)
    cluster.remove_node(node, allow_graceful=False)
