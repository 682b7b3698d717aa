"""Training the last blocks of a network alone (Goel et al., 2022)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from unlearning.errors import InputError
from unlearning.methods.card import RETAIN, Card, knob, rate

if TYPE_CHECKING:
    from torch import nn

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
    lr: float = rate(1.5e-4)
    k: int = knob(1, 0, 1000, search=(0, 4), unit="blocks")

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        network = task.copy()
        free_last(network, self.k)
        return task.fit(network, task.loss, self.lr)


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
    lr: float = rate(5e-5)
    k: int = knob(4, 0, 1000, search=(0, 4), unit="blocks")

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        from unlearning.methods.renewal import renew_last

        network = task.copy()
        renew_last(task, network, free_last(network, self.k))
        return task.fit(network, task.loss, self.lr)


def free_last(network: AgeNet, k: int) -> list[nn.Module]:
    """Freeze all of ``network`` but its last ``k`` residual blocks and the head, and return the modules of these.

    Raises:
        InputError: there are no ``k`` blocks behind the first piece, which always stays frozen.
    """
    from unlearning.models.blocks import blocks

    pieces = blocks(network)
    most = len(pieces) - 2
    if k > most:
        raise InputError(f"params: k={k} is not possible; {network.spec.arch} has {most} blocks, so legal: 0 to {most}")
    network.requires_grad_(False)  # also tokens and positions, which are in no piece
    free = [module for piece in pieces[-1 - k :] for module in piece]
    for module in free:
        module.requires_grad_(True)
    return free
