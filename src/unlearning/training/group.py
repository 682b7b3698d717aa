"""Processes that train one network together, on several devices or machines: each shows it a share of every batch.

The first of them does everything else alone: it talks to MLflow, writes checkpoints, measures. The others wait until it hands
them a training, take the same steps, and keep nothing. Every process makes the whole batch and the loss of all its faces from
the predictions of all, so that batches, their order, random labels and losses are those of one device. Only what a network
draws or counts in a share is not: dropout's masks, which are alike in all shares, and a batch norm's statistics.

Lightning Fabric starts the processes by the command that was typed, or finds those that torchrun or SLURM have started.
"""

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import torch
import torch.distributed as distributed
from lightning_fabric import Fabric
from lightning_fabric.strategies.ddp import DDPStrategy

from unlearning.errors import InputError
from unlearning.models.timm_backbone import import_timm
from unlearning.training import precision as precisions

DEVICES, NODES, STRATEGY, SYNC = (f"UNLEARNING_{name}" for name in ("DEVICES", "NODES", "STRATEGY", "SYNC_BATCHNORM"))
PATIENCE = timedelta(days=7)  # the others wait while the first one reads faces or measures
Work = Callable[[], object]
Network = TypeVar("Network", bound=torch.nn.Module)


@dataclass
class _Group:
    """The group that this process is in; ``lost`` once a training has ended in the middle."""

    devices: int = 1
    nodes: int = 1
    strategy: str = "auto"
    sync_batchnorm: bool = False
    lost: bool = False


_group = _Group()


@contextmanager
def together() -> Iterator[bool]:
    """Within, trainings are those of a group, as the environment describes it. True in its first process.

    In every other one what the first hands out has been done by then, and nothing is left to do.

    Raises:
        InputError: there are fewer GPUs than devices asked for, or batch norms are to be synchronised without one.
    """
    global _group  # a process is in one group, as torch.distributed has it
    asked = os.environ.get
    _group = _Group(int(asked(DEVICES, "1")), int(asked(NODES, "1")), asked(STRATEGY, "auto"), asked(SYNC) == "true")
    _check(_group)
    try:
        fabric = make_fabric("32-true")
        if not fabric.is_global_zero:
            _follow(fabric)
            yield False
            return
        try:
            yield True
        finally:
            if not _group.lost:
                fabric.broadcast(None)
    finally:
        _group = _Group()


def _check(group: _Group) -> None:
    graphics = torch.cuda.device_count()
    if graphics and group.devices > graphics:
        raise InputError(f"devices={group.devices}: this machine has {graphics}; legal: 1 to {graphics}")
    if group.sync_batchnorm and not graphics:
        raise InputError("sync_batchnorm=true needs GPUs, and there is none; legal here: false")


def size() -> int:
    """Processes in the group; 1 outside of ``together``."""
    return _group.devices * _group.nodes


def make_fabric(precision: str) -> Fabric:
    """The devices of the group at a precision of Lightning Fabric: one, the best there is, outside of ``together``."""
    if size() == 1:
        return precisions.make_fabric(precision)
    unused = _group.strategy == "ddp_find_unused_parameters_true"
    strategy = DDPStrategy(timeout=PATIENCE, forward_sync_buffers=False, find_unused_parameters=unused)
    fabric = precisions.make_fabric(precision, devices=_group.devices, num_nodes=_group.nodes, strategy=strategy)
    fabric.launch()
    return fabric


@contextmanager
def handed_out(fabric: Fabric, work: Work) -> Iterator[None]:
    """Within, the other processes of the group do ``work``, which has to come to the same steps as what is done here.

    Raises:
        InputError: one of them has ended.
    """
    if fabric.world_size == 1:
        yield
        return
    fabric.broadcast(work)
    try:
        yield
    except BaseException as error:
        _group.lost = True  # the others stand in the middle of a step: nothing reaches them any more
        if _is_lost(error):
            raise InputError(
                "a process of the group has ended, which the lines above may tell of; type the same command again: the "
                "training goes on from its last checkpoint"
            ) from error
        raise


def _follow(fabric: Fabric) -> None:
    """Do what the first process hands out, until it says that this was all, or is gone; it alone is asked to end."""
    import_timm()  # which the networks that it is handed are made of
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere, redirect_stdout(nowhere), redirect_stderr(nowhere):
        try:
            while work := fabric.broadcast(None):
                work()
        except (InputError, RuntimeError) as error:  # the first process says it, and fails by the same
            if not isinstance(error, InputError) and not _is_lost(error):
                raise


def _is_lost(error: BaseException) -> bool:
    """Does another process not answer any more? Gloo's errors have no class of their own."""
    words = ("gloo", "Connection closed by peer", "Connection reset by peer")
    return isinstance(error, distributed.DistError) or (isinstance(error, RuntimeError) and any(w in str(error) for w in words))


def predicted_together(fabric: Fabric, model: torch.nn.Module, images: torch.Tensor) -> torch.Tensor:
    """Predictions of a whole batch, shape (batch,) or (batch, outputs): those of this process's share have gradients.

    DistributedDataParallel takes the mean of the processes' gradients, where the loss of the whole batch needs their sum: so
    this share's count as often as there are processes, and whatever else the loss holds, the same in all, counts once.
    """
    if fabric.world_size == 1:
        alone: torch.Tensor = model(images)
        return alone
    start, stop = _share(fabric, len(images))
    predicted = model(images[start:stop] if stop > start else images[:1])[: stop - start]  # no network takes no picture
    whole = torch.zeros(len(images), *predicted.shape[1:], dtype=predicted.dtype, device=predicted.device)
    whole[start:stop] = predicted.detach()
    distributed.all_reduce(whole)
    if predicted.requires_grad:
        predicted.register_hook(lambda gradient: gradient * fabric.world_size)
    return torch.cat([whole[:start], predicted, whole[stop:]])


def share_of(fabric: Fabric, count: int) -> int:
    """How many of a batch's faces this process shows to the network; one at least."""
    start, stop = _share(fabric, count)
    return max(1, stop - start)


def _share(fabric: Fabric, count: int) -> tuple[int, int]:
    return count * fabric.global_rank // fabric.world_size, count * (fabric.global_rank + 1) // fabric.world_size


def synchronised(network: Network) -> Network:
    """With batch norms over whole batches, where that was asked for."""
    if _group.sync_batchnorm:
        import_timm().layers.convert_sync_batchnorm(network)
    return network


def level(fabric: Fabric, network: torch.nn.Module) -> None:
    """Give all processes the first one's running statistics, which each of them takes of its share."""
    if fabric.world_size > 1:
        for buffer in network.buffers():
            distributed.broadcast(buffer, 0)
