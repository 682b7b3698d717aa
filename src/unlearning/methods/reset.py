"""Selective re-initialisation, warm-up and fine-tuning (6th place of the NeurIPS 2023 unlearning competition)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from unlearning.methods.card import RETAIN, Card, knob, rate
from unlearning.methods.passes import cosine

if TYPE_CHECKING:
    from unlearning.methods.task import AgeNet, Batch, Tensor, UnlearningTask
    from unlearning.targets import Target


@dataclass(frozen=True)
class Reset:
    """First and last layer drawn anew, a warm-up towards the original's answers, then fine-tuning by three losses.

    The first convolution and the layer that gives the age are drawn anew. The warm-up brings the network near the original
    by the divergence D of their predictions on the retain set. Fine-tuning then minimises the sum of a hard loss
    |f(x) - y|, a soft one |f(x) - f_O(x)| and D, with a rate that falls along half a cosine. D is the Kullback-Leibler
    divergence of two Laplace distributions around the predictions, times their scale b, in years: with d = |f(x) - f_O(x)|
    it is d + b (exp(-d / b) - 1), square near 0 and straight beyond b, as a temperature softens it for classes. The
    published warm-up uses validation faces, which this project never trains on. The source weighs soft loss and D like the hard
    one; what the original says of kept faces is drawn towards the forgotten ages, so both work against forgetting.

    Args:
        lr: learning rate of the first pass of fine-tuning.
        warm_lr: constant learning rate of the warm-up.
        warm_up: passes of the warm-up.
        soft: weight of the soft loss.
        divergence: weight of D.
        scale: b, in years.
    """

    name: ClassVar[str] = "reset"
    card: ClassVar[Card] = Card(
        formula="redraw first and last layer; warm-up: min D; then min mean over retain of |f - y| + |f - f_O| + D(f_O, f)",
        touches=(RETAIN,),
        cost="warm_up + epochs passes over retain, each with the original's answer beside; none over forget",
        fails="the layers in the middle stay as they were, and the original's answers carry over what it learned",
        source="6th place of the NeurIPS 2023 machine unlearning competition, 2023; reference study, 2024, section 2",
        prefix=False,
    )
    epochs: ClassVar[int] = 3
    lr: float = rate(1.5e-4)
    warm_lr: float = rate(1.3e-5)
    warm_up: int = knob(2, 0, 1000, search=(0, 6), unit="passes")
    soft: float = knob(3.4, 0.0, 100.0, search=(0.0, 4.0))
    divergence: float = knob(0.019, 0.0, 100.0, search=(0.0, 4.0))
    scale: float = knob(0.78, 0.01, 1000.0, search=(0.5, 20.0), log=True, unit="years")

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        from unlearning.methods.renewal import renew_last
        from unlearning.models.blocks import convolutions, last_linear

        network, original = task.copy(), task.frozen()
        first = next(iter(convolutions(network).values()))
        renew_last(task, network, (first, last_linear(network)))

        def warm(predicted: Tensor, batch: Batch) -> Tensor:
            return diverge(task.target, predicted, original(batch.images), self.scale)

        def losses(predicted: Tensor, batch: Batch) -> Tensor:
            says = original(batch.images)
            hard, soft = task.loss(predicted, batch), task.target.apart(predicted, says).mean()
            return hard + self.soft * soft + self.divergence * diverge(task.target, predicted, says, self.scale)

        if self.warm_up:
            shown = task.batches(seed=1, title="warming up")
            task.fit(network, warm, self.warm_lr, shown, epochs=self.warm_up, quiet=True)
        return task.fit(network, losses, self.lr, rate=cosine(task.epochs))


def diverge(target: Target, predicted: Tensor, says: Tensor, scale: float) -> Tensor:
    """Mean of the Kullback-Leibler divergence from Laplace(says, scale) to Laplace(predicted, scale), times scale, in years.

    With d = |predicted - says| and b = scale it is b (d / b + exp(-d / b) - 1). Of classes it is that of their probabilities.
    """
    apart = target.apart(predicted, says)
    if not target.numeric:
        return apart.mean()
    return (apart + scale * (-apart / scale).expm1()).mean()
