"""The one optimisation loop: training, retraining and every unlearning method run through it."""

import copy
import math
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from lightning_fabric import Fabric

from unlearning.data.faces import EpochBatches, FaceSet
from unlearning.errors import DivergedError
from unlearning.training.checkpoint import Checkpoint, Checkpoints, Tensors, fill_optimizer, flat_optimizer, under
from unlearning.training.group import Network, level
from unlearning.training.predict import mean_absolute_error
from unlearning.training.recipe import Recipe
from unlearning.training.step import Loss as Loss
from unlearning.training.step import Step, set_up

LOOK = 8  # steps between two looks at their losses: a GPU that is waited for at every step stands still between them


@dataclass(frozen=True)
class Epoch:
    """What one pass over the data did; errors in the target's unit, ``seconds`` since the start without validation."""

    number: int
    loss: float
    train_mae: float
    validation_mae: float
    images_per_second: float
    seconds: float


def fit(
    fabric: Fabric,
    model: Network,
    batches: EpochBatches,
    loss: Loss,
    recipe: Recipe,
    *,
    seed: int,
    before: int = 0,
    validation: FaceSet | None = None,
    keep_best: bool = False,
    after_epoch: Callable[[Epoch, Network], None] = lambda epoch, model: None,
    after_step: Callable[[float], None] = lambda done: None,
    after_update: Callable[[], None] = lambda: None,
    rate: Callable[[int], float] = lambda number: 1.0,
    until: Callable[[Network], bool] = lambda model: False,
    aside: Callable[[], AbstractContextManager[None]] = nullcontext,
    checkpoint: Checkpoint | None = None,
) -> list[Epoch]:
    """Train ``model`` in place and tell what every epoch did. A batch norm whose weights are frozen keeps its statistics.

    Args:
        fabric: Lightning Fabric; gives the device and the precision.
        batches: one iteration is one epoch.
        loss: (predictions, batch) -> scalar to minimise, a mean over samples.
        recipe: optimiser, schedule and number of epochs.
        seed: of dropout; the order of the batches has its own.
        before: epochs of earlier trainings, which the numbers of these continue.
        validation: faces whose error is measured after every epoch.
        keep_best: stop after ``recipe.patience`` epochs without a better validation error, and end with the best weights.
        after_epoch: called with the epoch and the bare model, which it must not change.
        after_step: called with the epochs done so far (a fraction), for progress.
        after_update: called after every change of the weights, and may change them: a mask is held this way.
        rate: factor of the learning rate in an epoch, counted from 1, under the constant schedule.
        until: asked after every epoch; true ends the training.
        aside: entered for whatever is not training: measuring, and the caller's own work after an epoch.
        checkpoint: where it is kept how far the training is. One that is found there goes on, and tells of no epoch again.

    Raises:
        DivergedError: the loss is not finite; names the step, a few steps after it.
        TerminatedError: the process was asked to end, and the checkpoint is written.
    """
    step = set_up(fabric, model, loss, recipe, len(batches), after_update)
    state = _State(step, model, _Best(recipe.patience, keep_best and bool(validation)), checkpoint or Checkpoints().next())
    with torch.random.fork_rng(), state.checkpoint.during():
        torch.manual_seed(seed)
        state.go_on(batches)
        while not state.over:
            number = len(state.epochs) + 1
            step.set_rate(recipe.lr * rate(number))
            state.one_pass(batches, before + number - 1, after_step)
            with aside():
                error = mean_absolute_error(model, validation) if validation is not None else math.nan
                after_epoch(state.end_epoch(before + number, error), model)
                state.over = state.best.is_over(error, model) or until(model) or number == recipe.epochs
                if state.over:
                    state.best.restore(model)
                state.write()
    model.eval()
    return state.epochs


class _Best:
    """The weights of the best validation error so far, where they are ``kept``."""

    def __init__(self, patience: int, kept: bool):
        self.patience, self.kept, self.error, self.waited = patience, kept, math.inf, 0
        self.weights: dict[str, Any] = {}

    def is_over(self, error: float, model: torch.nn.Module) -> bool:
        """Note the weights if they are the best, and say whether ``patience`` epochs have passed without a better error."""
        if not self.kept:
            return False
        self.waited += 1
        if not self.weights or error < self.error:
            self.error, self.weights, self.waited = error, copy.deepcopy(model.state_dict()), 0
        return self.waited >= self.patience

    def restore(self, model: torch.nn.Module) -> None:
        """Give a network the best weights."""
        if self.kept:
            model.load_state_dict(self.weights)


