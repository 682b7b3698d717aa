"""NegGrad+: descent on the retain set beside ascent on the forget set (Kurmanji et al., 2023)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from unlearning.methods.ascent import difference, limits
from unlearning.methods.card import FORGET, RETAIN, Card, knob, rate, share

if TYPE_CHECKING:
    from unlearning.methods.task import AgeNet, Batch, Tensor, UnlearningTask


@dataclass(frozen=True)
class NegGradPlus:
    """Fine-tuning on the retain set, with a little ascent on the forget set in every step.

    Each step shows a batch of the retain set and one of the forget set, which starts again when it is through. a is
    ``retain_weight``, w0 the original's weights, and m is ``cap`` times the error of the original on unseen faces of the
    forget set (its validation part; of the retain set when it has none; its error on the forgotten faces where that is
    larger).

    Args:
        lr: constant learning rate of Adam.
        retain_weight: weight of the retain set against the forget set.
        cap: error up to which a forgotten face is pushed, as a multiple of the error on unseen faces.
        stay: weight of the squared distance from the original's weights.
        clip: largest norm of a step's gradient; the usual norms are a third to a half of it.
    """

    name: ClassVar[str] = "neggrad_plus"
    card: ClassVar[Card] = Card(
        formula="min a * mean over retain of |f(x) - y| - (1 - a) * mean over forget of min(|f(x) - y|, m) + stay * |w - w0|^2",
        touches=(RETAIN, FORGET),
        cost="epochs passes over retain; beside each of their batches one of forget",
        fails="a small forget set beside a large retain set is shown many times over, and is pushed to the cap at any weight",
        source="Kurmanji et al., Towards Unbounded Machine Unlearning, 2023; the cap is this project's",
    )
    epochs: ClassVar[int] = 5
    lr: float = rate(5e-4)
    retain_weight: float = share(0.95, search=(0.5, 0.999))
    cap: float = knob(1.5, 0.1, 100.0, search=(1.0, 3.0))
    stay: float = knob(0.0, 0.0, 1e3, search=(0.0, 1.0))
    clip: float = knob(100.0, 1e-3, 1e4, search=(10.0, 1000.0), log=True)

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        from unlearning.methods.task import SideBySide

        (_, cap), student = limits(task, self.cap), task.copy()
        pairs = [(weight, weight.detach().clone()) for weight in student.parameters()] if self.stay else []

        def loss(predicted: Tensor, batch: Batch) -> Tensor:
            value = difference(predicted, batch, self.retain_weight, 1 - self.retain_weight, cap)
            for weight, first in pairs:
                value = value + self.stay * (weight - first).square().sum()
            return value

        batches = SideBySide(task.batches(), task.batches(retain=False, forget=True, seed=1))
        return task.fit(student, loss, self.lr, batches, optimizer="adam", weight_decay=0.0, clip=self.clip)
