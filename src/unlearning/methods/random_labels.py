"""RND: fine-tuning with perturbed labels on what is forgotten (reference study, section 3)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from unlearning.errors import InputError
from unlearning.methods.card import FORGET, RETAIN, Card, knob, rate
from unlearning.training.losses import absolute_error

if TYPE_CHECKING:
    from unlearning.methods.task import AgeNet, Batch, Generator, Tensor, UnlearningTask

DIVISOR = 60.0  # of the study's published code, which takes ages to between 0 and 1 by it


@dataclass(frozen=True)
class RandomLabels:
    """Fine-tuning on everything, with the ages of the forget set moved by 3 to 6 years at every batch.

    The forgotten faces stay in the training with ages that are a little wrong, which blurs what was known of each of them.
    The faces to keep are trained on as before, with y' = y. For every forgotten face of a batch a whole number k and its
    sign are drawn anew, and y' is clipped to ``youngest`` and ``oldest``.

    Args:
        lr: constant learning rate.
        offset_min: smallest change of a forgotten age, in years.
        offset_max: largest change of a forgotten age, in years.
        youngest: perturbed ages are clipped to this from below, in years.
        oldest: perturbed ages are clipped to this from above, in years.
        as_published: train on the labels of the study's published code instead, to see what its defect does: it divides all
            ages by 60 once too often, and looks for the forget set among ages that are divided already, so finds none.
    """

    name: ClassVar[str] = "rnd"
    card: ClassVar[Card] = Card(
        formula="min mean over retain and forget of |f(x) - y'|; forget: y' = clip(y +- k), k from offset_min..offset_max",
        touches=(RETAIN, FORGET),
        cost="epochs passes over retain and forget",
        fails="the forget set is still trained on, and its errors barely rise: offsets of both signs cancel in the mean",
        source="reference study, 2024, section 3",
    )
    epochs: ClassVar[int] = 8
    lr: float = rate(1e-4)
    offset_min: int = knob(3, 0, 100, search=(0, 6), unit="years")
    offset_max: int = knob(6, 0, 100, search=(6, 20), unit="years")
    youngest: float = knob(20.0, 0.0, 150.0, unit="years")
    oldest: float = knob(60.0, 0.0, 150.0, unit="years")
    as_published: bool = False

    def __post_init__(self) -> None:
        if not 0 <= self.offset_min <= self.offset_max:
            raise InputError(f"offset_min={self.offset_min} and offset_max={self.offset_max}: legal is 0 <= min <= max")
        if not self.youngest < self.oldest:
            raise InputError(f"youngest={self.youngest} and oldest={self.oldest}: legal is youngest < oldest")

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        random = task.random()

        def loss(predicted: Tensor, batch: Batch) -> Tensor:
            return absolute_error(predicted, batch._replace(ages=self.labels(batch, random)))

        return task.fit(task.copy(), loss, self.lr, task.batches(forget=True))

    def labels(self, batch: Batch, random: Generator) -> Tensor:
        """The ages that a batch is trained on, in years; a new tensor."""
        import torch

        if self.as_published:
            return batch.ages / DIVISOR
        return torch.where(batch.forget, self.perturb(batch.ages, random), batch.ages)

    def perturb(self, ages: Tensor, random: Generator) -> Tensor:
        """``ages`` in years, each moved by a random offset and clipped; a new tensor."""
        import torch

        offset = torch.randint(self.offset_min, self.offset_max + 1, ages.shape, generator=random)
        sign = 2 * torch.randint(0, 2, ages.shape, generator=random) - 1
        return (ages + (sign * offset).to(ages.device)).clamp(self.youngest, self.oldest)
