"""EU-k: train the last blocks from scratch under a frozen beginning (Goel et al., 2022)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from unlearning.methods.card import RETAIN, Card, knob, rate
from unlearning.training.losses import absolute_error

if TYPE_CHECKING:
    from unlearning.methods.task import AgeNet, UnlearningTask


@dataclass(frozen=True)
class LastBlocksAnew:
    """Training of the last k blocks and the head from scratch on the retain set, with everything before them frozen.

    The last k residual blocks and the head are drawn anew from the seed and trained with the original's loss at a constant
    rate; the rest of the network is frozen, statistics of batch norms included. The new layers never see the forget set, so
    they are free of it, while the frozen ones keep what they have. It needs more passes than cfk, or a larger rate.

    Args:
        lr: constant learning rate.
        k: how many residual blocks before the head are drawn anew with it; resnet50 has 16.
    """

    name: ClassVar[str] = "euk"
    card: ClassVar[Card] = Card(
        formula="min over the last k blocks and the head, drawn anew, of mean over retain of |f(x) - y|",
        touches=(RETAIN,),
        cost="epochs passes over retain, without gradients of the frozen part; none over forget",
        fails="the frozen layers keep their features of the forget set; with few passes the new layers fall short of the old",
        source="Goel et al., Towards Adversarial Evaluations for Inexact Machine Unlearning, 2022",
    )
    epochs: ClassVar[int] = 10
    lr: float = rate(1e-3)
    k: int = knob(1, 0, 1000, search=(0, 4), unit="blocks")

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        from unlearning.methods.last_blocks import free_last
        from unlearning.methods.renewal import renew_last

        network = task.copy()
        renew_last(task, network, free_last(network, self.k))
        return task.fit(network, absolute_error, self.lr)
