"""Two processes of one group, as Lightning Fabric or torchrun start them."""

import multiprocessing
import os
import pickle
import socket
from pathlib import Path

from unlearning.models.timm_backbone import import_timm
from unlearning.training import group


def in_two_processes(work, folder: Path) -> None:
    """Do ``work``, which can be pickled, in two processes of this machine that train together."""
    path = folder / "work.pickle"
    path.write_bytes(pickle.dumps(work))  # no argument: a process that cannot read it would leave this one waiting
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    begin = multiprocessing.get_context("spawn").Process
    both = [begin(target=_join, args=(rank, port, path)) for rank in (0, 1)]
    for process in both:
        process.start()
    for process in both:
        process.join()
    assert [process.exitcode for process in both] == [0, 0]


def _join(rank: int, port: int, path: Path) -> None:
    own = {"LOCAL_RANK": str(rank), "WORLD_SIZE": "2", "NODE_RANK": "0", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    os.environ.update(own | {group.DEVICES: "2", "OMP_NUM_THREADS": "1"})
    with group.together() as first:
        if first:
            import_timm()
            work = pickle.loads(path.read_bytes())
            with group.handed_out(group.make_fabric("32-true"), work):
                work()
