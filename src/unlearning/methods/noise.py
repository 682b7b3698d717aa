"""Noise on convolutions, then fine-tuning (3rd place of the NeurIPS 2023 unlearning competition)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from unlearning.methods.card import RETAIN, Card, knob, rate
from unlearning.methods.passes import Passes, cosine

if TYPE_CHECKING:
    from unlearning.methods.task import AgeNet, UnlearningTask


@dataclass(frozen=True)
class NoisyStart:
    """Noise on the first convolution, then fine-tuning on the retain set, and a little noise before the last pass.

    Numbers from a normal distribution are added to the weights of the first convolution, which disturbs everything behind
    it; training on the retain set repairs what the retain set needs. Before the last pass a little noise is added once more.
    The rate falls along half a cosine from pass to pass. The published code weights its loss by how rare a class is, for
    which regression has no counterpart; its noise reaches the first convolution alone too.

    Args:
        lr: learning rate of the first pass.
        spread: standard deviation of the noise at the start, in units of a weight.
        last_spread: standard deviation of the noise before the last pass, in units of a weight.
        everywhere: disturb every convolution instead of the first alone.
    """

    name: ClassVar[str] = "noise"
    card: ClassVar[Card] = Card(
        formula="w + N(0, spread) on the first convolution, then min mean over retain of |f(x) - y|",
        touches=(RETAIN,),
        cost="epochs passes over retain, none over forget",
        fails="deep layers are not disturbed and may keep what they know; with few passes the retained error suffers",
        source="3rd place of the NeurIPS 2023 machine unlearning competition, 2023",
        prefix=False,
    )
    epochs: ClassVar[int] = 4
    lr: float = rate(7e-4)
    spread: float = knob(0.6, 0.0, 100.0, search=(0.01, 2.0), log=True, unit="weight")
    last_spread: float = knob(0.005, 0.0, 100.0, search=(1e-4, 0.1), log=True, unit="weight")
    everywhere: bool = knob(False, search=(False, True))

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        from unlearning.methods.renewal import add_noise
        from unlearning.models.blocks import convolutions

        network, random = task.copy(), task.random()
        weights = [layer.weight for layer in convolutions(network).values()]
        chosen = weights if self.everywhere else weights[:1]

        def before(number: int) -> None:
            if number == 1:
                add_noise(chosen, self.spread, random)
            if number == task.epochs > 1:
                add_noise(chosen, self.last_spread, random)

        return task.fit(network, task.loss, self.lr, Passes(task.batches(), before), rate=cosine(task.epochs))
