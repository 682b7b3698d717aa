"""Other ages for the faces to forget: drawn anew for every batch, or once for all passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch

from unlearning.data.faces import Batch, FaceSet
from unlearning.methods.task import Loss, UnlearningTask
from unlearning.training.losses import absolute_error

# Labels have random numbers of their own: with those of the order a face's place in the first epoch would tell its label.
LABELS = 1
Draw = Callable[[int, torch.Generator], torch.Tensor]


def drawn_evenly(youngest: float, oldest: float) -> Draw:
    """(how many, random numbers) -> that many ages between two, in years."""
    return lambda count, random: youngest + (oldest - youngest) * torch.rand(count, generator=random)


def drawn_each_time(task: UnlearningTask, draw: Draw) -> Loss:
    """The absolute error, with ages from ``draw`` for the forgotten faces of every batch."""
    random = task.random(LABELS)

    def loss(predicted: torch.Tensor, batch: Batch) -> torch.Tensor:
        drawn = draw(len(batch.ages), random).to(batch.ages.device)
        return absolute_error(predicted, batch._replace(ages=torch.where(batch.forget, drawn, batch.ages)))

    return loss


def relabelled(task: UnlearningTask, draw: Draw) -> UnlearningTask:
    """The same task with one drawn age for every training face to forget; validation faces to forget are left out.

    Mean and standard deviation of the drawn ages are logged. The loop's training error is then one against drawn ages.
    """
    faces = task.forget.part("train")
    ages = draw(len(faces), task.random(LABELS))
    task.log({"label_mean": float(ages.mean()), "label_std": float(ages.std(correction=0))}, 0)
    return replace(task, forget=FaceSet(faces.frame.assign(age=ages.numpy()), faces.pixels))
