"""Figures of the cleaning: what was left out and why, and the quality of what was kept."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from unlearning.data.manifest import DataSet
from unlearning.reports import data_counts
from unlearning.reports.charts import counted, face_scale, heading, panel, shorten, stack
from unlearning.reports.style import MARGIN, TITLE_HEIGHT, WIDTH, Theme, sheet

MOST_REASONS = 5
STEP_ROW, REASON_ROW, BAR = 0.38, 0.46, 0.15
BINS = 48


@dataclass(frozen=True)
class Measure:
    """A measure of quality: its column, its title with the unit, the settings that bound it, and the kind of its scale."""

    column: str
    title: str
    lowest: str = ""
    highest: str = ""
    logarithmic: bool = False


QUALITY = (
    Measure("sharpness", "sharpness (squared grey levels)", "min_sharpness", logarithmic=True),
    Measure("brightness", "brightness (0 to 255)", "min_brightness", "max_brightness"),
    Measure("contrast", "contrast (grey levels)", "min_contrast"),
    Measure("saturated", "black or white pixels (share)", "", "max_saturated"),
    Measure("smallest_side", "shorter side (pixels)", "min_side"),
)


def rejected(data: DataSet, settings: dict, theme: Theme) -> Figure:
    """Bars of the files that each reason left out, under their steps."""
    steps = {step: data_counts.fewer(reasons, MOST_REASONS) for step, reasons in data_counts.by_step(data.reasons).items()}
    rows = sum(STEP_ROW + REASON_ROW * len(reasons) for reasons in steps.values())
    figure = sheet("Files left out, by step and reason", TITLE_HEIGHT + max(rows, REASON_ROW) + 0.25)
    axes = panel(figure, 0.2, max(rows, REASON_ROW), left=MARGIN, width=WIDTH - 2 * MARGIN)
    axes.set_axis_off()
    axes.set_ylim(max(rows, REASON_ROW), 0)
    if not steps:
        axes.text(0, 0.2, "No file was left out.")
        return figure
    axes.set_xlim(0, 1.14 * max(count for reasons in steps.values() for _, count in reasons))
    _rows(axes, steps, theme)
    return figure


def _rows(axes: Axes, steps: dict[str, list[tuple[str, int]]], theme: Theme) -> None:
    """From the top in inches: a step's name and total, then each reason above its bar."""
    at, order = 0.0, list(data_counts.STEPS)
    for step, reasons in steps.items():
        colour = theme.steps[(order.index(step) if step in order else len(order)) % len(theme.steps)]
        total = sum(count for _, count in reasons)
        title = shorten(data_counts.STEPS.get(step, step), 40)
        axes.text(0, at + 0.24, f"{title}: {counted(total, 'file')}", weight="bold", color=colour)
        at += STEP_ROW
        for reason, count in reasons:
            axes.text(0, at + 0.16, shorten(reason, 80), size=9.5, color=theme.ink)
            bars = axes.barh(at + 0.27, count, BAR, color=colour)
            axes.bar_label(bars, [f"{count:,}"], padding=4, size=9.5)
            at += REASON_ROW


def quality(data: DataSet, settings: dict, theme: Theme) -> Figure:
    """Histograms of the measures of the kept faces, with the thresholds."""
    faces = data_counts.faces(data.manifest)
    figure, panels = stack("Quality of the kept faces", len(QUALITY), 0.9, scale=0.3)
    for axes, measure in zip(panels, QUALITY, strict=True):
        _histogram(axes, faces[measure.column], measure, settings, theme)
    return figure


def _histogram(axes: Axes, values: pd.Series, measure: Measure, settings: dict, theme: Theme) -> None:
    bounds = (("below", measure.lowest), ("above", measure.highest))
    limits = {side: float(settings[key]) for side, key in bounds if key in settings}
    shown = values[np.isfinite(values)].to_numpy(dtype=np.float64)
    logarithmic = measure.logarithmic and (shown > 0).any()
    edges = _edges(np.concatenate([shown, list(limits.values())]), logarithmic)
    counts, _ = np.histogram(np.clip(shown, edges[0], edges[-1]), edges)
    axes.stairs(counts, edges, fill=True, color=theme.plain)
    if logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 3)))
        axes.xaxis.set_major_formatter(StrMethodFormatter("{x:,g}"))
        axes.xaxis.set_minor_locator(NullLocator())
    face_scale(axes, room=1.05, ticks=3)
    heading(axes, measure.title, _limits_in_words(limits), theme.limit)
    for limit in limits.values():
        axes.axvline(limit, color=theme.limit, linewidth=1.4)


def _edges(values: np.ndarray, logarithmic: bool) -> np.ndarray:
    """Borders of the bars over all values and thresholds; a single value stands in a range around it."""
    if logarithmic:
        values = values[values > 0]
        low, high = values.min() / 1.2, values.max() * 1.2
        return np.geomspace(low, high, BINS + 1)
    low, high = (values.min(), values.max()) if len(values) else (0.0, 1.0)
    margin = max((high - low) * 0.03, abs(high) * 0.05, 1e-3) if high == low else (high - low) * 0.03
    return np.linspace(low - margin, high + margin, BINS + 1)


def _limits_in_words(limits: dict[str, float]) -> str:
    return "left out " + " and ".join(f"{side} {limit:g}" for side, limit in limits.items()) if limits else ""
