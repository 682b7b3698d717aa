"""CF-k: fine-tune the last blocks alone, and let them forget (Goel et al., 2022)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from unlearning.methods.card import RETAIN, Card, knob, rate
from unlearning.training.losses import absolute_error

if TYPE_CHECKING:
    from unlearning.methods.task import AgeNet, UnlearningTask


@dataclass(frozen=True)
class CatastrophicForgetting:
    """Fine-tuning of the last k blocks and the head on the retain set, with everything before them frozen.

    Training goes on with the original's loss at a constant rate, but only the last k residual blocks and the head move;
    frozen batch norms keep their statistics too. What the frozen layers hold of the forget set stays. It is cheaper than
    ft, since no gradient goes through the frozen part.

    Args:
        lr: constant learning rate.
        k: how many residual blocks before the head are trained with it; resnet50 has 16.
    """

    name: ClassVar[str] = "cfk"
    card: ClassVar[Card] = Card(
        formula="min over the last k blocks and the head of mean over retain of |f(x) - y|",
        touches=(RETAIN,),
        cost="epochs passes over retain, without gradients of the frozen part; none over forget",
        fails="what the frozen layers have learned of the forget set stays where it is",
        source="Goel et al., Towards Adversarial Evaluations for Inexact Machine Unlearning, 2022",
    )
    epochs: ClassVar[int] = 10
    lr: float = rate(1e-4)
    k: int = knob(1, 0, 1000, search=(0, 4), unit="blocks")

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        from unlearning.methods.last_blocks import free_last

        network = task.copy()
        free_last(network, self.k)
        return task.fit(network, absolute_error, self.lr)
