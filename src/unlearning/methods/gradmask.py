"""GradMask: disturb the weights that the forget set pulls at hardest, then repair them (reference study, section 2)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from unlearning.methods.card import FORGET, RETAIN, Card, knob, rate
from unlearning.training.losses import absolute_error

if TYPE_CHECKING:
    from unlearning.methods.task import AgeNet, UnlearningTask


@dataclass(frozen=True)
class GradientMask:
    """Noise on the weights with the largest gradients on the forget set, which alone are then trained on the retain set.

    The importance of a weight is the mean over forgotten faces of the size of the gradient of their error. To the ``top``
    share of all weights together a normal number of ``noise`` standard deviations of their layer is added. Training on the
    retain set then moves these weights alone; all others stay bit for bit. The study names the method and gives no
    formula: this one is the project's.

    Args:
        lr: constant learning rate.
        top: share of all weights that is disturbed and trained.
        noise: standard deviation of what is added to a weight, as a multiple of that of its layer's weights.
    """

    name: ClassVar[str] = "gradmask"
    card: ClassVar[Card] = Card(
        formula="w + noise * std * N(0, 1) on the top of mean |grad| over forget; min mean over retain of |f - y| on them",
        touches=(RETAIN, FORGET),
        cost="one pass of gradients by face over forget, then epochs passes over retain",
        fails="weights that matter to forgotten faces mostly matter to all: too much noise has to be learned again",
        source="reference study, 2024, section 2; formula of this project",
    )
    epochs: ClassVar[int] = 4
    lr: float = rate(1e-3)
    top: float = knob(0.1, 1e-6, 1.0, search=(0.01, 0.5), log=True)
    noise: float = knob(1.0, 0.0, 100.0, search=(0.1, 3.0))

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        import torch

        from unlearning.methods.masks import disturb, held, highest, share_of
        from unlearning.training.gradients import mean_of_gradients

        student = task.copy()
        forgotten = task.batches(retain=False, forget=True, vary=False, title="gradients of the forgotten faces")
        masks = highest(mean_of_gradients(student, forgotten, absolute_error, torch.abs), self.top)
        task.log({"masked_share": share_of(masks)}, 0)
        disturb(student, masks, self.noise, task.random())
        with held(student, masks) as put_back:
            return task.fit(student, absolute_error, self.lr, after_update=put_back)
