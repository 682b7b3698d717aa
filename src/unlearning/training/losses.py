"""Losses in years; every one is a mean over the samples of a batch."""

from __future__ import annotations

import torch

from unlearning.data.faces import Batch


def absolute_error(predicted: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Mean absolute error in years: mean of abs(f(x) - y)."""
    return (predicted - batch.ages).abs().mean()
