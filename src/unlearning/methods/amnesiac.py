"""Gaussian amnesiac unlearning for regression (Tarun et al., Deep Regression Unlearning, 2023)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from unlearning.methods.card import FORGET, RETAIN, Card, knob, rate
from unlearning.naming import choose
from unlearning.training.losses import absolute_error

if TYPE_CHECKING:
    from unlearning.methods.task import AgeNet, Generator, Tensor, UnlearningTask

YOUNGEST, OLDEST = 0.0, 116.0  # years that people reach: those of UTKFace
MOMENTS = {"all": ("retain", "forget"), "retain": ("retain",)}


@dataclass(frozen=True)
class GaussianAmnesiac:
    """One pass over everything, with an age drawn once from the bell curve of all ages for every forgotten face.

    Mean and standard deviation are those of the training ages. Each forgotten face gets one draw, which may be any number,
    and keeps it; the faces to keep are trained on with their true ages. The published recipe keeps the epoch of the best
    retain-validation error; here the last one is kept, which is the same for its one epoch. Its batches hold 256 faces,
    here as many as in training, and the rate was chosen on validation faces; the source has .001.

    Args:
        lr: constant learning rate of Adam.
        moments: whose training ages mean and standard deviation are taken from: ``all``, or ``retain`` alone.
        clip: bring drawn ages into 0 to 116 years, the ages that people reach.
    """

    name: ClassVar[str] = "amnesiac"
    card: ClassVar[Card] = Card(
        formula="min mean over retain and forget of |f(x) - y'|; forget: y' ~ N(mean, std of the training ages), drawn once",
        touches=(RETAIN, FORGET),
        cost="epochs passes over retain and forget",
        fails="many passes: the drawn ages are then learned by heart, and give away who was forgotten",
        source="Tarun et al., Deep Regression Unlearning, 2023",
    )
    epochs: ClassVar[int] = 1
    lr: float = rate(3e-4)
    moments: str = knob("all", search=tuple(MOMENTS))
    clip: bool = knob(False, search=(False, True))

    def __post_init__(self) -> None:
        choose(MOMENTS, self.moments, "moments")

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        from unlearning.methods.relabel import relabelled

        mean, std = self.moments_of(task)
        task = relabelled(task, lambda count, random: self.draw(mean, std, count, random))
        batches = task.batches(forget=True)
        return task.fit(task.copy(), absolute_error, self.lr, batches, optimizer="adam", weight_decay=0.0)

    def moments_of(self, task: UnlearningTask) -> tuple[float, float]:
        """Mean and sample standard deviation of the training ages, in years; a single age has none, which counts as 0."""
        import torch

        ages = torch.cat([getattr(task, part).part("train").ages for part in MOMENTS[self.moments]])
        return float(ages.mean()), float(ages.std()) if len(ages) > 1 else 0.0

    def draw(self, mean: float, std: float, count: int, random: Generator) -> Tensor:
        """Ages in years, shape (count,)."""
        import torch

        ages = mean + std * torch.randn(count, generator=random)
        return ages.clamp(YOUNGEST, OLDEST) if self.clip else ages
