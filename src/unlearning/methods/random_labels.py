"""Training on other ages for the faces to forget: drawn anew for every batch, or once for all passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from unlearning.errors import InputError
from unlearning.methods.card import FORGET, RETAIN, Card, knob, rate
from unlearning.naming import choose
from unlearning.targets import AGE

if TYPE_CHECKING:
    from unlearning.methods.task import AgeNet, Batch, Generator, Loss, Tensor, UnlearningTask
    from unlearning.targets import Target

    Draw = Callable[[int, Generator], Tensor]

DIVISOR = 60.0  # of the study's published code, which takes ages to between 0 and 1 by it
YOUNGEST, OLDEST = 0.0, 116.0  # years that people reach: those of UTKFace
MOMENTS = {"all": ("retain", "forget"), "retain": ("retain",)}
# Labels have random numbers of their own: with those of the order a face's place in the first epoch would tell its label.
LABELS = 1
DIVIDED, CLIPPED = "divided", "clipped"
# When there was one switch, on or off.
EARLIER = dict.fromkeys(("true", "1", "yes"), DIVIDED) | dict.fromkeys(("false", "0", "no"), "")


@dataclass(frozen=True)
class RandomLabels:
    """Fine-tuning on everything, with the ages of the forget set moved by 3 to 6 years at every batch.

    The forgotten faces stay in the training with ages that are a little wrong, which blurs what was known of each of them.
    The faces to keep are trained on as before, with y' = y. For every forgotten face of a batch a whole number k and its
    sign are drawn anew, and y' is clipped to ``youngest`` and ``oldest``, or to the forgotten ages where these reach further.

    Args:
        lr: constant learning rate.
        offset_min: smallest change of a forgotten age, in years.
        offset_max: largest change of a forgotten age, in years.
        youngest: perturbed ages are clipped to this from below, in years.
        oldest: perturbed ages are clipped to this from above, in years.
        as_published: train on the labels of the study's published code instead, to see what its defects do. clipped: y' is
            clip(y / 60 +- k) times 60, because ages are divided before they are moved and the bounds are not, so that every
            forgotten age is 60 times ``youngest``. divided: every age is y / 60, because all are divided once more, and the
            forget set is looked for among ages that are divided already, where no face is in it. Empty: as the text says.
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
    as_published: str = ""

    def __post_init__(self) -> None:
        kind = EARLIER.get(str(self.as_published).lower(), self.as_published)
        if kind not in ("", DIVIDED, CLIPPED):
            raise InputError(f"params: as_published={kind!r} of rnd is not known; legal: {DIVIDED}, {CLIPPED}, or nothing")
        object.__setattr__(self, "as_published", kind)
        if not 0 <= self.offset_min <= self.offset_max:
            raise InputError(f"offset_min={self.offset_min} and offset_max={self.offset_max}: legal is 0 <= min <= max")
        check_range(self.youngest, self.oldest)

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        if self.as_published and task.target != AGE:
            raise InputError(f"params: as_published={self.as_published} is of ages, and this model predicts {task.target.name}")
        own = self if self.as_published or task.target != AGE else self.reaching(task.forget.ages)
        random = task.random(LABELS)

        def loss(predicted: Tensor, batch: Batch) -> Tensor:
            return task.loss(predicted, batch._replace(ages=own.labels(batch, random, task.target)))

        return task.fit(task.copy(), loss, self.lr, task.batches(forget=True))

    def reaching(self, ages: Tensor) -> RandomLabels:
        """The same with a range that holds these ages: clipping would move those outside by more years than the offset."""
        return replace(self, youngest=min(self.youngest, float(ages.min())), oldest=max(self.oldest, float(ages.max())))

    def labels(self, batch: Batch, random: Generator, target: Target = AGE) -> Tensor:
        """The ages that a batch is trained on, in years; a new tensor."""
        import torch

        if self.as_published == DIVIDED:
            return batch.ages / DIVISOR
        if self.as_published == CLIPPED:
            return torch.where(batch.forget, DIVISOR * self.perturb(batch.ages / DIVISOR, random), batch.ages)
        return torch.where(batch.forget, self.perturb(batch.ages, random, target), batch.ages)

    def perturb(self, ages: Tensor, random: Generator, target: Target = AGE) -> Tensor:
        """``ages`` in years, each moved by a random offset and clipped, or wrong labels of another target; a new tensor."""
        return target.perturbed(ages, (self.offset_min, self.offset_max), (self.youngest, self.oldest), random)


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
        check_range(self.youngest, self.oldest)

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        draw = drawn_evenly(task.target, self.youngest, self.oldest)
        if self.once:
            task, loss = relabelled(task, draw), task.loss
        else:
            loss = drawn_each_time(task, draw)
        return task.fit(task.copy(), loss, self.lr, task.batches(forget=True))


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
        clip: bring drawn ages into 0 to 116 years, the ages that people reach; other numbers into their range.
    """

    name: ClassVar[str] = "amnesiac"
    card: ClassVar[Card] = Card(
        formula="min mean over retain and forget of |f(x) - y'|; forget: y' ~ N(mean, std of the training ages), drawn once",
        touches=(RETAIN, FORGET),
        cost="epochs passes over retain and forget",
        fails="many passes: the drawn ages are then learned by heart, and give away who was forgotten",
        source="Tarun et al., Deep Regression Unlearning, 2023",
        numbers_alone=True,
    )
    epochs: ClassVar[int] = 1
    lr: float = rate(3e-4)
    moments: str = knob("all", search=tuple(MOMENTS))
    clip: bool = knob(False, search=(False, True))

    def __post_init__(self) -> None:
        choose(MOMENTS, self.moments, "moments")

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        mean, std = self.moments_of(task)
        task = relabelled(task, lambda count, random: self.draw(mean, std, count, random, task.target))
        batches = task.batches(forget=True)
        return task.fit(task.copy(), task.loss, self.lr, batches, optimizer="adam", weight_decay=0.0)

    def moments_of(self, task: UnlearningTask) -> tuple[float, float]:
        """Mean and sample standard deviation of the training ages, in years; a single age has none, which counts as 0."""
        import torch

        ages = torch.cat([getattr(task, part).part("train").ages for part in MOMENTS[self.moments]])
        return float(ages.mean()), float(ages.std()) if len(ages) > 1 else 0.0

    def draw(self, mean: float, std: float, count: int, random: Generator, target: Target = AGE) -> Tensor:
        """Ages in years, or numbers of another target, shape (count,)."""
        import torch

        ages = mean + std * torch.randn(count, generator=random)
        return ages.clamp(*target.within((YOUNGEST, OLDEST))) if self.clip else ages


def check_range(youngest: float, oldest: float) -> None:
    """InputError where no age lies between two."""
    if not youngest < oldest:
        raise InputError(f"youngest={youngest} and oldest={oldest}: legal is youngest < oldest")


def drawn_evenly(target: Target, youngest: float, oldest: float) -> Draw:
    """(how many, random numbers) -> that many ages between two, in years, or labels of another target from all of its range."""
    return lambda count, random: target.drawn(count, (youngest, oldest), random)


def drawn_each_time(task: UnlearningTask, draw: Draw) -> Loss:
    """The loss, with labels from ``draw`` for the forgotten faces of every batch."""
    import torch

    random = task.random(LABELS)

    def loss(predicted: Tensor, batch: Batch) -> Tensor:
        drawn = draw(len(batch.ages), random).to(batch.ages.device)
        return task.loss(predicted, batch._replace(ages=torch.where(batch.forget, drawn, batch.ages)))

    return loss


def relabelled(task: UnlearningTask, draw: Draw) -> UnlearningTask:
    """The same task with one drawn age for every training face to forget; validation faces to forget are left out.

    Mean and standard deviation of the drawn ages are logged. The loop's training error is then one against drawn ages.
    """
    import pandas as pd
    import torch

    faces = task.forget.part("train")
    sources = faces.frame.copy_of.where(faces.frame.copy_of != "", faces.frame.id)  # a copy keeps the age of its face
    codes, found = pd.factorize(sources)
    ages = draw(len(found), task.random(LABELS))[torch.from_numpy(codes)]
    task.log({"label_mean": float(ages.mean()), "label_std": float(ages.std(correction=0))}, 0)
    return replace(task, forget=faces.labelled(ages.numpy()))
