"""The one optimisation loop: training, retraining and every unlearning method run through it."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch

from unlearning.data.faces import Batch, Batches, FaceSet
from unlearning.errors import DivergedError
from unlearning.training.predict import mean_absolute_error
from unlearning.training.recipe import Recipe

Loss = Callable[[torch.Tensor, Batch], torch.Tensor]


@dataclass(frozen=True)
class Epoch:
    """What one pass over the data did; errors in years, ``seconds`` since the start of the fit without validation."""

    number: int
    loss: float
    train_mae: float
    validation_mae: float
    images_per_second: float
    seconds: float


def fit(
    fabric,
    model: torch.nn.Module,
    batches: Batches,
    loss: Loss,
    recipe: Recipe,
    *,
    seed: int,
    validation: FaceSet | None = None,
    keep_best: bool = False,
    after_epoch: Callable[[Epoch, torch.nn.Module], None] = lambda epoch, model: None,
    after_step: Callable[[float], None] = lambda done: None,
) -> list[Epoch]:
    """Train ``model`` in place and tell what every epoch did.

    Args:
        fabric: Lightning Fabric; gives the device and the precision.
        batches: one iteration is one epoch.
        loss: (predicted years, batch) -> scalar to minimise, a mean over samples.
        recipe: optimiser, schedule and number of epochs.
        seed: of dropout; the order of the batches has its own.
        validation: faces whose error is measured after every epoch.
        keep_best: stop after ``recipe.patience`` epochs without a better validation error, and end with the best weights.
        after_epoch: called with the epoch and the bare model, which it must not change.
        after_step: called with the epochs done so far (a fraction), for progress.

    Raises:
        DivergedError: the loss is not finite; names the step.
    """
    model.to(fabric.device).train()
    optimizer, schedule = _optimizer(model, recipe, len(batches))
    wrapped, optimizer = fabric.setup(model, optimizer)
    epochs, best, seconds = [], _Best(recipe.patience), 0.0
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for number in range(1, recipe.epochs + 1):
            start = time.perf_counter()
            tick = partial(_tick, after_step, number - 1, len(batches))
            mean_loss, train_mae = _one_epoch(fabric, wrapped, batches, loss, optimizer, schedule, tick)
            took = time.perf_counter() - start
            seconds += took
            error = mean_absolute_error(model, validation, fabric.device) if validation is not None else math.nan
            epochs.append(Epoch(number, mean_loss, train_mae, error, len(batches.ages) / took, seconds))
            after_epoch(epochs[-1], model)
            if keep_best and best.is_over(error, model):
                break
    if keep_best:
        model.load_state_dict(best.weights)
    model.eval()
    return epochs


def _tick(after_step: Callable[[float], None], epochs: int, steps: int, step: int) -> None:
    after_step(epochs + step / steps)


class _Best:
    """The weights of the best validation error so far."""

    def __init__(self, patience: int):
        self.patience, self.error, self.weights, self.waited = patience, math.inf, None, 0

    def is_over(self, error: float, model: torch.nn.Module) -> bool:
        self.waited += 1
        if self.weights is None or error < self.error:
            self.error, self.weights, self.waited = error, copy.deepcopy(model.state_dict()), 0
        return self.waited >= self.patience


def _optimizer(model: torch.nn.Module, recipe: Recipe, steps: int):
    kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[recipe.optimizer]
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    optimizer = kind(weights, lr=recipe.lr, weight_decay=recipe.weight_decay, fused=True)
    if recipe.schedule == "constant":
        return optimizer, None
    return optimizer, torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.lr, total_steps=steps * recipe.epochs)


def _one_epoch(fabric, model, batches, loss, optimizer, schedule, after_step) -> tuple[float, float]:
    """Mean loss and mean absolute error over the samples of one pass, both in years."""
    losses, errors, samples = 0.0, 0.0, 0
    for step, batch in enumerate(batches, 1):
        batch = batch.to(fabric.device)
        predicted = model(batch.images)
        value = loss(predicted, batch)
        if not math.isfinite(now := value.item()):
            raise DivergedError(f"the loss became {now} at step {step} of an epoch; try a smaller learning rate")
        optimizer.zero_grad()
        fabric.backward(value)
        optimizer.step()
        if schedule:
            schedule.step()
        losses += now * len(batch.ages)
        errors += (predicted.detach() - batch.ages).abs().sum().item()
        samples += len(batch.ages)
        after_step(step)
    return losses / samples, errors / samples
