"""Advanced NegGrad: descent on the retain set and ascent on the forget set with equal weight (Choi and Na, 2023)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from unlearning.methods.ascent import difference, limits
from unlearning.methods.card import FORGET, RETAIN, Card, knob, rate

if TYPE_CHECKING:
    from unlearning.methods.task import AgeNet, Batch, Tensor, UnlearningTask


@dataclass(frozen=True)
class AdvancedNegGrad:
    """Fine-tuning on the retain set and ascent on the forget set in the same step, with equal weight.

    Each step shows a batch of the retain set and one of the forget set, which starts again when it is through. m is ``cap``
    times the error of the original on unseen faces of the forget set (its validation part; of the retain set when it has
    none; its error on the forgotten faces where that is larger).

    Args:
        lr: constant learning rate of SGD.
        momentum: of SGD.
        cap: error up to which a forgotten face is pushed, as a multiple of the error on unseen faces.
        clip: largest norm of a step's gradient.
    """

    name: ClassVar[str] = "adv_neggrad"
    card: ClassVar[Card] = Card(
        formula="min mean over retain of |f(x) - y| - mean over forget of min(|f(x) - y|, m)",
        touches=(RETAIN, FORGET),
        cost="epochs passes over retain; beside each of their batches one of forget",
        fails="few forgotten faces: equal weight pulls the network apart for them, and kept faces like them suffer",
        source="Choi and Na, Towards Machine Unlearning Benchmarks (MUFAC), 2023; cap and clipping are this project's",
    )
    epochs: ClassVar[int] = 2
    lr: float = rate(1e-3)
    momentum: float = knob(0.9, 0.0, 0.99, search=(0.0, 0.9))
    cap: float = knob(1.5, 0.1, 100.0, search=(1.0, 3.0))
    clip: float = knob(1.0, 1e-3, 1e3, search=(0.1, 10.0), log=True)

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        from unlearning.methods.task import SideBySide

        _, cap = limits(task, self.cap)

        def loss(predicted: Tensor, batch: Batch) -> Tensor:
            return difference(predicted, batch, 1.0, 1.0, cap)

        batches = SideBySide(task.batches(), task.batches(retain=False, forget=True, seed=1))
        sgd: dict[str, Any] = {"optimizer": "sgd", "momentum": self.momentum, "weight_decay": 0.0, "clip": self.clip}
        return task.fit(task.copy(), loss, self.lr, batches, **sgd)
