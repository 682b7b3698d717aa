"""SPREADS, the visible registry of places where an experiment's cells run at the same time.

A spread is opened once for an experiment and gives a runner: a function and a list of argument tuples -> the finished jobs
with what the function returned, in the order in which they end. Cells are safe to run anywhere, and again: what a finished
run has made is found by its fingerprint.
"""

import multiprocessing
import os
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from types import ModuleType
from urllib.parse import urlsplit

from unlearning.errors import InputError
from unlearning.naming import by_name
from unlearning.processes import AHEAD, Each, leave_with_parent

PACKAGE = Path(__file__).resolve().parents[1]
TRACKING_URI, THREADS = "MLFLOW_TRACKING_URI", "OMP_NUM_THREADS"
TAKEN_ALONG = ("MLFLOW_", "UNLEARNING_", "AWS_")  # the last: keys of a bucket that artifacts go to
ON_ONE_MACHINE = ("", "sqlite", "file")
STORE_BYTES = 128 * 1024**2
Job = tuple
Runner = Callable[[Callable, list[Job]], Iterator[tuple[Job, object]]]

PROCESSES, RAY = "processes", "ray"


@dataclass(frozen=True)
class Spread:
    """One way to run cells at the same time, as ``-P spread=`` names it; ``open`` takes how many, and gives the runner."""

    name: str
    description: str
    open: Callable[[int], AbstractContextManager[Runner]]


def alone(spread: str, workers: int) -> bool:
    """Does one job after the other run in this process?"""
    return workers == 1 and spread == PROCESSES


def place(spread: str, workers: int) -> AbstractContextManager[Runner]:
    """Where jobs run."""
    one_by_one = nullcontext(lambda act, jobs: ((job, act(*job)) for job in jobs))
    return one_by_one if alone(spread, workers) else SPREADS[spread].open(workers)


@contextmanager
def processes(workers: int) -> Iterator[Runner]:
    """Processes of this machine that share its cores; after an error what has not begun is not begun any more."""
    threads = max(1, len(os.sched_getaffinity(0)) // workers)
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _begin_process, (threads,))
    try:
        yield partial(_in_pool, pool)
    finally:
        pool.shutdown(cancel_futures=True)


def _begin_process(threads: int) -> None:
    """Say how many threads PyTorch may have, imported already or not; and do not wait for a parent that was killed."""
    os.environ[THREADS] = str(threads)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)
    threading.Thread(target=leave_with_parent, daemon=True).start()


def _in_pool(pool: ProcessPoolExecutor, act: Callable, jobs: list[Job]) -> Iterator[tuple[Job, object]]:
    running = {pool.submit(act, *job): job for job in jobs}
    yield from ((running[done], done.result()) for done in as_completed(running))


@contextmanager
def ray_cluster(workers: int) -> Iterator[Runner]:
    """Tasks on the Ray cluster that this machine belongs to, or on a Ray of this machine alone when there is none.

    Raises:
        InputError: Ray is not installed, or the cluster has more machines than the tracking store can be reached from.
    """
    with _cluster() as (ray, machines):
        _require_shared_store(len(machines), os.environ.get(TRACKING_URI, ""))
        yield partial(_as_tasks, ray, _needs(machines, workers), workers)


@contextmanager
def each_on_ray() -> Iterator[Each]:
    """``map`` by tasks of one core each, in the order in which they end, on all cores of such a cluster; none asks a store."""
    with _cluster() as (ray, machines):
        tasks_at_once = AHEAD * sum(_cores(machines))
        run_jobs = partial(_as_tasks, ray, {"num_cpus": 1}, tasks_at_once)
        yield lambda act, tasks: (made for _, made in run_jobs(act, ((task,) for task in tasks)))


@contextmanager
def _cluster() -> Iterator[tuple[ModuleType, list[dict]]]:
    """Ray, and the machines of its cluster."""
    ray, quiet = _ray(), {"logging_level": "WARNING"}
    try:  # a cluster's machines get this code from here; a Ray of our own reads it where it stands
        ray.init("auto", runtime_env={"py_modules": [str(PACKAGE)]}, **quiet)
    except ConnectionError:
        path = os.pathsep.join(part for part in (str(PACKAGE.parent), os.environ.get("PYTHONPATH")) if part)
        local = {"include_dashboard": False, "object_store_memory": STORE_BYTES}
        ray.init("local", runtime_env={"env_vars": {"PYTHONPATH": path}}, **local, **quiet)
    try:
        yield ray, [node for node in ray.nodes() if node["Alive"]]
    finally:
        ray.shutdown()


def _ray() -> ModuleType:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        import ray
    except ImportError as error:
        raise InputError(
            f"spread=ray needs Ray, which is not installed ({error}); in the project's folder install it with: uv pip install "
            f"--python {sys.executable} --requirements pyproject.toml --extra ray"
        ) from error
    return ray


def _require_shared_store(machines: int, uri: str) -> None:
    if machines > 1 and urlsplit(uri).scheme in ON_ONE_MACHINE:
        raise InputError(
            f"the Ray cluster has {machines} machines, and the tracking store {uri or 'mlflow.db'} can be reached from one of "
            f"them only; start a server that all of them reach, and type the same again after: export {TRACKING_URI}=http://HOST:5000"
        )


def _needs(machines: list[dict], workers: int) -> dict[str, float]:
    """What one task asks of its machine: its share of the cores, and a GPU where the cluster has some."""
    cores = _cores(machines)
    graphics = any(machine["Resources"].get("GPU", 0) >= 1 for machine in machines)
    return {"num_cpus": max(1, min(sum(cores) // workers, max(cores))), "num_gpus": int(graphics)}


def _cores(machines: list[dict]) -> list[int]:
    return [int(machine["Resources"].get("CPU", 0)) for machine in machines]


def _as_tasks(
    ray: ModuleType, needs: dict[str, float], workers: int, act: Callable, jobs: Iterable[Job]
) -> Iterator[tuple[Job, object]]:
    """So many tasks at a time. Ray gives a task as many threads as cores, and runs it again when its machine dies."""
    variables = {name: value for name, value in os.environ.items() if name.startswith(TAKEN_ALONG)}
    task = ray.remote(_in_task).options(**needs, name="cell")
    waiting, running = iter(jobs), {}

    def begin(count: int) -> None:
        running.update({task.remote(variables, str(Path.cwd()), act, job): job for job in islice(waiting, count)})

    begin(workers)
    while running:
        [done], _ = ray.wait(list(running), num_returns=1)
        try:
            made = ray.get(done)
        except ray.exceptions.RayTaskError as error:  # the error is the one that the task raised, without Ray's own around it
            raise error.cause from error
        job = running.pop(done)
        begin(1)
        yield job, made


def _in_task(variables: dict[str, str], folder: str, act: Callable, job: Job) -> object:
    """In the caller's folder, where there is one, with the caller's settings, which Ray's logs would show if Ray set them."""
    os.environ.update(variables)
    if Path(folder).is_dir():
        os.chdir(folder)
    return act(*job)


SPREADS = by_name(
    Spread(PROCESSES, "processes of this machine", processes),
    Spread(RAY, "tasks on a Ray cluster, or on this machine where there is none", ray_cluster),
)
