"""Selective synaptic dampening: shrink the weights that matter more to the forget set than to all (Foster et al., 2024)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from unlearning.errors import InputError
from unlearning.methods.card import FORGET, RETAIN, Card, knob
from unlearning.methods.fisher import information_of

if TYPE_CHECKING:
    from unlearning.methods.task import AgeNet, Loss, UnlearningTask, Weights
    from unlearning.targets import Target
    from unlearning.training.gradients import Size


@dataclass(frozen=True)
class SelectiveSynapticDampening:
    """Shrinks the weights that matter more to the forget set than to all faces; no training.

    I is the importance of a weight to all training faces, I_f that to the forget set: the diagonal of the Fisher information
    of a normal distribution around f(x), with squared gradients of answers. The published code has those of the loss at the
    true label, which in regression are the same times the squared error: importance then says how wrong a face is, and a
    group that the original errs little on matters to no weight. The last bias and the statistics of batch norms stay. The
    published code squares the gradient of a batch's mean, so that alpha means something else for every batch size;
    ``per_batch`` does the same. The published alpha is 10, for small forget sets: it selects nothing where the forgotten are
    a tenth of all faces. With gradients by face, one of 1 works for every share.

    Args:
        alpha: how many times more important to the forget set than to all faces a weight is that is dampened.
        strength: a dampened weight is multiplied by at most this times I / I_f.
        per_batch: square the gradient of a batch instead of a face, as published.
    """

    name: ClassVar[str] = "ssd"
    card: ClassVar[Card] = Card(
        formula="theta *= min(1, strength * I / I_f) where I_f > alpha * I; I = mean over faces of (d f / d theta)^2",
        touches=(RETAIN, FORGET),
        cost="one pass of gradients by face over retain, two over forget; no training",
        fails="alpha far below 1 dampens what all faces depend on, and all get one age; of a share p of all faces I_f is at "
        "most I / p, so alpha must be below 1 / p",
        source="Foster et al., Fast Machine Unlearning Without Retraining Through Selective Synaptic Dampening, AAAI 2024",
    )
    epochs: ClassVar[int] = 0
    alpha: float = knob(0.1, 0.0, 1e6, search=(0.1, 20.0), log=True)
    strength: float = knob(0.18, 0.0, 1e3, search=(0.1, 10.0), log=True)
    per_batch: bool = knob(True, search=(False, True))

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        import torch

        return dampened(task, information_of(task.target), torch.square, self.alpha, self.strength, self.per_batch)


@dataclass(frozen=True)
class LossFreeDampening:
    """Shrinks the weights that answers for forgotten faces depend on more than answers for all; needs no ages, no training.

    I is the importance of a weight to all training faces, I_f that to the forget set. The last bias and the statistics of
    batch norms stay. No true age is looked at, so it works where the ages of the forgotten are already gone. ``per_batch``
    takes the gradient of a batch's mean, as the published code does. By face, an alpha of 1 works for every share of
    forgotten faces, one of 10 for less than a tenth.

    Args:
        alpha: how many times more important to the forget set than to all faces a weight is that is dampened.
        strength: a dampened weight is multiplied by at most this times I / I_f.
        per_batch: take the size of the gradient of a batch instead of a face, as published.
    """

    name: ClassVar[str] = "lfssd"
    card: ClassVar[Card] = Card(
        formula="theta *= min(1, strength * I / I_f) where I_f > alpha * I; I = mean over faces of |d f^2 / d theta|",
        touches=(RETAIN, FORGET),
        cost="one pass of gradients by face over retain, two over forget; no training",
        fails="large forget sets: of a share p of all faces I_f is at most I / p, so alpha must be below 1 / p",
        source="Foster et al., Loss-Free Machine Unlearning, 2024",
    )
    epochs: ClassVar[int] = 0
    alpha: float = knob(0.1, 0.0, 1e6, search=(0.1, 20.0), log=True)
    strength: float = knob(0.18, 0.0, 1e3, search=(0.1, 10.0), log=True)
    per_batch: bool = knob(True, search=(False, True))

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        import torch

        return dampened(task, squared_answer(task.target), torch.abs, self.alpha, self.strength, self.per_batch)


def squared_answer(target: Target) -> Loss:
    """Mean of f(x)**2, in square years, whatever the true ages are."""
    return lambda predicted, batch: target.plain(predicted).square().mean()


def dampened(task: UnlearningTask, loss: Loss, size: Size, alpha: float, strength: float, per_batch: bool) -> AgeNet:
    """A copy of the model with its weights dampened by their importance to the forget set.

    The batch size of the importances is logged, because those by batch depend on it; 1 where every face counts alone.

    Args:
        loss: a weight's importance is the mean size of its gradient.
        size: ``torch.square`` or ``torch.abs``.
        alpha, strength, per_batch: as the methods have them.

    Raises:
        InputError: no weight is that much more important to the forget set.
    """
    import torch

    from unlearning.methods.masks import share_of
    from unlearning.training.gradients import mean_of_gradients

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

    The last bias stays, as all answers depend on it: with it all would move towards one number. Statistics of batch norms are
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