@dataclass
class _Pass:
    """Sums over the faces of one pass so far: of losses and absolute errors in years, of faces, of seconds, and of steps."""

    loss: float = 0.0
    error: float = 0.0
    samples: int = 0
    seconds: float = 0.0
    steps: int = 0


@dataclass
class _State:
    """How far a training is; ``over`` once the network is the one that it ends with."""

    step: Step
    model: torch.nn.Module
    best: _Best
    checkpoint: Checkpoint
    epochs: list[Epoch] = field(default_factory=list)
    now: _Pass = field(default_factory=_Pass)
    unread: list[tuple[torch.Tensor, int]] = field(default_factory=list)
    over: bool = False
    saved: tuple[Tensors, dict[str, Any]] | None = None

    def one_pass(self, batches: EpochBatches, done: int, after_step: Callable[[float], None]) -> None:
        """Make a pass after ``done`` others, or what is left of it."""
        coming = iter(batches)
        for _ in range(self.now.steps):
            next(coming)
        self.fill()
        begun = time.perf_counter() - self.now.seconds
        for batch in coming:
            self.unread.append((self.step(batch.to(self.step.fabric.device)), len(batch.ages)))
            after_step(done + (self.now.steps + len(self.unread)) / len(batches))
            if len(self.unread) == LOOK:
                self.look(begun)
            if self.checkpoint.is_due():
                self.look(begun)
                self.write()
                begun = time.perf_counter() - self.now.seconds
        self.look(begun)
        level(self.step.fabric, self.model)

    def look(self, begun: float) -> None:
        """Read what the steps since the last look gave, which waits for the device; ``begun``: when the pass was."""
        values = torch.stack([given for given, _ in self.unread]).tolist() if self.unread else []
        for (loss, error), (_, faces) in zip(values, self.unread, strict=True):
            self.now.steps += 1
            if not math.isfinite(loss):
                raise DivergedError(f"the loss became {loss} at step {self.now.steps} of an epoch; try a smaller learning rate")
            self.now.loss += loss * faces
            self.now.error += error
            self.now.samples += faces
        self.unread.clear()
        self.now.seconds = time.perf_counter() - begun

    def end_epoch(self, number: int, error: float) -> Epoch:
        """Make an account of the pass that is done, and begin another."""
        now, self.now = self.now, _Pass()
        seconds = now.seconds + (self.epochs[-1].seconds if self.epochs else 0.0)
        speed = now.samples / now.seconds
        self.epochs.append(Epoch(number, now.loss / now.samples, now.error / now.samples, error, speed, seconds))
        return self.epochs[-1]

    def write(self) -> None:
        """Keep all of it."""
        if not self.checkpoint.path:
            return
        tensors = {f"model.{name}": value for name, value in self.model.state_dict().items()}
        tensors |= {f"best.{name}": value for name, value in self.best.weights.items() if not self.over}
        optimizer, groups = flat_optimizer(self.step.optimizer)
        state = {"epochs": [asdict(epoch) for epoch in self.epochs], "now": asdict(self.now), "over": self.over}
        state |= {"groups": groups, "best": [self.best.error, self.best.waited]}
        state |= {"schedule": self.step.schedule.state_dict() if self.step.schedule else None}
        self.checkpoint.write(tensors | ({} if self.over else optimizer), state)

    def go_on(self, batches: EpochBatches) -> None:
        """Be where the checkpoint was, if there is one: batches that were shown are made again, and pass by."""
        self.saved = self.checkpoint.read()
        if not self.saved:
            return
        _, state = self.saved
        self.epochs, self.now, self.over = [Epoch(**epoch) for epoch in state["epochs"]], _Pass(**state["now"]), state["over"]
        self.checkpoint.tell(len(self.epochs), self.now.steps, self.over)
        for _ in self.epochs:
            for _ in batches:
                pass
        if not self.now.steps:
            self.fill()

    def fill(self) -> None:
        """Put back what the checkpoint held, once all that was shown has passed by."""
        if not self.saved:
            return
        (tensors, state), self.saved = self.saved, None
        self.model.load_state_dict(under("model.", tensors))
        self.best.weights = under("best.", tensors)
        self.best.error, self.best.waited = state["best"]
        if not self.over:
            fill_optimizer(self.step.optimizer, tensors, state["groups"])
        if self.step.schedule:
            self.step.schedule.load_state_dict(state["schedule"])
        self.checkpoint.resume(tensors, state)
