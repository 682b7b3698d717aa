"""l1-sparse: fine-tune under a penalty that drives weights to zero (Jia et al., 2023)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from unlearning.errors import InputError
from unlearning.methods.card import RETAIN, Card, knob, rate
from unlearning.methods.passes import Passes

if TYPE_CHECKING:
    from torch import nn

    from unlearning.methods.task import AgeNet, Batch, Tensor, UnlearningTask

NEGLIGIBLE = 1e-3  # a weight that is smaller is counted in the log as one that the penalty has removed


@dataclass(frozen=True)
class SparseFineTune:
    """Fine-tuning on the retain set with a penalty on the size of the weights, which fades from pass to pass.

    The weight g_t of the penalty falls in a straight line from ``gamma`` in pass 1 to 0 behind the last penalised one.
    Weights that only the forget set needed gain nothing on the retain set, so the penalty removes them. The share of weights
    below 0.001 is logged before and after.

    Args:
        lr: constant learning rate.
        gamma: weight of the penalty in the first pass, in years for each unit of the sum of absolute weights.
        plain_epochs: so many last passes come without the penalty; fewer than there are passes.
    """

    name: ClassVar[str] = "l1_sparse"
    card: ClassVar[Card] = Card(
        formula="min mean over retain of |f(x) - y| + g_t sum of |w|, g_t = gamma (1 - (t - 1) / (epochs - plain_epochs))",
        touches=(RETAIN,),
        cost="epochs passes over retain, none over forget",
        fails="a penalty that is too large empties the network, one that is too small is ft",
        source="Jia et al., Model Sparsity Can Simplify Machine Unlearning, 2023",
        prefix=False,
    )
    epochs: ClassVar[int] = 10
    lr: float = rate(1e-4)
    gamma: float = knob(5e-4, 0.0, 1.0, search=(1e-6, 1e-2), log=True, unit="years")
    plain_epochs: int = knob(0, 0, 1000, unit="passes")

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        if not self.plain_epochs < task.epochs:
            raise InputError(f"params: plain_epochs={self.plain_epochs} leaves none of {task.epochs} epochs with a penalty")
        network, gamma = task.copy(), [0.0]

        def before(number: int) -> None:
            gamma[0] = self.penalty(number, task.epochs)

        def loss(predicted: Tensor, batch: Batch) -> Tensor:
            value = task.loss(predicted, batch)
            if gamma[0]:
                value = value + gamma[0] * sum(weight.abs().sum() for weight in network.parameters())
            return value

        task.log({"negligible": negligible(network)}, 0)
        task.fit(network, loss, self.lr, Passes(task.batches(), before))
        task.log({"negligible": negligible(network)}, task.epochs)
        return network

    def penalty(self, number: int, epochs: int) -> float:
        """g_t of pass ``number``, counted from 1."""
        return max(0.0, self.gamma * (1 - (number - 1) / (epochs - self.plain_epochs)))


def negligible(network: nn.Module) -> float:
    """The share of weights that are smaller than ``NEGLIGIBLE``."""
    weights = [weight.detach() for weight in network.parameters()]
    return sum(int((w.abs() < NEGLIGIBLE).sum()) for w in weights) / sum(w.numel() for w in weights)
