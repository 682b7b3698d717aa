"""FT: go on training on what is kept (reference study, section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from unlearning.methods.card import RETAIN, Card, rate

if TYPE_CHECKING:
    from unlearning.methods.task import AgeNet, UnlearningTask


@dataclass(frozen=True)
class FineTune:
    """Fine-tuning on the retain set: what is no longer shown is slowly forgotten.

    Training goes on as before, with the original's loss, at a constant rate. The forget set is never shown, so nothing
    pushes its traces out but the drift of the weights.

    Args:
        lr: constant learning rate.
    """

    name: ClassVar[str] = "ft"
    card: ClassVar[Card] = Card(
        formula="min mean over retain of |f(x) - y|",
        touches=(RETAIN,),
        cost="epochs passes over retain, none over forget",
        fails="forgets little at small rates and few passes: errors on forgotten faces move only as far as drift takes them",
        source="reference study, 2024, section 3",
    )
    epochs: ClassVar[int] = 8
    lr: float = rate(5e-5)

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        return task.fit(task.copy(), task.loss, self.lr)
