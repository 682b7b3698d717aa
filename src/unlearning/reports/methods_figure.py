"""The figures that compare all methods: how useful each is, how well it has forgotten, and at what cost."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.textpath import TextPath
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from unlearning.data.settings import GROUPS
from unlearning.experiments.plan import RETRAINED
from unlearning.reports import model_looks
from unlearning.reports.charts import blend, heading, shorten, stack
from unlearning.reports.label_places import away, places
from unlearning.reports.model_looks import Look, of
from unlearning.reports.study_tables import BESIDE, Numbers
from unlearning.reports.style import Theme
from unlearning.reports.words import shown as decimal

LEVELS = tuple(model for model in BESIDE if model != RETRAINED)
HEIGHT, SCALE = 3.9, 0.45
COST = "seconds_ratio"
ROOM, FENCE = 0.06, 3.0
LETTERS, LONGEST_LABEL = 7.5, 28
SIGN, NEAR = 3.5, 8.0


@dataclass(frozen=True)
class Scale:
    """What one panel shows upwards.

    Args:
        metric: a metric of the table ``methods``.
        title: of the panel.
        label: of its scale.
        best: 1 where more is better, -1 where less is.
    """

    metric: str
    title: str
    label: str
    best: int


SCALES = (
    Scale("F", "F", "F (up is better)", 1),
    Scale("forget_difference", "Distance to the retrained model", "years apart on forgotten faces (down is better)", -1),
)


def pareto(numbers: Numbers, theme: Theme) -> Figure | None:
    """F and distance to the retrained model against cost, of every method on the first forget set with several of them."""
    return _figure(numbers, _forget_sets(numbers)[:1], theme)


def pareto_single(numbers: Numbers, theme: Theme) -> Figure | None:
    """The same on the first forget set after it that is none of the study's: on single pictures."""
    return _figure(numbers, [rule for rule in _forget_sets(numbers)[1:] if rule not in GROUPS][:1], theme)


def _forget_sets(numbers: Numbers) -> list[str]:
    return list(dict.fromkeys(numbers.tables["methods"].forget_set)) if "methods" in numbers.tables else []


def _figure(numbers: Numbers, rules: list[str], theme: Theme) -> Figure | None:
    if not rules:
        return None
    rows = of(numbers.tables["methods"], forget_set=rules[0])
    views = {scale: models for scale in SCALES if len(_methods(models := points(rows, scale.metric)))}
    if not views:
        return None
    looks = model_looks.looks(numbers.results, theme)
    costs = pd.concat([models.cost[~models.index.isin(LEVELS)] for models in views.values()])
    figure, panels = stack(f"Methods by cost, forget set {shorten(rules[0], LONGEST_LABEL)}", len(views), HEIGHT, SCALE)
    for axes, (scale, models) in zip(panels, views.items(), strict=True):
        _cost_scale(axes, costs)
        _panel(axes, scale, models, looks, theme)
    return figure


def _methods(models: pd.DataFrame) -> pd.DataFrame:
    """Those that were unlearned."""
    return models[~models.index.isin(BESIDE)]


def points(rows: pd.DataFrame, metric: str) -> pd.DataFrame:
    """By model: cost, cost_sd, value, value_sd; means and deviations over the seeds, of models whose two means are numbers.

    Args:
        rows: of the table ``methods``, of one forget set.
        metric: what is set against the cost.
    """
    cost, value = (of(rows, metric=name).set_index("model")[["ours", "sd"]] for name in (COST, metric))
    both = cost.set_axis(["cost", "cost_sd"], axis=1).join(value.set_axis(["value", "value_sd"], axis=1)).astype(float)
    return both[np.isfinite(both.cost) & np.isfinite(both.value) & (both.cost > 0)]


def front(cost: np.ndarray, value: np.ndarray) -> np.ndarray:
    """Pareto's front: positions of those whose value nothing as cheap or cheaper reaches, cheapest first; more is better."""
    order, kept, best = np.lexsort((-value, cost)), [], -np.inf
    for position in order:
        if value[position] > best:
            kept.append(position)
            best = value[position]
    return np.array(kept, dtype=np.int64)


def _cost_scale(axes: Axes, costs: pd.Series) -> None:
    """Doublings of the cost, with room for names at both ends."""
    axes.set_xscale("log")
    axes.set_xlim(costs.min() / 1.6, max(costs.max(), 1) * 1.6)
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_xlabel("seconds, those of retraining are 1 (left is cheaper)")


