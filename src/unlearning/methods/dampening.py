"""Selective synaptic dampening: shrink the weights that matter more to the forget set than to all (Foster et al., 2024)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from unlearning.errors import InputError
from unlearning.methods.masks import share_of

if TYPE_CHECKING:
    import torch

    from unlearning.data.faces import Batch
    from unlearning.methods.task import UnlearningTask
    from unlearning.models.build import AgeNet
    from unlearning.training.gradients import Weights


def squared_error(predicted: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Mean of (f(x) - y)**2, in square years: its gradient grows with the error, that of an absolute error does not."""
    return (predicted - batch.ages).square().mean()


def squared_answer(predicted: torch.Tensor, batch: Batch) -> torch.Tensor:
    """Mean of f(x)**2, in square years, whatever the true ages are."""
    return predicted.square().mean()


def dampened(task: UnlearningTask, importance: Callable, alpha: float, strength: float, batch_size: int) -> AgeNet:
    """A copy of the model with its weights dampened by their importance to the forget set.

    Args:
        importance: (network, batches) -> importance of every weight by name, from 0.
        alpha: how many times more important to the forget set than to all faces a weight is that is dampened.
        strength: a dampened weight is multiplied by at most this times importance to all / importance to the forget set.
        batch_size: logged, because importances by batch depend on it; 1 where every face counts alone.

    Raises:
        InputError: no weight is that much more important to the forget set.
    """
    student = task.copy()
    overall = importance(student, task.batches(forget=True, vary=False, title="what matters to all faces"))
    gone = task.batches(retain=False, forget=True, vary=False, title="what matters to the forgotten faces")
    forgotten = importance(student, gone)
    factors = dampening(student, overall, forgotten, alpha, strength)
    chosen = share_of({name: factor < 1 for name, factor in factors.items()})
    task.log({"dampened_share": chosen, "importance_batch_size": batch_size}, 0)
    if not chosen:
        given = f"alpha={alpha:g} and strength={strength:g}"
        raise InputError(f"{given} dampen no weight for this forget set; give smaller ones, as -P params='alpha=1 strength=1'")
    _shrink(student, factors)
    return student


def dampening(network: AgeNet, overall: Weights, forgotten: Weights, alpha: float, strength: float) -> Weights:
    """What every weight is multiplied by: 1, or min(1, strength * overall / forgotten) where forgotten > alpha * overall.

    The last bias stays, as all answers hang on it: with it all would move towards one number. Statistics of batch norms are
    no weights and stay too.
    """
    import torch

    from unlearning.models.blocks import last_linear

    last, factors = last_linear(network).bias, {}
    for name, weight in network.named_parameters():
        chosen = forgotten[name] > (torch.inf if weight is last else alpha) * overall[name]
        ratio = strength * overall[name] / forgotten[name]
        factors[name] = torch.where(chosen, ratio.clamp(max=1), 1.0)
    return factors


def _shrink(network: AgeNet, factors: Weights) -> None:
    import torch

    with torch.no_grad():
        for name, weight in network.named_parameters():
            weight.mul_(factors[name])
