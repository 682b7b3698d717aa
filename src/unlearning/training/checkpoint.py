"""How far a training is, on disk: a killed one goes on where it was, and ends with the weights that it would have had.

What random numbers decide is drawn again and not kept: the batches that were shown are passed over, which costs no arithmetic,
so that whatever makes them comes by itself to where it was. What a loss draws is kept, with weights, optimiser and schedule.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import torch
from lightning_fabric import Fabric
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from unlearning.data.cache import write_whole
from unlearning.errors import TerminatedError
from unlearning.models.ensemble import load_weights, save_weights
from unlearning.progress import say
from unlearning.training import ongoing
from unlearning.training.cost import Meter

MINUTES_VARIABLE = "UNLEARNING_CHECKPOINT_MINUTES"
MINUTES = 10.0
STATE, CPU, GPU = "state", "random.cpu", "random.gpu"
Tensors = dict[str, torch.Tensor]
Read = TypeVar("Read")


class Checkpoints:
    """The checkpoints of one network: a file for each training that its code comes to, in their order.

    Without a folder nothing is kept; of a group of processes, which ``fabric`` is of, one has it. ``kept``: a meter that is to
    show what it showed.
    """

    def __init__(self, folder: Path | None = None, title: str = "", kept: Meter | None = None, fabric: Fabric | None = None):
        self.folder, self.title, self.kept, self.fabric = folder, title, kept, fabric
        self.generators: list[torch.Generator] = []
        self.begun = 0
        self.memory: dict[str, Tensors] = {}

    def follow(self, random: torch.Generator) -> torch.Generator:
        """Random numbers that losses draw from go on where they were, too."""
        self.generators.append(random)
        return random

    def put(self, name: str, weights: Tensors) -> None:
        """Keep weights of a network on the way: on disk, or on the CPU where there is no folder."""
        if self.folder:
            save_weights(weights, self.folder / f"{name}.safetensors")
        else:
            self.memory[name] = {key: value.to("cpu", copy=True) for key, value in weights.items()}

    def take(self, name: str) -> Tensors:
        """What was put."""
        return self.shared(lambda: load_weights(self.folder / f"{name}.safetensors") if self.folder else self.memory[name])

    def shared(self, read: Callable[[], Read]) -> Read:
        """What the first process of the group reads, for all of them."""
        if not self.fabric or self.fabric.world_size == 1:
            return read()
        own = read() if self.fabric.is_global_zero else None
        return self.fabric.broadcast(own)  # type: ignore[return-value]  # what the first process has read

    def next(self) -> Checkpoint:
        """That of the training which begins now."""
        self.begun += 1
        return Checkpoint(self, self.folder / f"fit-{self.begun}.safetensors" if self.folder else None)


class Checkpoint:
    """One training's: written whole or not at all, over the one before."""

    def __init__(self, whole: Checkpoints, path: Path | None):
        self.whole, self.path = whole, path
        self.seconds = 60 * float(os.environ.get(MINUTES_VARIABLE) or MINUTES)
        self.written = time.monotonic()

    @contextmanager
    def during(self) -> Iterator[None]:
        """Within, the training goes on that this is the checkpoint of."""
        if not self.path:  # there is nothing to write first: a process that is asked to end may do so at once
            yield
            return
        ongoing.at_work.append(self)
        try:
            yield
        finally:
            ongoing.at_work.pop()

    def read(self) -> tuple[Tensors, dict[str, Any]] | None:
        """Tensors and state; None where there are none, or the file is damaged."""
        return self.whole.shared(self._read)

    def _read(self) -> tuple[Tensors, dict[str, Any]] | None:
        if not self.path or not self.path.is_file():
            return None
        try:
            with safe_open(self.path, "pt") as file:
                return {name: file.get_tensor(name) for name in file.keys()}, json.loads(file.metadata()[STATE])  # noqa: SIM118
        except (OSError, SafetensorError) as error:
            say(f"{self.whole.title}: its checkpoint cannot be read ({error}): training begins anew")
            return None

    def tell(self, epochs: int, steps: int, over: bool) -> None:
        """Say from where it goes on."""
        where = "the training is done" if over else f"goes on after epoch {epochs}" + (f" and {steps} steps" if steps else "")
        say(f"{self.whole.title}: {where}")

    def is_due(self) -> bool:
        """Is it time for one inside an epoch?"""
        return bool(self.path) and (ongoing.stopping.is_set() or time.monotonic() - self.written >= self.seconds)

    def write(self, tensors: Tensors, state: dict[str, Any]) -> None:
        """Write weights and the like, and the state; ends the process (TerminatedError) after it where that was asked for."""
        if not self.path:
            return
        draws = {f"random.{index}": random.get_state() for index, random in enumerate(self.whole.generators)}
        draws[CPU] = torch.get_rng_state()  # dropout's
        if torch.cuda.is_available():
            draws[GPU] = torch.cuda.get_rng_state()
        if self.whole.kept:
            state = state | {"kept": self.whole.kept.state()}
        whole = {name: tensor.detach().cpu().contiguous() for name, tensor in (tensors | draws).items()}
        write_whole(self.path, lambda part: save_file(whole, part, {STATE: json.dumps(state)}))
        ongoing.tell_written()
        self.written = time.monotonic()
        if ongoing.stopping.is_set():
            raise TerminatedError(f"{self.whole.title}: asked to end; type the same command again, and it goes on from here")

    def resume(self, tensors: Tensors, state: dict[str, Any]) -> None:
        """Set all random numbers, and what else was kept, to what they were when it was written."""
        for index, random in enumerate(self.whole.generators):
            random.set_state(tensors[f"random.{index}"])
        torch.set_rng_state(tensors[CPU])
        if GPU in tensors:
            torch.cuda.set_rng_state(tensors[GPU])
        if self.whole.kept:
            self.whole.kept.resume(state["kept"])


def flat_optimizer(optimizer: torch.optim.Optimizer) -> tuple[Tensors, list[dict[str, Any]]]:
    """An optimiser's state as tensors by name, and its groups, which JSON can hold."""
    state = optimizer.state_dict()
    tensors = {f"optimizer.{index}.{name}": value for index, own in state["state"].items() for name, value in own.items()}
    return {name: value for name, value in tensors.items() if value is not None}, state["param_groups"]


def fill_optimizer(optimizer: torch.optim.Optimizer, tensors: Tensors, groups: list[dict[str, Any]]) -> None:
    """Undo ``flat_optimizer``. Moments lie in memory as their weights do, channels last: fused steps take them in order."""
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    state: dict[int, Tensors] = {}
    for name, value in tensors.items():
        if name.startswith("optimizer."):
            _, index, own = name.split(".")
            weight = weights[int(index)]
            laid_out = torch.empty_like(weight, dtype=value.dtype).copy_(value) if value.shape == weight.shape else value
            state.setdefault(int(index), {})[own] = laid_out
    optimizer.load_state_dict({"state": state, "param_groups": groups})


def under(prefix: str, tensors: Tensors) -> Tensors:
    """Those whose names begin with ``prefix``, without it."""
    return {name.removeprefix(prefix): value for name, value in tensors.items() if name.startswith(prefix)}
