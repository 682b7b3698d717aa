"""Weights drawn anew: whatever they held is gone, and a seed decides what stands in their place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from unlearning.methods.task import UnlearningTask
    from unlearning.models.build import AgeNet


def renew(modules: Iterable[torch.nn.Module], seed: int, network: AgeNet | None = None) -> None:
    """Draw all weights of ``modules`` anew from ``seed``, as PyTorch initialises them; batch norms forget their statistics.

    The global random numbers stay as they were.

    Args:
        modules: parts of ``network``.
        seed: of the weights.
        network: where a part has weights that PyTorch has no rule for (scales of layers, positions, tokens), an untrained
            network of the same kind has them from timm.
    """
    import torch

    from unlearning.models.blocks import redraw

    modules = list(modules)
    with torch.random.fork_rng(), torch.no_grad():
        torch.manual_seed(seed)
        for module in modules:
            for weight in module.parameters():
                weight.fill_(torch.nan)
            redraw(module)
    left = {id(weight) for module in modules for weight in module.parameters() if weight.isnan().any()}
    if left:
        _from_untrained(network, left, seed)


def _from_untrained(network: AgeNet, left: set[int], seed: int) -> None:
    import torch

    from unlearning.models.build import build

    fresh = build(replace(network.spec, pretrained=False, weights=""), seed)
    with torch.no_grad():
        for own, new in zip(network.parameters(), fresh.parameters(), strict=True):
            if id(own) in left:
                own.copy_(new)


def renew_last(task: UnlearningTask, network: AgeNet, modules: Iterable[torch.nn.Module]) -> None:
    """Draw ``modules`` anew from the task's seed, the layer that gives the age among them.

    Mean and spread that a linear output is read by become those of the retain set, as for a network trained without the others.
    """
    renew(modules, task.seed, network)
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
