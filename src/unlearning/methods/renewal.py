"""Weights drawn anew: whatever they held is gone, and a seed decides what stands in their place."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from unlearning.methods.task import UnlearningTask
    from unlearning.models.build import AgeNet


def renew(modules: Iterable[torch.nn.Module], seed: int) -> None:
    """Draw all weights of ``modules`` anew from ``seed``, as PyTorch initialises them; batch norms forget their statistics.

    The global random numbers stay as they were.
    """
    import torch

    from unlearning.models.blocks import redraw

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for module in modules:
            redraw(module)


def renew_last(task: UnlearningTask, network: AgeNet, modules: Iterable[torch.nn.Module]) -> None:
    """Draw ``modules`` anew from the task's seed, the layer that gives the age among them.

    Mean and spread that a linear output is read by become those of the retain set, as for a network trained without the others.
    """
    renew(modules, task.seed)
    network.spec = network.spec.standardised(task.retain.part("train").ages)


def add_noise(weights: Iterable[torch.Tensor], spread: float, random: torch.Generator) -> None:
    """Add to every entry of ``weights``, in place, a number from a normal distribution of standard deviation ``spread``."""
    import torch

    with torch.no_grad():
        for weight in weights:
            weight.add_(spread * torch.randn(weight.shape, generator=random).to(weight.device))


def renew_smallest(weights: list[torch.Tensor], share: float, random: torch.Generator) -> None:
    """Draw the ``share`` of entries with the smallest absolute values, ties included, of all ``weights`` together, anew.

    New entries of a weight come from the uniform distribution between -1/sqrt(n) and 1/sqrt(n), where n is the number of
    inputs of one output: how PyTorch initialises convolutions and linear layers.
    """
    import torch

    with torch.no_grad():
        sizes = torch.cat([weight.abs().flatten() for weight in weights])
        count = round(share * len(sizes))
        bound = sizes.kthvalue(count).values if count else -1
        for weight in weights:
            drawn = (2 * torch.rand(weight.shape, generator=random) - 1) / weight[0].numel() ** 0.5
            weight.copy_(torch.where(weight.abs() <= bound, drawn.to(weight.device), weight))
