"""Losses of what a network predicts; every one is a mean over the samples of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from unlearning.targets import AGE

if TYPE_CHECKING:  # methods import this module when they are listed, which must not take PyTorch
    from torch import Tensor

    from unlearning.data.faces import Batch
    from unlearning.targets import Target
    from unlearning.training.step import Loss


def loss_of(target: Target) -> Loss:
    """The mean of the target's losses: of ages the absolute error."""

    def loss(predicted: Tensor, batch: Batch) -> Tensor:
        return target.losses(predicted, batch.ages).mean()

    return loss


absolute_error: Loss = loss_of(AGE)  # in years: mean of abs(f(x) - y)
