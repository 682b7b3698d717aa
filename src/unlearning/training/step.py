"""One step of the optimisation: a batch shown to the network, its loss, and changed weights."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from lightning_fabric import Fabric
from torch.nn.modules.batchnorm import _BatchNorm
from torch.optim.lr_scheduler import OneCycleLR

from unlearning.data.faces import Batch
from unlearning.models.spec import target_of
from unlearning.targets import Target
from unlearning.training.group import predicted_together, share_of, synchronised
from unlearning.training.recipe import Recipe

Loss = Callable[[torch.Tensor, Batch], torch.Tensor]


@dataclass(frozen=True)
class Step:
    """What turns a batch into changed weights."""

    fabric: Fabric
    model: torch.nn.Module
    loss: Loss
    optimizer: torch.optim.Optimizer
    schedule: OneCycleLR | None
    clip: float
    after_update: Callable[[], None]
    target: Target

    def set_rate(self, lr: float) -> None:
        """The learning rate of the steps to come; a schedule has its own."""
        if self.schedule is None:
            for group in self.optimizer.param_groups:
                group["lr"] = lr

    def __call__(self, batch: Batch) -> torch.Tensor:
        """Loss of the batch, and the sum of its errors in the target's unit; nobody waits for them here."""
        with _single(self.model) if share_of(self.fabric, len(batch.ages)) == 1 else nullcontext():
            predicted = predicted_together(self.fabric, self.model, batch.images)
        value = self.loss(predicted, batch)
        self.optimizer.zero_grad()
        self.fabric.backward(value)
        if self.clip:
            self.fabric.clip_gradients(self.model, self.optimizer, max_norm=self.clip, error_if_nonfinite=False)
        self.optimizer.step()
        if self.schedule:
            self.schedule.step()
        self.after_update()
        errors = self.target.errors(predicted.detach(), batch.ages)
        return torch.stack((value.detach().float(), errors.sum().float()))


def set_up(
    fabric: Fabric, model: torch.nn.Module, loss: Loss, recipe: Recipe, steps: int, after_update: Callable[[], None]
) -> Step:
    """A network on its device, in training, with its optimiser; ``steps`` are those of an epoch."""
    _set_training(model.to(fabric.device))
    optimizer, schedule = _optimizer(synchronised(model), recipe, steps)
    network: Any = torch.compile(model) if recipe.compile else model
    wrapped, optimizer = fabric.setup(network, optimizer)
    return Step(fabric, wrapped, loss, optimizer, schedule, recipe.clip, after_update, target_of(model))


def _set_training(model: torch.nn.Module) -> None:
    model.train()
    for norm in batch_norms(model):
        weights = list(norm.parameters(recurse=False))
        if weights and not any(weight.requires_grad for weight in weights):
            norm.eval()


def batch_norms(model: torch.nn.Module) -> list[torch.nn.Module]:
    """Its layers that keep statistics of what they are shown."""
    return [module for module in model.modules() if isinstance(module, _BatchNorm)]


@contextmanager
def _single(model: torch.nn.Module) -> Iterator[None]:
    """Inside, batch norms use their running statistics: those of a batch need two samples."""
    norms = [norm for norm in batch_norms(model) if norm.training]
    for norm in norms:
        norm.eval()
    try:
        yield
    finally:
        for norm in norms:
            norm.train()


def _optimizer(model: torch.nn.Module, recipe: Recipe, steps: int) -> tuple[torch.optim.Optimizer, OneCycleLR | None]:
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    sgd = partial(torch.optim.SGD, momentum=recipe.momentum)
    kinds: dict[str, Callable[..., torch.optim.Optimizer]] = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW, "sgd": sgd}
    optimizer = kinds[recipe.optimizer](weights, lr=recipe.lr, weight_decay=recipe.weight_decay, fused=True)
    if recipe.schedule == "constant":
        return optimizer, None
    return optimizer, OneCycleLR(optimizer, recipe.lr, total_steps=steps * recipe.epochs)
