"""Raising the error on the forget set, within bounds: ascent on an absolute error would never end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from unlearning.methods.card import FORGET, RETAIN, Card, knob, rate, share

if TYPE_CHECKING:
    from unlearning.methods.task import AgeNet, Batch, Epoch, Tensor, UnlearningTask


def limits(task: UnlearningTask, factor: float) -> tuple[float, float]:
    """Two losses on the forget set, of ages in years: where it has been forgotten, and the cap, ``factor`` times that; logged.

    The first is the error on faces like the forgotten ones that the model never saw. With few such faces chance may put it
    below the error on the forgotten training faces, which is then taken instead: else nothing would be left to raise. Faces
    whose error has reached the cap are pushed no further.
    """
    unseen, known = task.unseen_error(), task.error(task.frozen(), task.forget.part("train"))
    aim = max(unseen, known)
    task.log({"unseen_error": unseen, "forget_error": known, "cap": factor * aim}, 0)
    return aim, factor * aim


def capped(losses: Tensor, cap: float) -> Tensor:
    """Mean over faces of min(loss, cap); 0 without any face."""
    return losses.clamp(max=cap).sum() / max(len(losses), 1)


def difference(losses: Tensor, batch: Batch, retain: float, forget: float, cap: float) -> Tensor:
    """``retain`` times the mean loss of the faces to keep, less ``forget`` times the capped one of the others."""
    kept = capped(losses[~batch.forget], float("inf"))
    return retain * kept - forget * capped(losses[batch.forget], cap)


def freeze_norms(network: AgeNet) -> None:
    """Batch norms whose weights are frozen keep their statistics, which one pass over forgotten faces alone would replace.

    Measured on real faces: without this a rate of 1e-6 "forgot" as much as one of 3e-4, with the error on all other faces.
    """
    from unlearning.training.step import batch_norms

    for norm in batch_norms(network):
        norm.requires_grad_(False)


@dataclass(frozen=True)
class NegGrad:
    """Gradient ascent on the forget set, until its error is that of unseen faces.

    The retain set is never shown. Ascent on an absolute error has no end of its own, so it is bounded three ways: m is
    ``cap`` times the error of the original on unseen faces of the forget set (its validation part; of the retain set when it
    has none), gradients are clipped, and it stops after the pass that brings the error on the forgotten training faces to
    that on unseen ones. Where few unseen faces have a smaller error than the forgotten ones had, that of the forgotten ones
    counts. Batch norms stay as they are: statistics of forgotten faces alone would spoil all answers, whatever the rate.

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
        aim, cap = limits(task, self.cap)
        forgotten = task.forget.part("train")
        errors: list[float] = []

        def loss(predicted: Tensor, batch: Batch) -> Tensor:
            return -capped(task.target.losses(predicted, batch.ages), cap)

        def after_epoch(epoch: Epoch, model: AgeNet) -> None:
            errors.append(task.error(model, forgotten))
            task.log({"forget_error": errors[-1]}, epoch.number)
            task.after_epoch(epoch, model)

        batches = task.batches(retain=False, forget=True)
        sgd: dict[str, Any] = {"optimizer": "sgd", "momentum": self.momentum, "weight_decay": 0.0, "clip": self.clip}
        student = task.copy()
        freeze_norms(student)
        told = replace(task, after_epoch=after_epoch)
        return told.fit(student, loss, self.lr, batches, until=lambda model: errors[-1] >= aim, **sgd)


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
            losses = task.target.losses(predicted, batch.ages)
            value = difference(losses, batch, self.retain_weight, 1 - self.retain_weight, cap)
            for weight, first in pairs:
                value = value + self.stay * (weight - first).square().sum()
            return value

        batches = SideBySide(task.batches(), task.batches(retain=False, forget=True, seed=1))
        return task.fit(student, loss, self.lr, batches, optimizer="adam", weight_decay=0.0, clip=self.clip)


@dataclass(frozen=True)
class AdvancedNegGrad:
    """Fine-tuning on the retain set and ascent on the forget set in the same step, with equal weight.

    Each step shows a batch of the retain set and one of the forget set, which starts again when it is through. m is ``cap``
    times the error of the original on unseen faces of the forget set (its validation part; of the retain set when it has
    none; its error on the forgotten faces where that is larger).

    Args:
        lr: constant learning rate of SGD.
        momentum: of SGD.
        cap: error up to which a forgotten face is pushed, as a multiple of the error on unseen faces.
        clip: largest norm of a step's gradient.
    """

    name: ClassVar[str] = "adv_neggrad"
    card: ClassVar[Card] = Card(
        formula="min mean over retain of |f(x) - y| - mean over forget of min(|f(x) - y|, m)",
        touches=(RETAIN, FORGET),
        cost="epochs passes over retain; beside each of their batches one of forget",
        fails="few forgotten faces: equal weight pulls the network apart for them, and kept faces like them suffer",
        source="Choi and Na, Towards Machine Unlearning Benchmarks (MUFAC), 2023; cap and clipping are this project's",
    )
    epochs: ClassVar[int] = 2
    lr: float = rate(1e-3)
    momentum: float = knob(0.9, 0.0, 0.99, search=(0.0, 0.9))
    cap: float = knob(1.5, 0.1, 100.0, search=(1.0, 3.0))
    clip: float = knob(1.0, 1e-3, 1e3, search=(0.1, 10.0), log=True)

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        from unlearning.methods.task import SideBySide

        _, cap = limits(task, self.cap)

        def loss(predicted: Tensor, batch: Batch) -> Tensor:
            return difference(task.target.losses(predicted, batch.ages), batch, 1.0, 1.0, cap)

        batches = SideBySide(task.batches(), task.batches(retain=False, forget=True, seed=1))
        sgd: dict[str, Any] = {"optimizer": "sgd", "momentum": self.momentum, "weight_decay": 0.0, "clip": self.clip}
        return task.fit(task.copy(), loss, self.lr, batches, **sgd)
