"""Losses in years; every one is a mean over the samples of a batch."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # methods import this module when they are listed, which must not take PyTorch
    from torch import Tensor

    from unlearning.data.faces import Batch


def absolute_error(predicted: Tensor, batch: Batch) -> Tensor:
    """Mean absolute error in years: mean of abs(f(x) - y)."""
    return (predicted - batch.ages).abs().mean()
