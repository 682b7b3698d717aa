"""The figures of the data (ages, split and groups; what was left out, and quality), and FIGURES, their visible registry."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from matplotlib.ticker import LogLocator, NullLocator, StrMethodFormatter

from unlearning.data.manifest import DataSet
from unlearning.data.rules import GROUPS
from unlearning.data.splitting import SPLITS
from unlearning.naming import counted
from unlearning.reports import data_counts
from unlearning.reports.charts import (
    FOOT_HEIGHT,
    below_legend,
    face_scale,
    hatched,
    heading,
    legend_above,
    note,
    panel,
    per_year,
    share_years,
    shorten,
    stack,
    year_edges,
    year_scale,
    year_span,
)
from unlearning.reports.data_counts import ages_of
from unlearning.reports.page import by_function
from unlearning.reports.style import MARGIN, TITLE_HEIGHT, WIDTH, Theme, sheet
from unlearning.targets import Target

STEP_HEIGHT, PART_HEIGHT = 0.9, 1.3
GROUP_BAR, NOTED, THREE_DIGITS = 0.3, 0.85, 999
PIE_WIDTH, PIE_HEIGHT, PIE_REACH = 3.2, 2.0, 1.2
MOST_REASONS = 5
STEP_ROW, REASON_ROW, REASON_BAR = 0.38, 0.46, 0.15
BINS = 48


def ages_by_step(data: DataSet, settings: dict, theme: Theme) -> Figure:
    """Histograms by year of what was kept after each step that left faces out, each with how many."""
    span = year_span(*data.stages.values())
    counts = [len(ages) for ages in data.stages.values()]
    out = {title: before - after for title, before, after in zip(data.stages, [*counts[:1], *counts], counts, strict=False)}
    shown = [title for place, title in enumerate(data.stages) if not place or out[title]]
    figure, panels = stack("Ages after each step of cleaning", len(shown), STEP_HEIGHT)
    for axes, title in zip(panels, shown, strict=True):
        ages = data.stages[title]
        axes.stairs(per_year(ages, span), year_edges(span), fill=True, color=theme.plain)
        change = f" (\N{MINUS SIGN}{out[title]:,})" if out[title] else ""
        heading(axes, shorten(title, 38), counted(len(ages), "face") + change)
        face_scale(axes, ticks=2)
    if len(shown) < len(out):
        note(figure, f"{counted(len(out) - len(shown), 'further step')} left no face out", theme)
    if panels:
        share_years(panels, span)
    return figure


def augmentation(data: DataSet, settings: dict, theme: Theme) -> Figure:
    """Training ages by year, copies stacked on real faces."""
    real, copies = (ages_of(data.manifest, "train", copies) for copies in (False, True))
    span = year_span(real, copies)
    figure = sheet("Training ages before and after augmentation", 3.9)
    axes = below_legend(figure, 0.85)
    _stairs(axes, real, copies, span, "train", theme)
    goal = int(settings.get("augment_to", 0))
    if len(copies) and goal:
        axes.axhline(goal, color=theme.ink, linewidth=1, linestyle=(0, (4, 3)), label=f"{goal:,} faces of every age asked for")
    face_scale(axes, room=1.06)
    year_scale(axes, span)
    legend_above(axes, axes.get_legend_handles_labels()[0])
    told = f"No copies were made: the training part has its {counted(len(real), 'real face')}."
    if len(copies):
        together, added = len(real) + len(copies), counted(len(copies), "copy", "copies")
        told = f"Before: {counted(len(real), 'face')}. After, with {added}: {together:,}."
    note(figure, told, theme)
    return figure


def parts_by_age(data: DataSet, settings: dict, theme: Theme) -> Figure:
    """Ages by year of the three parts on one scale."""
    ages = {part: [ages_of(data.manifest, part, copies) for copies in (False, True)] for part in SPLITS}
    span = year_span(*(each for pair in ages.values() for each in pair))
    figure, panels = stack("Ages in the three parts", len(SPLITS), PART_HEIGHT)
    highest = max(sum(per_year(each, span) for each in pair).max() for pair in ages.values())
    for axes, (part, (real, copies)) in zip(panels, ages.items(), strict=True):
        _stairs(axes, real, copies, span, part, theme)
        striped = f" + {counted(len(copies), 'copy', 'copies')} (striped)" if len(copies) else ""
        heading(axes, part, counted(len(real), "face") + striped)
        face_scale(axes, ticks=4)
        axes.set_ylim(0, max(highest, 1) * 1.05)
    share_years(panels, span)
    return figure


def _stairs(axes: Axes, real: np.ndarray, copies: np.ndarray, span: tuple[int, int], part: str, theme: Theme) -> None:
    below, edges = per_year(real, span), year_edges(span)
    axes.stairs(below, edges, fill=True, color=theme.part(part), label="real faces")
    if len(copies):
        above = below + per_year(copies, span)
        axes.stairs(above, edges, baseline=below, fill=True, label="copies", **hatched(theme.part(part), theme))


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
    axes.pie(
        some,
        labels=[f"{part}\n{count / faces.sum():.1%}" for part, count in some.items()],
        colors=[theme.part(part) for part in some.index],
        startangle=90,
        counterclock=False,
        wedgeprops={"edgecolor": theme.paper, "linewidth": 2},
    )
    across = PIE_REACH * PIE_WIDTH / PIE_HEIGHT
    axes.set(xlim=(-across, across), ylim=(-PIE_REACH, PIE_REACH))
    heading(axes, "shares of the real faces")


def groups(data: DataSet, settings: dict, theme: Theme) -> Figure:
    """Bars of every part in the study's age groups, copies stacked on faces."""
    counts = data_counts.groups(data.manifest)
    outside = data_counts.in_no_group(data.manifest)
    foot = NOTED if outside else FOOT_HEIGHT
    figure = sheet("Age groups in each part", 3.2 + foot)
    axes = below_legend(figure, foot)
    size = 9.0 if counts.faces[counts.part != "train"].max() <= THREE_DIGITS else 8.1
    for place, part in enumerate(SPLITS):
        at = np.arange(len(GROUPS)) + (place - 1) * (GROUP_BAR + 0.03)
        _stacked(axes, at, counts[counts.part == part], GROUP_BAR, size, theme)
    axes.set_xticks(range(len(GROUPS)), [group.replace("-", "\N{EN DASH}") for group in GROUPS])
    axes.set_xlabel("age group (years, both ends included)")
    face_scale(axes, room=1.15)
    striped = [Patch(label="copies", **hatched(theme.train, theme))] if counts.copies.any() else []
    legend_above(axes, [*(Patch(color=theme.part(part), label=part) for part in SPLITS), *striped])
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
    _rows(axes, steps, data.target, theme)
    return figure


def _rows(axes: Axes, steps: dict[str, list[tuple[str, int]]], target: Target, theme: Theme) -> None:
    """From the top in inches: a step's name and total, then each reason above its bar."""
    at, order = 0.0, list(data_counts.STEPS)
    for step, reasons in steps.items():
        colour = theme.steps[(order.index(step) if step in order else len(order)) % len(theme.steps)]
        total = sum(count for _, count in reasons)
        title = shorten(data_counts.title_of(step, target), 40)
        axes.text(0, at + 0.24, f"{title}: {counted(total, 'file')}", weight="bold", color=colour)
        at += STEP_ROW
        for reason, count in reasons:
            axes.text(0, at + 0.16, shorten(reason, 80), size=9.5, color=theme.ink)
            bars = axes.barh(at + 0.27, count, REASON_BAR, color=colour)
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
    said = " and ".join(f"{side} {limit:g}" for side, limit in limits.items())
    heading(axes, measure.title, f"left out {said}" if limits else "", theme.limit)
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


FIGURES = by_function(ages_by_step, rejected, quality, split, augmentation, parts_by_age, groups)
OF_AGES = ("ages_by_step", "augmentation", "parts_by_age", "groups")  # which need ages to be known
