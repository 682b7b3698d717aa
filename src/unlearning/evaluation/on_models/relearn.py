"""Relearn time: a model that has only hidden what it knew has it back after a few steps of training.

Anamnesis index (AIN) of Chundawat et al. 2023 (https://arxiv.org/abs/2201.05629), for regression as in Tarun et al. 2023
(https://arxiv.org/abs/2210.08196). Only copies are trained: the published code trains the models that it is given, so that
its second measurement starts from a relearned one.
"""

import copy
import math
from dataclasses import dataclass

import torch
from lightning_fabric import Fabric

from unlearning.data.faces import Batches, FaceSet
from unlearning.data.forget import ForgetSet, forget_mask
from unlearning.errors import InputError
from unlearning.models.spec import target_of
from unlearning.training.fit import fit
from unlearning.training.losses import loss_of
from unlearning.training.predict import mean_absolute_error
from unlearning.training.recipe import Recipe

TOLERANCE = 0.05  # the original's error times 1 + this is to be reached
EPOCHS, SEEDS = 10, (0, 1, 2)


@dataclass(frozen=True)
class RelearnTime:
    """Steps until a model knew again, one number a shuffle; where ``censored``, it still did not when it was stopped."""

    steps: tuple[int, ...]  # optimiser steps; 0 for a model that never forgot
    censored: tuple[bool, ...]  # was it stopped at ``cap``?
    cap: int  # most steps

    @property
    def mean(self) -> float:
        """Mean steps over the shuffles: a lower bound where any is censored."""
        return sum(self.steps) / len(self.steps)


class _KnowsAgain(Exception):  # noqa: N818
    """Ends a training in the middle of an epoch: the error to be reached is reached."""


@dataclass(frozen=True)
class Lesson:
    """What networks are made to relearn, and when they know it."""

    training: FaceSet  # faces to learn from
    probe: FaceSet  # faces that the error is measured on: the forgotten validation faces
    target: float  # error to be reached, in years
    recipe: Recipe  # gives batch size, flips and shifts
    epochs: int  # most passes over the data
    seeds: tuple[int, ...]  # one shuffle of the data each
    lr: float = 1e-3  # constant learning rate of Adam


def lesson_of(original: torch.nn.Module, faces: FaceSet, forget: ForgetSet, recipe: Recipe) -> Lesson:
    """The lesson whose target is what ``original`` errs on the validation faces of the forget set, times 1 + ``TOLERANCE``.

    ``original`` is the member of the original with the seed of the networks that are to relearn.

    Raises:
        InputError: the forget set has no validation face, or no training face.
    """
    forgotten = faces.where(forget_mask(faces.frame, forget))
    probe, training = forgotten.part("validation"), faces.part("train")
    for missing, some in (("validation", probe), ("training", training)):
        if not len(some):
            raise InputError(f"the forget set {forget.rule} has no {missing} face, so nobody can see when it is relearned")
    return Lesson(training, probe, (1 + TOLERANCE) * mean_absolute_error(original, probe), recipe, EPOCHS, SEEDS)


def relearn_time(fabric: Fabric, network: torch.nn.Module, lesson: Lesson) -> RelearnTime:
    """rt(M): steps of training a copy of ``network`` until its MAE on ``probe`` is at most ``target`` years, for each shuffle.

    The order of the batches follows the seeds alone, so it is the same for any two networks. Fewer steps: remembers more.
    """
    now = lesson.recipe.fine_tuning(lesson.lr, lesson.epochs, optimizer="adam", weight_decay=0.0)
    steps, censored = zip(*(_relearn(fabric, network, lesson, now, seed) for seed in lesson.seeds), strict=True)
    return RelearnTime(steps, censored, lesson.epochs * len(_batches(lesson.training, now, 0)))


def _batches(training: FaceSet, recipe: Recipe, seed: int) -> Batches:
    return Batches(training, None, recipe.batch_size, recipe.flip, recipe.shift, seed)


def _relearn(fabric: Fabric, network: torch.nn.Module, lesson: Lesson, recipe: Recipe, seed: int) -> tuple[int, bool]:
    """Steps that one shuffle took, and whether they ended at the cap."""
    model = copy.deepcopy(network).requires_grad_(True).to(fabric.device)
    steps, loss = 0, loss_of(target_of(network))

    def look() -> None:
        if mean_absolute_error(model, lesson.probe) <= lesson.target:
            raise _KnowsAgain

    def after_step(done: float) -> None:
        nonlocal steps
        steps += 1
        look()

    try:
        look()
        fit(fabric, model, _batches(lesson.training, recipe, seed), loss, recipe, seed=seed, after_step=after_step)
    except _KnowsAgain:
        return steps, False
    return steps, True


def ratio(unlearned: RelearnTime, retrained: RelearnTime) -> tuple[float, str]:
    """The anamnesis index rt(U) / rt(R), from 0: 1 is ideal, far below 1 still remembers, far above over-forgot.

    Beside it stands whether it is only a bound: empty for a value; ``at least`` or ``at most`` where the unlearned or the
    retrained model was stopped at the cap; ``unknown`` (not a number) where both were, or where R needs no step.
    """
    stopped = any(unlearned.censored), any(retrained.censored)
    if all(stopped) or not retrained.mean:
        return math.nan, "unknown"
    return unlearned.mean / retrained.mean, "at least" if stopped[0] else "at most" if stopped[1] else ""
