"""SalUn: random labels, on the weights that matter most to the forget set (Fan et al., ICLR 2024)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from unlearning.methods.card import FORGET, RETAIN, Card, knob, rate
from unlearning.methods.random_labels import check_range, drawn_each_time, drawn_evenly
from unlearning.naming import choose

if TYPE_CHECKING:
    from unlearning.methods.task import AgeNet, UnlearningTask, Weights

SALIENCIES = {"sum": "size of the summed gradient", "face": "sum of the sizes of the gradients by face"}


@dataclass(frozen=True)
class SaliencyUnlearning:
    """Random ages for forgotten faces, then a pass over the faces to keep, on the weights that the forget set depends on.

    The saliency of a weight is the size of the gradient of the forget set's error at the original. Of all weights together
    the ``top`` share with the highest may move; all others stay bit for bit, whatever optimiser and weight decay want. Each
    pass shows first the forget set, with ages drawn evenly from ``youngest`` to ``oldest``, then the retain set with its
    true ages. The gradient of an absolute error is a sign: in the sum over faces, as published, faces that are thought too
    old cancel those that are thought too young; ``saliency=face`` adds up sizes instead. Masks say nothing of batch norms'
    statistics, which go on as in training. The published rate of .1 and ten passes are for cross entropy: gradients of an
    error in years are larger, and at .001 already the faces to keep could become as wrong as with one age for everybody.

    Args:
        lr: constant learning rate of SGD.
        momentum: of SGD.
        weight_decay: of SGD.
        top: share of all weights that may move.
        saliency: ``sum``, or ``face`` to add up sizes face by face.
        youngest: smallest age that is drawn, in years.
        oldest: largest age that is drawn, in years.
    """

    name: ClassVar[str] = "salun"
    card: ClassVar[Card] = Card(
        formula="in turn min mean over forget of |f - y'|, y' ~ U[youngest, oldest], and over retain of |f - y|; top weights",
        touches=(RETAIN, FORGET),
        cost="one pass of gradients over forget, then epochs passes over forget and retain",
        fails="age groups: forgotten faces go to the middle of the range, and unseen faces of their age with them",
        source="Fan et al., SalUn, ICLR 2024",
    )
    epochs: ClassVar[int] = 5
    lr: float = rate(1e-4)
    momentum: float = knob(0.9, 0.0, 0.99, search=(0.0, 0.9))
    weight_decay: float = knob(5e-4, 0.0, 1.0)
    top: float = knob(0.5, 1e-6, 1.0, search=(0.05, 1.0))
    saliency: str = knob("sum", search=tuple(SALIENCIES))
    youngest: float = knob(20.0, 0.0, 150.0, unit="years")
    oldest: float = knob(60.0, 0.0, 150.0, unit="years")

    def __post_init__(self) -> None:
        choose(SALIENCIES, self.saliency, "saliency")
        check_range(self.youngest, self.oldest)

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        from unlearning.methods.masks import held, highest, share_of
        from unlearning.methods.task import InTurn

        student, loss = task.copy(), drawn_each_time(task, drawn_evenly(task.target, self.youngest, self.oldest))
        masks = highest(self.scores(task, student), self.top)
        task.log({"masked_share": share_of(masks)}, 0)
        batches = InTurn(task.batches(retain=False, forget=True), task.batches(), task.epochs)
        sgd: dict[str, Any] = {"optimizer": "sgd", "momentum": self.momentum, "weight_decay": self.weight_decay}
        with held(student, masks) as put_back:
            return task.fit(student, loss, self.lr, batches, after_update=put_back, **sgd)

    def scores(self, task: UnlearningTask, network: AgeNet) -> Weights:
        """The saliency of every weight by name, from 0."""
        import torch

        from unlearning.training.gradients import mean_gradient, mean_of_gradients

        batches = task.batches(retain=False, forget=True, vary=False, title="gradients of the forgotten faces")
        if self.saliency == "face":
            return mean_of_gradients(network, batches, task.loss, torch.abs)
        return {name: value.abs() for name, value in mean_gradient(network, batches, task.loss).items()}
