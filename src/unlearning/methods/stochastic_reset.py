"""Cycles of forgetting and remembering (8th place of the NeurIPS 2023 unlearning competition)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from unlearning.methods.card import RETAIN, Card, knob, rate, share
from unlearning.methods.passes import Passes

if TYPE_CHECKING:
    from unlearning.methods.task import AgeNet, Batch, EpochBatches, Generator, Tensor, UnlearningTask


@dataclass(frozen=True)
class StochasticReset:
    """Random convolutions drawn anew in several cycles, each followed by learning the original's answers on the retain set.

    A cycle draws some convolutions, chosen at random, anew, and then trains for its part of the passes. The share grows in
    equal steps from cycle to cycle up to ``renewed``. Training minimises the squared distance to the original's predictions
    on pictures of the retain set under Gaussian noise, which the original sees too: it needs no ages. The gradient of a step
    is bounded, since squares of years grow fast.

    Args:
        lr: constant learning rate.
        renewed: share of the convolutions that the last cycle draws anew.
        cycles: how often; no more than there are passes.
        grain: standard deviation of the noise on pictures, in grey levels of 0 to 255.
        clip: largest norm of the gradient of a step.
    """

    name: ClassVar[str] = "stochastic_reset"
    card: ClassVar[Card] = Card(
        formula="in every cycle redraw random convolutions, then min mean over retain of (f(x + n) - f_O(x + n))^2",
        touches=(RETAIN,),
        cost="epochs passes over retain, each with the original's answer beside; none over forget",
        fails="the original's answers are the goal, so what it learned of the forget set can come back through them",
        source="Ahn et al., 8th place of the NeurIPS 2023 machine unlearning competition, 2023",
        prefix=False,
    )
    epochs: ClassVar[int] = 8
    lr: float = rate(3.1e-6)
    renewed: float = share(0.69, search=(0.05, 1.0))
    cycles: int = knob(4, 1, 1000, search=(1, 4))
    grain: float = knob(5.5, 0.0, 255.0, search=(0.0, 40.0), unit="grey levels")
    clip: float = knob(14.0, 0.01, 1e6, search=(1.0, 100.0), log=True)

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        import torch

        from unlearning.methods.renewal import renew
        from unlearning.models.blocks import convolutions

        network, original = task.copy(), task.frozen()
        layers, random = list(convolutions(network).values()), task.random()
        amounts = self.amounts(task.epochs, len(layers))

        def before(number: int) -> None:
            if number in amounts:
                chosen = torch.randperm(len(layers), generator=random)[: amounts[number]].tolist()
                renew([layers[index] for index in chosen], int(torch.randint(2**31, (1,), generator=random)), network)

        def loss(predicted: Tensor, batch: Batch) -> Tensor:
            apart = task.target.plain(predicted) - task.target.plain(original(batch.images))
            return apart.square().mean()

        batches = Passes(Grainy(task.batches(), self.grain, task.random(1)), before)
        return task.fit(network, loss, self.lr, batches, clip=self.clip)

    def amounts(self, epochs: int, layers: int) -> dict[int, int]:
        """How many of ``layers`` are drawn anew before which pass, counted from 1; at least one in every cycle."""
        cycles = min(self.cycles, epochs)
        return {
            1 + cycle * epochs // cycles: max(1, math.ceil(self.renewed * layers * (cycle + 1) / cycles))
            for cycle in range(cycles)
        }


class Grainy:
    """Batches whose pictures carry Gaussian noise; they become float32, and stay between 0 and 255."""

    def __init__(self, batches: EpochBatches, spread: float, random: Generator):
        self.batches, self.spread, self.random = batches, spread, random

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Batch]:
        return (batch._replace(images=self.grainy(batch.images)) for batch in self.batches)

    def grainy(self, images: Tensor) -> Tensor:
        """Pictures of any type with noise, float32."""
        import torch

        grain = torch.randn(images.shape, generator=self.random).to(images.device)
        return (images.float() + self.spread * grain).clamp(0, 255)
