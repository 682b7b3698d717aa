"""NegGrad: gradient ascent on the forget set, within bounds (Golatkar et al., 2020)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from unlearning.methods.ascent import capped, limits
from unlearning.methods.card import FORGET, Card, knob, rate

if TYPE_CHECKING:
    from unlearning.methods.task import AgeNet, Batch, Tensor, UnlearningTask


@dataclass(frozen=True)
class NegGrad:
    """Gradient ascent on the forget set, until its error is that of unseen faces.

    The retain set is never shown. Ascent on an absolute error has no end of its own, so it is bounded three ways: m is
    ``cap`` times the error of the original on unseen faces of the forget set (its validation part; of the retain set when it
    has none), gradients are clipped, and it stops after the pass that brings the error on the forgotten training faces to
    that on unseen ones. Where few unseen faces have a smaller error than the forgotten ones had, that of the forgotten ones
    counts. The rate was chosen on validation faces: at .001, the first one tried, the faces to keep suffer more.

    Args:
        lr: constant learning rate of SGD.
        momentum: of SGD.
        cap: error up to which a forgotten face is pushed, as a multiple of the error on unseen faces.
        clip: largest norm of a step's gradient.
    """

    name: ClassVar[str] = "neggrad"
    card: ClassVar[Card] = Card(
        formula="min -mean over forget of min(|f(x) - y|, m); m = cap * error on unseen faces",
        touches=(FORGET,),
        cost="at most epochs passes over forget, none over retain",
        fails="large forget sets: nothing holds the faces to keep, whose errors rise with the others",
        source="Golatkar et al., Eternal Sunshine of the Spotless Net, 2020; bounds are this project's",
        prefix=False,
    )
    epochs: ClassVar[int] = 5
    lr: float = rate(3e-4)
    momentum: float = knob(0.9, 0.0, 0.99, search=(0.0, 0.9))
    cap: float = knob(1.5, 0.1, 100.0, search=(1.0, 3.0))
    clip: float = knob(1.0, 1e-3, 1e3, search=(0.1, 10.0), log=True)

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        from unlearning.training.predict import mean_absolute_error

        aim, cap = limits(task, self.cap)
        forgotten = task.forget.part("train")
        errors: list[float] = []

        def loss(predicted: Tensor, batch: Batch) -> Tensor:
            return -capped(predicted - batch.ages, cap)

        def is_enough(model: AgeNet) -> bool:
            errors.append(mean_absolute_error(model, forgotten, progress=task.track))
            return errors[-1] >= aim

        batches = task.batches(retain=False, forget=True)
        sgd: dict[str, Any] = {"optimizer": "sgd", "momentum": self.momentum, "weight_decay": 0.0, "clip": self.clip}
        student = task.fit(task.copy(), loss, self.lr, batches, until=is_enough, **sgd)
        for number, error in enumerate(errors, 1):
            task.log({"forget_error": error}, number)
        return student
