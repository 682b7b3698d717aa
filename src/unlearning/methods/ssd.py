"""SSD: selective synaptic dampening (Foster et al., AAAI 2024)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from unlearning.methods.card import FORGET, RETAIN, Card, knob

if TYPE_CHECKING:
    from unlearning.methods.task import AgeNet, UnlearningTask


@dataclass(frozen=True)
class SelectiveSynapticDampening:
    """Shrinks the weights that matter more to the forget set than to all faces; no training.

    I is the importance of a weight to all training faces, I_f that to the forget set. The last bias and the statistics of
    batch norms stay. The squared error stands for the absolute one of training, whose gradient has the same size for an
    error of one year and of twenty. The published code squares the gradient of a batch's mean loss, so that alpha means
    something else for every batch size; ``per_batch`` does the same. The published alpha is 10, for small forget sets: it
    selects nothing where the forgotten are a tenth of all faces. Here it is 1, which works for every share.

    Args:
        alpha: how many times more important to the forget set than to all faces a weight is that is dampened.
        strength: a dampened weight is multiplied by at most this times I / I_f.
        per_batch: square the gradient of a batch instead of a face, as published.
    """

    name: ClassVar[str] = "ssd"
    card: ClassVar[Card] = Card(
        formula="theta *= min(1, strength * I / I_f) where I_f > alpha * I; I = mean over faces of (d (f-y)^2 / d theta)^2",
        touches=(RETAIN, FORGET),
        cost="one pass of gradients by face over retain, two over forget; no training",
        fails="large forget sets: of a share p of all faces I_f is at most I / p, so alpha must be below 1 / p",
        source="Foster et al., Fast Machine Unlearning Without Retraining Through Selective Synaptic Dampening, AAAI 2024",
    )
    epochs: ClassVar[int] = 0
    alpha: float = knob(1.0, 0.0, 1e6, search=(0.1, 20.0), log=True)
    strength: float = knob(1.0, 0.0, 1e3, search=(0.1, 10.0), log=True)
    per_batch: bool = knob(False, search=(False, True))

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        import torch

        from unlearning.methods.dampening import dampened, squared_error

        return dampened(task, squared_error, torch.square, self.alpha, self.strength, self.per_batch)
