"""LFSSD: selective synaptic dampening without a loss (Foster et al., 2024)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from unlearning.methods.card import FORGET, RETAIN, Card, knob

if TYPE_CHECKING:
    from unlearning.methods.task import AgeNet, UnlearningTask


@dataclass(frozen=True)
class LossFreeDampening:
    """Shrinks the weights that answers for forgotten faces hang on more than answers for all; needs no ages, no training.

    I is the importance of a weight to all training faces, I_f that to the forget set. The last bias and the statistics of
    batch norms stay. No true age is looked at, so it works where the ages of the forgotten are already gone. ``per_batch``
    takes the gradient of a batch's mean, as the published code does. An alpha of 1 works for every share of forgotten faces,
    one of 10 for less than a tenth.

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
    alpha: float = knob(1.0, 0.0, 1e6, search=(0.1, 20.0), log=True)
    strength: float = knob(1.0, 0.0, 1e3, search=(0.1, 10.0), log=True)
    per_batch: bool = knob(False, search=(False, True))

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        import torch

        from unlearning.methods.dampening import dampened, squared_answer

        return dampened(task, squared_answer, torch.abs, self.alpha, self.strength, self.per_batch)
