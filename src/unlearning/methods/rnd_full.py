"""RND over the whole range: the variant that the study tried first and rejected (reference study, section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from unlearning.errors import InputError
from unlearning.methods.card import FORGET, RETAIN, Card, knob, rate
from unlearning.training.losses import absolute_error

if TYPE_CHECKING:
    from unlearning.methods.task import AgeNet, Loss, UnlearningTask


@dataclass(frozen=True)
class RandomLabelsFullRange:
    """Fine-tuning on everything, with an age from the whole range for every forgotten face.

    The label of a forgotten face is drawn evenly from ``youngest`` to ``oldest``, its true age and the ages of the forget
    set not excluded, anew at every batch or once for all passes. The faces to keep are trained on as before, with y' = y.
    The best answer to labels that are drawn anew is their median: forgotten faces drift to the middle of the range.

    Args:
        lr: constant learning rate.
        youngest: smallest age that is drawn, in years.
        oldest: largest age that is drawn, in years.
        once: draw one age for every forgotten face, and keep it in all passes.
    """

    name: ClassVar[str] = "rnd_full"
    card: ClassVar[Card] = Card(
        formula="min mean over retain and forget of |f(x) - y'|; forget: y' ~ U[youngest, oldest]",
        touches=(RETAIN, FORGET),
        cost="epochs passes over retain and forget",
        fails="forgotten faces go to the middle of the range, and unseen faces of their age with them: worse than never seen",
        source="reference study, 2024, section 3",
    )
    epochs: ClassVar[int] = 8
    lr: float = rate(1e-4)
    youngest: float = knob(20.0, 0.0, 150.0, unit="years")
    oldest: float = knob(60.0, 0.0, 150.0, unit="years")
    once: bool = knob(False, search=(False, True))

    def __post_init__(self) -> None:
        if not self.youngest < self.oldest:
            raise InputError(f"youngest={self.youngest} and oldest={self.oldest}: legal is youngest < oldest")

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        from unlearning.methods.relabel import drawn_each_time, drawn_evenly, relabelled

        draw = drawn_evenly(self.youngest, self.oldest)
        loss: Loss = absolute_error
        if self.once:
            task = relabelled(task, draw)
        else:
            loss = drawn_each_time(task, draw)
        return task.fit(task.copy(), loss, self.lr, task.batches(forget=True))
