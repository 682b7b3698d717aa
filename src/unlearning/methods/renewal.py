"""Weights drawn anew: whatever they held is gone, and a seed decides what stands in their place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import torch

from unlearning.methods.task import UnlearningTask
from unlearning.models.blocks import redraw
from unlearning.models.build import AgeNet, build


@torch.no_grad()
def renew(modules: Sequence[torch.nn.Module], seed: int, network: AgeNet) -> None:
    """Draw all weights of ``modules``, parts of ``network``, anew from ``seed``, as PyTorch initialises them.

    Batch norms forget their statistics. Weights that PyTorch has no rule for (scales of layers, positions, tokens) become
    those of an untrained network of the same kind. The global random numbers stay as they were.
    """
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        for module in modules:
            for weight in module.parameters():
                weight.fill_(torch.nan)
            redraw(module)
    left = {id(weight) for module in modules for weight in module.parameters() if weight.isnan().any()}
    if left:
        untrained = build(replace(network.spec, pretrained=False, weights=""), seed)
        for weight, new in zip(network.parameters(), untrained.parameters(), strict=True):
            if id(weight) in left:
                weight.copy_(new)


def renew_last(task: UnlearningTask, network: AgeNet, modules: Sequence[torch.nn.Module]) -> None:
    """Draw ``modules`` anew from the task's seed, the layer that gives the age among them.

    Mean and spread that a linear output is read by become those of the retain set, as for a network trained without the others.
    """
    renew(modules, task.seed, network)
    network.spec = network.spec.standardised(task.retain.part("train").ages)


@torch.no_grad()
def add_noise(weights: Iterable[torch.Tensor], spread: float, random: torch.Generator) -> None:
    """Add to every entry of ``weights``, in place, a number from a normal distribution of standard deviation ``spread``."""
    for weight in weights:
        weight.add_(spread * torch.randn(weight.shape, generator=random).to(weight.device))


@torch.no_grad()
def renew_smallest(weights: list[torch.Tensor], share: float, random: torch.Generator) -> None:
    """Draw the ``share`` of entries with the smallest absolute values, ties included, of all ``weights`` together, anew.

    New entries of a weight come from the uniform distribution between -1/sqrt(n) and 1/sqrt(n), where n is the number of
    inputs of one output: how PyTorch initialises convolutions and linear layers.
    """
    sizes = torch.cat([weight.abs().flatten() for weight in weights])
    count = round(share * len(sizes))
    bound = sizes.kthvalue(count).values if count else -1
    for weight in weights:
        drawn = (2 * torch.rand(weight.shape, generator=random) - 1) / weight[0].numel() ** 0.5
        weight.copy_(torch.where(weight.abs() <= bound, drawn.to(weight.device), weight))
