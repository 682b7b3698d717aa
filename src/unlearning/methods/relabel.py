"""Other ages for the faces to forget, drawn once for all passes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

    from unlearning.methods.task import UnlearningTask

LABELS = 1


def generator(task: UnlearningTask) -> torch.Generator:
    """Random numbers for labels: the order of the batches has the seed's own, and the two must not go together."""
    import torch

    return torch.Generator().manual_seed(task.seed + LABELS)


def relabelled(task: UnlearningTask, draw: Callable[[int, torch.Generator], torch.Tensor]) -> UnlearningTask:
    """The same task with one drawn age for every training face to forget; validation faces to forget are left out.

    Mean and standard deviation of the drawn ages are logged. The loop's training error is then one against drawn ages.

    Args:
        draw: (how many, random numbers) -> ages in years.
    """
    from unlearning.data.faces import FaceSet

    faces = task.forget.part("train")
    ages = draw(len(faces), generator(task))
    task.log({"label_mean": float(ages.mean()), "label_std": float(ages.std(correction=0))}, 0)
    return replace(task, forget=FaceSet(faces.frame.assign(age=ages.numpy()), faces.pixels))
