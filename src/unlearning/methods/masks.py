"""Which weights may move, and how fast: masks over the weights of a network by name, held bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import Any

import torch

from unlearning.training.gradients import Weights


def highest(scores: Weights, share: float) -> Weights:
    """Masks of the ``share`` of all weights together that have the highest scores; one weight at least."""
    line = torch.cat([score.flatten() for score in scores.values()])
    chosen = torch.zeros(len(line), dtype=torch.bool, device=line.device)
    chosen[line.topk(max(1, round(share * len(line)))).indices] = True
    parts = torch.split(chosen, [score.numel() for score in scores.values()])
    return {name: part.view(score.shape) for (name, score), part in zip(scores.items(), parts, strict=True)}


def share_of(masks: Weights) -> float:
    """The share of all weights that are in the masks."""
    return sum(int(mask.sum()) for mask in masks.values()) / sum(mask.numel() for mask in masks.values())


@contextmanager
def scaled(network: torch.nn.Module, factors: Weights) -> Iterator[None]:
    """Inside, the gradient of every weight named in ``factors`` is multiplied by its factor, before anything uses it."""
    with ExitStack() as hooks:
        for name, factor in factors.items():
            weight: Any = network.get_parameter(name)  # whose register_hook has no annotations
            hooks.enter_context(weight.register_hook(partial(torch.mul, factor)))
        yield


@contextmanager
def held(network: torch.nn.Module, masks: Weights) -> Iterator[Callable[[], None]]:
    """Inside, only the weights in the masks move, if what is yielded is called after every update.

    The gradients of all others are 0, so that they count neither in a bound on the gradient nor in what an optimiser
    remembers; weight decay and momentum, which need no gradient, are undone by putting the others back bit for bit. The
    masks say nothing of the statistics of batch norms, which are no weights.
    """
    start = {name: weight.detach().clone() for name, weight in network.named_parameters()}

    @torch.no_grad()
    def put_back() -> None:
        for name, weight in network.named_parameters():
            weight.copy_(torch.where(masks[name], weight, start[name]))

    with scaled(network, masks):
        yield put_back


@torch.no_grad()
def disturb(network: torch.nn.Module, masks: Weights, noise: float, random: torch.Generator) -> None:
    """Add to every weight in the masks a normal number of ``noise`` standard deviations of the weights of its tensor."""
    for name, mask in masks.items():
        weight = network.get_parameter(name)
        drawn = torch.randn(weight.shape, generator=random).to(weight.device)
        weight.copy_(torch.where(mask, weight + noise * weight.std(correction=0) * drawn, weight))
