"""Losses of what a network predicts; every one is a mean over the samples of a batch."""

from unlearning.targets import AGE, Target
from unlearning.training.step import Loss


def loss_of(target: Target) -> Loss:
    """The mean of the target's losses: of ages the absolute error."""
    return lambda predicted, batch: target.losses(predicted, batch.ages).mean()


absolute_error = loss_of(AGE)  # in years: mean of abs(f(x) - y)
