"""Raising the error on the forget set, within bounds: ascent on an absolute error would never end."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unlearning.methods.task import Batch, Tensor, UnlearningTask


def limits(task: UnlearningTask, factor: float) -> tuple[float, float]:
    """Two errors on the forget set, in years: where it has been forgotten, and the cap, ``factor`` times that; logged.

    The first is the error on faces like the forgotten ones that the model never saw. With few such faces chance may put it
    below the error on the forgotten training faces, which is then taken instead: else nothing would be left to raise. Faces
    whose error has reached the cap are pushed no further.
    """
    unseen, known = task.unseen_error(), task.error(task.frozen(), task.forget.part("train"))
    aim = max(unseen, known)
    task.log({"unseen_error": unseen, "forget_error": known, "cap": factor * aim}, 0)
    return aim, factor * aim


def capped(years: Tensor, cap: float) -> Tensor:
    """Mean over faces of min(abs(years), cap); 0 without any face."""
    return years.abs().clamp(max=cap).sum() / max(len(years), 1)


def difference(predicted: Tensor, batch: Batch, retain: float, forget: float, cap: float) -> Tensor:
    """``retain`` times the mean error of the faces to keep, less ``forget`` times the capped one of the others; years."""
    years = predicted - batch.ages
    kept = capped(years[~batch.forget], float("inf"))
    return retain * kept - forget * capped(years[batch.forget], cap)
