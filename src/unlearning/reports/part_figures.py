"""Figures of the parts: how the faces are split, and the study's age groups in each part."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from unlearning.data.rules import GROUPS
from unlearning.data.splitting import SPLITS
from unlearning.reports import data_counts
from unlearning.reports.charts import (
    FOOT_HEIGHT,
    below_legend,
    counted,
    face_scale,
    hatched,
    heading,
    legend_above,
    note,
    panel,
)
from unlearning.reports.style import MARGIN, Theme, sheet

if TYPE_CHECKING:
    from unlearning.data.manifest import DataSet

BAR, NOTED = 0.3, 0.85
THREE_DIGITS = 999
PIE_WIDTH, PIE_HEIGHT, PIE_REACH = 3.2, 2.0, 1.2


def split(data: DataSet, settings: dict, theme: Theme) -> Figure:
    """A pie of the real faces, and bars of faces and copies."""
    counts = data_counts.parts(data.manifest)
    figure = sheet("The three parts", 3.6)
    if counts.faces.any():
        _pie(panel(figure, 0.75, PIE_HEIGHT, left=MARGIN, width=PIE_WIDTH), counts.faces, theme)
    axes = panel(figure, 0.75, 2.0, left=3.9, width=1.9)
    heading(axes, "faces and copies")
    _stacked(axes, np.arange(len(SPLITS)), counts.rename_axis("part").reset_index(), 0.62, 9.0, theme)
    axes.set_xticks(range(len(SPLITS)), list(SPLITS))
    face_scale(axes, room=1.12)
    copies = int(counts.copies.sum())
    striped = f"Striped: {counted(copies, 'augmented copy', 'augmented copies')} of training faces."
    note(figure, striped if copies else "There are no copies.", theme)
    return figure


def _pie(axes: Axes, faces: pd.Series, theme: Theme) -> None:
    some = faces[faces > 0]
    texts = [f"{part}\n{count / faces.sum():.1%}" for part, count in some.items()]
    edge = {"edgecolor": theme.paper, "linewidth": 2}
    axes.pie(
        some,
        labels=texts,
        colors=[theme.part(part) for part in some.index],
        startangle=90,
        counterclock=False,
        wedgeprops=edge,
    )
    axes.set_xlim(-PIE_REACH * PIE_WIDTH / PIE_HEIGHT, PIE_REACH * PIE_WIDTH / PIE_HEIGHT)
    axes.set_ylim(-PIE_REACH, PIE_REACH)
    heading(axes, "shares of the real faces")


def groups(data: DataSet, settings: dict, theme: Theme) -> Figure:
    """Bars of every part in the study's age groups, copies stacked on faces."""
    counts = data_counts.groups(data.manifest)
    outside = data_counts.in_no_group(data.manifest)
    foot = NOTED if outside else FOOT_HEIGHT
    figure = sheet("Age groups in each part", 3.2 + foot)
    axes = below_legend(figure, foot)
    size = 9.0 if counts.faces[counts.part != "train"].max() <= THREE_DIGITS else 7.5
    for place, part in enumerate(SPLITS):
        at = np.arange(len(GROUPS)) + (place - 1) * (BAR + 0.03)
        _stacked(axes, at, counts[counts.part == part], BAR, size, theme)
    axes.set_xticks(range(len(GROUPS)), [group.replace("-", "\N{EN DASH}") for group in GROUPS])
    axes.set_xlabel("age group (years, both ends included)")
    face_scale(axes, room=1.15)
    _legend(axes, bool(counts.copies.any()), theme)
    if outside:
        note(figure, f"In no group, because of other ages: {counted(outside, 'face')}, copies included.", theme)
    return figure


def _stacked(axes: Axes, at: np.ndarray, counts: pd.DataFrame, width: float, size: float, theme: Theme) -> None:
    """Bars with their totals on top in letters of ``size``; the containers are called ``faces`` and ``copies``."""
    colours = [theme.part(part) for part in counts.part]
    bars = axes.bar(at, counts.faces, width, color=colours, label="faces")
    if counts.copies.any():
        bars = axes.bar(at, counts.copies, width, bottom=counts.faces, label="copies")
        for bar, colour in zip(bars, colours, strict=True):
            bar.set(**hatched(colour, theme))
    axes.bar_label(bars, [f"{total:,}" for total in counts.faces + counts.copies], padding=2, size=size)


def _legend(axes: Axes, copies: bool, theme: Theme) -> None:
    handles = [Patch(color=theme.part(part), label=part) for part in SPLITS]
    if copies:
        handles.append(Patch(label="copies", **hatched(theme.train, theme)))
    legend_above(axes, handles)
