"""Processes of this machine that share work which would keep the interpreter of one busy."""

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any

AHEAD = 2  # tasks that wait for each process
WORTH = 2  # tasks for each process: fewer are done sooner here than processes are started
Each = Callable[[Callable[[Any], Any], Iterable[Any]], Iterable[Any]]


@contextmanager
def each_by(tasks: int) -> Iterator[Each]:
    """``map``, or where there are many tasks one that has a process do them on every core, with one thread each.

    What a task is given and gives back travels between the processes: places in files rather than arrays.
    """
    cores = len(os.sched_getaffinity(0))
    if cores == 1 or tasks < WORTH * cores:
        yield map
        return
    pool = ProcessPoolExecutor(cores, initializer=_begin)
    try:
        yield partial(_in_turn, pool, AHEAD * cores)
    finally:
        pool.shutdown(cancel_futures=True)


def _in_turn(pool: ProcessPoolExecutor, most: int, act: Callable[[Any], Any], tasks: Iterable[Any]) -> Iterator[Any]:
    """What ``act`` makes of each task, in order; of many tasks only the next few are taken and wait."""
    waiting: deque[Future] = deque()
    for task in tasks:
        waiting.append(pool.submit(act, task))
        if len(waiting) == most:
            yield waiting.popleft().result()
    yield from (one.result() for one in waiting)


def _begin() -> None:
    """An interruption is for the parent, which ends its processes; one thread for products of matrices."""
    from threadpoolctl import threadpool_limits

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threadpool_limits(1)
    threading.Thread(target=leave_with_parent, daemon=True).start()


def leave_with_parent() -> None:
    """Wait for the end of the process that began this one, and end with it, also where it was killed."""
    multiprocessing.parent_process().join()
    os._exit(1)