def _panel(axes: Axes, scale: Scale, models: pd.DataFrame, looks: dict[str, Look], theme: Theme) -> None:
    """Signs with their spread, the front of the methods, levels of those that were not unlearned, and each one's name."""
    heading(axes, scale.title, "line: nothing cheaper is as good")
    axes.set_ylabel(scale.label)
    low, high = limits(models.value.to_numpy(), scale.best)
    axes.set_ylim(low, high)
    shown = models.assign(height=models.value.clip(low, high))
    level = shown.index.isin(LEVELS)
    methods = _methods(shown)
    best = methods.iloc[front(methods.cost.to_numpy(), scale.best * methods.value.to_numpy())]
    axes.step(best.cost, best.height, where="post", color=theme.ink, linewidth=1.0, zorder=2.2)
    for row in shown[level].itertuples():
        model_looks.level(axes, row.height, looks[row.Index])
    lines = list(axes.lines)
    for row in shown[~level].itertuples():
        _sign(axes, row, looks[row.Index], theme)
    _names(axes, shown.assign(at=np.where(level, axes.get_xlim()[1], shown.cost)), lines, looks, theme)


def _sign(axes: Axes, row, look: Look, theme: Theme) -> None:
    """A model's means, with pale bars of one standard deviation to both sides; a triangle where the scale ends before it."""
    pale = {"color": blend(look.colour, theme.paper, 0.45), "linewidth": 1.0, "zorder": 2}
    if row.height == row.value:
        spread = np.nan_to_num([row.cost_sd, row.value_sd])
        axes.plot([max(row.cost - spread[0], row.cost / 10), row.cost + spread[0]], [row.value] * 2, **pale)
        axes.plot([row.cost] * 2, [row.value - spread[1], row.value + spread[1]], **pale)
    sign = look.sign if row.height == row.value else ("v" if row.value < row.height else "^")
    edge = {"markeredgecolor": theme.paper, "markeredgewidth": 0.6}
    axes.plot([row.cost], [row.height], color=look.colour, marker=sign, markersize=2 * SIGN, zorder=3, clip_on=False, **edge)


def _names(axes: Axes, shown: pd.DataFrame, lines: list[Line2D], looks: dict[str, Look], theme: Theme) -> None:
    """Each name at the free place that is nearest to its sign, with a thin line where that is not beside it."""
    to_points, names = 72 / axes.figure.dpi, []
    for row in shown.itertuples():  # with its value where the scale ends before it
        beyond = "" if row.height == row.value else f": {decimal(row.value, 2)}"
        names.append(shorten(looks[row.Index].name, LONGEST_LABEL) + beyond)
    corner, end = axes.transAxes.transform([(0, 0), (1, 1)]) * to_points
    points = axes.transData.transform(shown[["at", "height"]].to_numpy()) * to_points - corner
    drawn = tuple(line.get_transform().transform(line.get_path().vertices) * to_points - corner for line in lines)
    widths = [float(TextPath((0, 0), name, size=LETTERS).get_extents().width) for name in names]
    sizes = np.array([(width, 1.2 * LETTERS) for width in widths])
    middles = places(points, sizes, end - corner, SIGN, drawn)
    style = {"textcoords": "offset points", "ha": "center", "va": "center", "size": LETTERS, "color": theme.ink, "zorder": 4}
    style["bbox"] = {"facecolor": theme.paper, "edgecolor": "none", "alpha": 0.7, "pad": 0.4}
    leader = {"arrowstyle": "-", "color": theme.muted, "linewidth": 0.5, "shrinkA": 0, "shrinkB": SIGN}
    for row, name, offset, far in zip(shown.itertuples(), names, middles - points, away(points, middles, sizes), strict=True):
        axes.annotate(name, (row.at, row.height), offset, arrowprops=leader if far > NEAR else None, **style)


def limits(values: np.ndarray, best: int) -> tuple[float, float]:
    """Ends of a scale on which good models can be told apart: much worse values than most have do not stretch it."""
    first, third = np.quantile(values, [0.25, 0.75])
    fence = first - FENCE * (third - first) if best > 0 else third + FENCE * (third - first)
    inside = values[best * (values - fence) >= 0]
    room = ROOM * max(np.ptp(inside), 0.02)
    return float(inside.min() - room), float(inside.max() + room)
