"""Selective synaptic dampening: shrink the weights that matter more to the forget set than to all (Foster et al., 2024)."""

from __future__ import annotations

from functools import partial

import torch

from unlearning.data.faces import Batch
from unlearning.errors import InputError
from unlearning.methods.masks import share_of
from unlearning.methods.task import Loss, UnlearningTask
from unlearning.models.blocks import last_linear
from unlearning.models.build import AgeNet
from unlearning.training.gradients import Size, Weights, mean_of_gradients


def squared_error(predicted: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Mean of (f(x) - y)**2, in square years: its gradient grows with the error, that of an absolute error does not."""
    return (predicted - batch.ages).square().mean()


def squared_answer(predicted: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Mean of f(x)**2, in square years, whatever the true ages are."""
    return predicted.square().mean()


def dampened(task: UnlearningTask, loss: Loss, size: Size, alpha: float, strength: float, per_batch: bool) -> AgeNet:
    """A copy of the model with its weights dampened by their importance to the forget set.

    The batch size of the importances is logged, because those by batch depend on it; 1 where every face counts alone.

    Args:
        loss: a weight's importance is the mean size of its gradient.
        size: ``torch.square`` or ``torch.abs``.
        alpha: how many times more important to the forget set than to all faces a weight is that is dampened.
        strength: a dampened weight is multiplied by at most this times importance to all / importance to the forget set.
        per_batch: take the size of the gradient of a batch instead of a face.

    Raises:
        InputError: no weight is that much more important to the forget set.
    """
    student = task.copy()
    importance = partial(mean_of_gradients, student, loss=loss, size=size, per_batch=per_batch)
    overall = importance(task.batches(forget=True, vary=False, title="what matters to all faces"))
    forgotten = importance(task.batches(retain=False, forget=True, vary=False, title="what matters to the forgotten faces"))
    factors = dampening(student, overall, forgotten, alpha, strength)
    chosen = share_of({name: factor < 1 for name, factor in factors.items()})
    task.log({"dampened_share": chosen, "importance_batch_size": task.recipe.batch_size if per_batch else 1}, 0)
    if not chosen:
        given = f"alpha={alpha:g} and strength={strength:g}"
        raise InputError(f"{given} dampen no weight for this forget set; give smaller ones, as -P params='alpha=1 strength=1'")
    with torch.no_grad():
        for name, weight in student.named_parameters():
            weight.mul_(factors[name])
    return student


def dampening(network: AgeNet, overall: Weights, forgotten: Weights, alpha: float, strength: float) -> Weights:
    """What every weight is multiplied by: 1, or min(1, strength * overall / forgotten) where forgotten > alpha * overall.

    The last bias stays, as all answers hang on it: with it all would move towards one number. Statistics of batch norms are
    no weights and stay too.
    """
    last, factors = last_linear(network).bias, {}
    for name, weight in network.named_parameters():
        chosen = forgotten[name] > (torch.inf if weight is last else alpha) * overall[name]
        ratio = strength * overall[name] / forgotten[name]
        factors[name] = torch.where(chosen, ratio.clamp(max=1), 1.0)
    return factors
