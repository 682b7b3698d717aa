"""Figures of ages: by year, after each step, in the training part with its copies, and in all parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from unlearning.data.splitting import SPLITS
from unlearning.reports.charts import (
    below_legend,
    counted,
    face_scale,
    hatched,
    heading,
    legend_above,
    note,
    per_year,
    share_years,
    shorten,
    stack,
    year_edges,
    year_scale,
    year_span,
)
from unlearning.reports.data_counts import ages_of
from unlearning.reports.style import Theme, sheet

if TYPE_CHECKING:
    from unlearning.data.manifest import DataSet

STEP_HEIGHT, PART_HEIGHT = 0.9, 1.3


def ages_by_step(data: DataSet, settings: dict, theme: Theme) -> Figure:
    """Histograms by year of what was kept after each step."""
    span = year_span(*data.stages.values())
    figure, panels = stack("Ages after each step of cleaning", len(data.stages), STEP_HEIGHT)
    before = None
    for axes, (title, ages) in zip(panels, data.stages.items(), strict=True):
        axes.stairs(per_year(ages, span), year_edges(span), fill=True, color=theme.plain)
        heading(axes, shorten(title, 38), _left(len(ages), before))
        before = len(ages)
        face_scale(axes, ticks=2)
    share_years(panels, span)
    return figure


def _left(faces: int, before: int | None) -> str:
    """How many faces a step leaves, and how many it took."""
    if before is None:
        return counted(faces, "face")
    return counted(faces, "face") + (f" (\N{MINUS SIGN}{before - faces:,})" if faces < before else " (all kept)")


def augmentation(data: DataSet, settings: dict, theme: Theme) -> Figure:
    """Training ages by year, copies stacked on real faces."""
    real, copies = (ages_of(data.manifest, "train", copies) for copies in (False, True))
    span = year_span(real, copies)
    figure = sheet("Training ages before and after augmentation", 3.9)
    axes = below_legend(figure, 0.85)
    _faces_and_copies(axes, real, copies, span, "train", theme)
    goal = int(settings.get("augment_to", 0))
    if len(copies) and goal:
        axes.axhline(goal, color=theme.ink, linewidth=1, linestyle=(0, (4, 3)), label=f"{goal:,} faces of every age asked for")
    face_scale(axes, room=1.06)
    year_scale(axes, span)
    legend_above(axes)
    note(figure, _in_words(len(real), len(copies)), theme)
    return figure


def _in_words(faces: int, copies: int) -> str:
    if not copies:
        return f"No copies were made: the training part has its {counted(faces, 'real face')}."
    return f"Before: {counted(faces, 'face')}. After, with {counted(copies, 'copy', 'copies')}: {faces + copies:,}."


def parts_by_age(data: DataSet, settings: dict, theme: Theme) -> Figure:
    """Ages by year of the three parts on one scale."""
    ages = {part: [ages_of(data.manifest, part, copies) for copies in (False, True)] for part in SPLITS}
    span = year_span(*(each for pair in ages.values() for each in pair))
    figure, panels = stack("Ages in the three parts", len(SPLITS), PART_HEIGHT)
    highest = max(sum(per_year(each, span) for each in pair).max() for pair in ages.values())
    for axes, (part, (real, copies)) in zip(panels, ages.items(), strict=True):
        _faces_and_copies(axes, real, copies, span, part, theme)
        heading(axes, part, _both(len(real), len(copies)))
        face_scale(axes, ticks=4)
        axes.set_ylim(0, max(highest, 1) * 1.05)
    share_years(panels, span)
    return figure


def _both(faces: int, copies: int) -> str:
    return counted(faces, "face") + (f" + {counted(copies, 'copy', 'copies')} (striped)" if copies else "")


def _faces_and_copies(axes: Axes, real: np.ndarray, copies: np.ndarray, span: tuple[int, int], part: str, theme: Theme) -> None:
    below, edges = per_year(real, span), year_edges(span)
    axes.stairs(below, edges, fill=True, color=theme.part(part), label="real faces")
    if len(copies):
        above = below + per_year(copies, span)
        axes.stairs(above, edges, baseline=below, fill=True, label="copies", **hatched(theme.part(part), theme))
