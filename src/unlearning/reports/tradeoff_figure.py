"""The figure that compares all methods: how useful each is, and how well it has forgotten."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from unlearning.experiments.plan import RETRAINED
from unlearning.reports import model_looks
from unlearning.reports.charts import heading, legend_room, legend_under_title, stack
from unlearning.reports.model_looks import Look, of
from unlearning.reports.study_tables import FIRST, Numbers
from unlearning.reports.study_words import is_as_published
from unlearning.reports.style import Theme

HEIGHT, SCALE, COLUMNS = 2.7, 0.45, 3
SMALLEST_SPAN, ROOM = 0.02, 0.15
PLACES = ((0, 9), (9, 0), (-9, 0), (0, -10), (8, 7), (-8, 7), (8, -8), (-8, -8), (0, 17), (0, -18))


def tradeoff(numbers: Numbers, theme: Theme) -> Figure | None:
    """Utility against Forgetting of every arm of the first forget set, over lines of equal F; once all, once the crowd."""
    rows = _rows(numbers)
    if not (rows.epochs > 0).any():
        return None
    looks = model_looks.looks(numbers.results, theme)
    arms = list(dict.fromkeys(rows.arm))
    keys = [model_looks.key(looks[arm], theme, "-" if of(rows, arm=arm).epochs.any() else "none") for arm in arms]
    near = rows[(rows.arm != RETRAINED) & ~rows.arm.map(is_as_published).astype(bool)]
    views = {"all models": rows} | ({"original and unlearned": near} if (near.epochs > 0).any() else {})
    figure, panels = stack("Utility and Forgetting of every model", len(views), HEIGHT, SCALE, legend_room(len(keys), COLUMNS))
    legend_under_title(figure, keys, COLUMNS)
    for axes, (title, shown) in zip(panels, views.items(), strict=True):
        _view(axes, shown, looks, theme)
        heading(axes, title, "dashed: equal F = Utility \N{MULTIPLICATION SIGN} Forgetting")
    _epochs_at_signs(panels[-1], near if len(views) > 1 else rows, theme)
    return figure


def _rows(numbers: Numbers) -> pd.DataFrame:
    """The arms of the first forget set whose two scores are numbers."""
    table = numbers.tables.get("all", pd.DataFrame(columns=["forget_set", "arm", "epochs", "Utility", "Forgetting"]))
    rows = of(table, forget_set=FIRST)
    return rows[np.isfinite(rows[["Utility", "Forgetting"]].astype(float)).all(axis=1)]


def _view(axes: Axes, rows: pd.DataFrame, looks: dict[str, Look], theme: Theme) -> None:
    for values, limit in ((rows.Forgetting, axes.set_xlim), (rows.Utility, axes.set_ylim)):
        span = max(values.max() - values.min(), SMALLEST_SPAN)
        limit(values.min() - ROOM * span, values.max() + ROOM * span)
    _lines_of_f(axes, theme)
    for arm in dict.fromkeys(rows.arm):
        own = of(rows, arm=arm).sort_values("epochs")
        model_looks.ours(axes, own.Forgetting, own.Utility, looks[arm], theme)
    axes.set_xlabel("Forgetting (right is better)")
    axes.set_ylabel("Utility (up is better)")


def _lines_of_f(axes: Axes, theme: Theme) -> None:
    """Lines of equal F, as many as the scales show, each with its value."""
    (left, right), (bottom, top) = axes.get_xlim(), axes.get_ylim()
    across, up = np.meshgrid(np.linspace(left, right, 60), np.linspace(bottom, top, 60))
    lines = axes.contour(across, up, across * up, levels=6, colors=theme.line, linewidths=0.9, linestyles="dashed", zorder=1)
    axes.clabel(lines, fmt="F = %g", fontsize=8.5, colors=theme.muted)
    axes.grid(visible=False)


def _epochs_at_signs(axes: Axes, rows: pd.DataFrame, theme: Theme) -> None:
    """The epochs of every milestone, each where it is farthest from other signs and numbers."""
    points = axes.transData.transform(rows[["Forgetting", "Utility"]].to_numpy(float)) * 72 / axes.figure.dpi
    taken = list(points)
    for row, point in zip(rows.itertuples(), points, strict=True):
        if not row.epochs:
            continue
        others = np.array([other for other in taken if other is not point])
        free = [np.min(np.hypot(*(others - point - place).T), initial=99) for place in np.array(PLACES)]
        place = PLACES[int(np.argmax(np.minimum(free, 12)))]
        taken.append(point + place)
        at, text = (row.Forgetting, row.Utility), str(row.epochs)
        more = {"textcoords": "offset points", "ha": "center", "va": "center", "size": 8.5, "color": theme.ink, "zorder": 4}
        axes.annotate(text, at, place, **more)
