"""The figures that compare all methods: how much of the original's memory each leaves, and how far off it is on test faces."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.textpath import TextPath

from unlearning.data.settings import GROUPS
from unlearning.experiments.plan import RETRAINED
from unlearning.reports import model_looks
from unlearning.reports.charts import blend, heading, shorten, stack
from unlearning.reports.label_places import away, places
from unlearning.reports.model_looks import Look, of
from unlearning.reports.study_tables import BESIDE, RANKED, Numbers
from unlearning.reports.style import Theme
from unlearning.reports.words import metric_name
from unlearning.reports.words import shown as decimal

HEIGHT = 5.4
ROOM, FENCE = 0.06, 3.0
LETTERS, LONGEST_LABEL = 8.1, 28
SIGN, NEAR = 3.5, 8.0


def pareto(numbers: Numbers, theme: Theme) -> Figure | None:
    """Memory left against the test error of every method on the first forget set where it is known."""
    return _figure(numbers, _forget_sets(numbers)[:1], theme)


def pareto_single(numbers: Numbers, theme: Theme) -> Figure | None:
    """The same on the first forget set after it that is none of the study's: on single pictures."""
    return _figure(numbers, [rule for rule in _forget_sets(numbers)[1:] if rule not in GROUPS][:1], theme)


def _forget_sets(numbers: Numbers) -> list[str]:
    """Those of which memory left is known of a method."""
    table = numbers.tables.get("methods", pd.DataFrame({"forget_set": []}))
    rules = dict.fromkeys(table.forget_set)
    return [rule for rule in rules if not points(of(table, forget_set=rule)).index.isin(BESIDE).all()]


def _figure(numbers: Numbers, rules: list[str], theme: Theme) -> Figure | None:
    """A sign a method with its intervals, both lines of the retrained model, and each one's name."""
    if not rules:
        return None
    models = points(of(numbers.tables["methods"], forget_set=rules[0]))
    looks = model_looks.looks(numbers.results, theme)
    figure, (axes,) = stack(f"Methods by memory left and test error, forget set {shorten(rules[0], LONGEST_LABEL)}", 1, HEIGHT)
    heading(axes, "Means and 95 % intervals", "lines: retrained")
    axes.set_xlabel(f"{metric_name('memory_left')}: 100 is the original, 0 retrained".replace("_", " "))
    axes.set_ylabel(numbers.results.target.told(metric_name("test_mae")))
    axes.set_xlim(*limits(models.memory_left.to_numpy()))
    axes.set_ylim(*limits(models.test_mae.to_numpy()))
    shown = models.assign(x=models.memory_left.clip(*axes.get_xlim()), y=models.test_mae.clip(*axes.get_ylim()))
    if RETRAINED in shown.index:
        model_looks.level(axes, shown.y[RETRAINED], looks[RETRAINED])
        model_looks.level(axes, shown.x[RETRAINED], looks[RETRAINED], across=False)
    lines = list(axes.lines)
    for row in shown.itertuples():
        _sign(axes, row, looks[row.Index], theme)
    _names(axes, shown, lines, looks, theme)
    return figure


def points(rows: pd.DataFrame) -> pd.DataFrame:
    """By model, those rows of the table ``methods`` (of one forget set) whose memory left and test error are numbers."""
    return rows.set_index("model")[np.isfinite(rows[[*RANKED]].to_numpy(float)).all(axis=1)]


def _sign(axes: Axes, row, look: Look, theme: Theme) -> None:
    """A model's means, with pale bars of its 95 % intervals; a triangle where a scale ends before it."""
    pale = {"color": blend(look.colour, theme.paper, 0.45), "linewidth": 1.0, "zorder": 2}
    axes.plot([row.memory_left_low, row.memory_left_high], [row.y] * 2, **pale)
    axes.plot([row.x] * 2, [row.test_mae_low, row.test_mae_high], **pale)
    beside, above = np.sign(row.memory_left - row.x), np.sign(row.test_mae - row.y)
    sign = {(0, 0): look.sign, (-1, 0): "<", (1, 0): ">", (0, -1): "v"}.get((beside, above), "^")
    edge = {"markeredgecolor": theme.paper, "markeredgewidth": 0.6}
    axes.plot([row.x], [row.y], color=look.colour, marker=sign, markersize=2 * SIGN, zorder=3, clip_on=False, **edge)


def _names(axes: Axes, shown: pd.DataFrame, lines: list[Line2D], looks: dict[str, Look], theme: Theme) -> None:
    """Each name at the free place that is nearest to its sign, with a thin line where that is not beside it."""
    to_points, names = 72 / axes.figure.dpi, []
    for row in shown.itertuples():  # with its values where a scale ends before it
        inside = (row.x, row.y) == (row.memory_left, row.test_mae)
        beyond = "" if inside else f": {decimal(row.memory_left, 0)} %, {decimal(row.test_mae, 2)}"
        names.append(shorten(looks[row.Index].name, LONGEST_LABEL) + beyond)
    corner, end = axes.transAxes.transform([(0, 0), (1, 1)]) * to_points
    points = axes.transData.transform(shown[["x", "y"]].to_numpy()) * to_points - corner
    drawn = tuple(line.get_transform().transform(line.get_path().vertices) * to_points - corner for line in lines)
    widths = [float(TextPath((0, 0), name, size=LETTERS).get_extents().width) for name in names]
    sizes = np.array([(width, 1.2 * LETTERS) for width in widths])
    middles = places(points, sizes, end - corner, SIGN, drawn)
    style = {"textcoords": "offset points", "ha": "center", "va": "center", "size": LETTERS, "color": theme.ink, "zorder": 4}
    style["bbox"] = {"facecolor": theme.paper, "edgecolor": "none", "alpha": 0.7, "pad": 0.4}
    leader = {"arrowstyle": "-", "color": theme.muted, "linewidth": 0.5, "shrinkA": 0, "shrinkB": SIGN}
    for row, name, offset, far in zip(shown.itertuples(), names, middles - points, away(points, middles, sizes), strict=True):
        axes.annotate(name, (row.x, row.y), offset, arrowprops=leader if far > NEAR else None, **style)


def limits(values: np.ndarray) -> tuple[float, float]:
    """Ends of a scale on which most models can be told apart: values far from all others do not stretch it."""
    first, third = np.quantile(values, [0.25, 0.75])
    fence = FENCE * (third - first)
    inside = values[(values >= first - fence) & (values <= third + fence)]
    room = ROOM * max(np.ptp(inside), 0.02)
    return float(inside.min() - room), float(inside.max() + room)
