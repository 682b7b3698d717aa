"""Figures of the scores: by epochs, by forget set, by alpha, against each other, and with the labels of the published code."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FixedLocator

from unlearning.data.settings import GROUPS
from unlearning.experiments.plan import ORIGINAL, RETRAINED
from unlearning.experiments.published import ALPHAS
from unlearning.experiments.results import POOLED
from unlearning.reports import model_looks
from unlearning.reports.charts import heading, stack
from unlearning.reports.model_looks import Look, of
from unlearning.reports.study_tables import FIRST, SHOWN, Numbers
from unlearning.reports.style import Theme
from unlearning.reports.words import is_as_published, metric_name

ASIDE = 0.03
HEIGHT, SCALE, COLUMNS = 2.7, 0.45, 3
SMALLEST_SPAN, ROOM = 0.02, 0.15
PLACES = np.array([(0, 9), (9, 0), (-9, 0), (0, -10), (8, 7), (-8, 7), (8, -8), (-8, -8), (0, 17), (0, -18)])
SCORES = ("Utility", "Forgetting", "F")


def _panels(title: str, metrics: tuple[str, ...], keys: list, columns: int, height: float = 1.45) -> tuple[Figure, list[Axes]]:
    """One panel a metric under a legend."""
    figure, panels = stack(title, len(metrics), height, keys=keys, columns=columns)
    for axes, metric in zip(panels, metrics, strict=True):
        heading(axes, metric_name(metric), "lower is better" if metric == "test_mae" else "higher is better")
        axes.locator_params(axis="y", nbins=5)
    return figure, panels


def epochs(numbers: Numbers, theme: Theme) -> Figure | None:
    """Utility, Forgetting and F of FT and RND by epochs, ours and published."""
    table = numbers.tables.get("tables_4_to_7")
    if table is None:
        return None
    looks = model_looks.looks(numbers.results, theme)
    keys = [model_looks.key(looks[arm], theme) for arm in ("ft", "rnd")]
    keys += [model_looks.key(looks[ORIGINAL], theme, "-."), model_looks.key(looks[RETRAINED], theme, ":")]
    keys += [model_looks.seed_key(theme), model_looks.published_key(theme)]
    figure, panels = _panels("Scores by epochs of unlearning", SCORES, keys, 3)
    for axes, metric in zip(panels, SCORES, strict=True):
        chosen = of(table, metric=metric)
        for aside, arm in ((-ASIDE, "ft"), (ASIDE, "rnd")):
            rows = of(chosen, model=arm)
            at = np.log2(rows.epochs) + aside
            model_looks.published(axes, at, rows.published, looks[arm], theme)
            model_looks.ours(axes, at, rows.ours, looks[arm], theme)
            _seeds_by_epochs(axes, numbers.scores, arm, metric, looks[arm], 3 * aside)
        for arm in (ORIGINAL, RETRAINED):
            for value in of(chosen, model=arm).ours:
                model_looks.level(axes, value, looks[arm])
    _epoch_scale(panels, table.epochs)
    return figure


def _seeds_by_epochs(axes: Axes, scores: pd.DataFrame, arm: str, metric: str, look: Look, aside: float) -> None:
    rows = of(scores, forget_set=FIRST, arm=arm)
    rows = rows[rows.seed != POOLED]
    model_looks.seeds(axes, np.log2(rows.epochs) + aside, rows[metric], look)


def _epoch_scale(panels: list[Axes], epochs_shown: pd.Series) -> None:
    """Doublings of epochs, written as epochs under the last panel."""
    marks = sorted({int(epochs) for epochs in epochs_shown if epochs > 0})
    for axes in panels:
        axes.set_xlim(np.log2(marks[0]) - 0.35, np.log2(marks[-1]) + 0.35)
        axes.xaxis.set_major_locator(FixedLocator(np.log2(marks)))
        axes.set_xticklabels([])
    panels[-1].set_xticklabels(marks)
    panels[-1].set_xlabel("epochs of unlearning")


def forget_sets(numbers: Numbers, theme: Theme) -> Figure | None:
    """Utility, Forgetting and F of original, FT and RND in the five groups, ours and published."""
    table = numbers.tables.get("table_8")
    if table is None:
        return None
    looks = model_looks.looks(numbers.results, theme)
    keys = [model_looks.key(looks[arm], theme, "none") for arm in SHOWN] + [model_looks.published_key(theme, line=False)]
    figure, panels = _panels("Scores by forget set", SCORES, keys, 4)
    for axes, metric in zip(panels, SCORES, strict=True):
        for place, arm in enumerate(SHOWN):
            _by_group(axes, of(table, metric=metric, model=arm), looks[arm], (place - 1) * 0.26, theme)
        axes.set_xticks(range(len(GROUPS)), [])
        axes.set_xlim(-0.5, len(GROUPS) - 0.5)
        axes.vlines(
            np.arange(1, len(GROUPS)) - 0.5, 0, 1, color=theme.line, linewidth=0.5, transform=axes.get_xaxis_transform()
        )
    panels[-1].set_xticklabels([group.replace("-", "\N{EN DASH}") for group in GROUPS])
    panels[-1].set_xlabel("forget set (ages, both ends included)")
    return figure


def _by_group(axes: Axes, rows: pd.DataFrame, look: Look, aside: float, theme: Theme) -> None:
    """Ours with its standard deviation over the seeds, and the study's number just right of it."""
    at = np.array([GROUPS.index(group) for group in rows.forget_set]) + aside
    axes.errorbar(at, rows.ours, rows.sd.fillna(0), color=look.colour, linestyle="none", linewidth=1.4, capsize=2.5, zorder=2)
    model_looks.ours(axes, at, rows.ours, look, theme, linestyle="none")
    model_looks.published(axes, at + 0.09, rows.published, look, theme, line=False)


def alpha(numbers: Numbers, theme: Theme) -> Figure | None:
    """Forgetting of original, FT and RND by alpha, ours and published."""
    table = numbers.tables.get("table_3")
    if table is None:
        return None
    looks = model_looks.looks(numbers.results, theme)
    keys = [model_looks.key(looks[arm], theme) for arm in SHOWN] + [model_looks.published_key(theme)]
    figure, (axes,) = _panels("Forgetting by alpha", ("Forgetting",), keys, 4, 3.0)
    for arm in SHOWN:
        rows = of(table, model=arm)
        model_looks.published(axes, rows.alpha, rows.published, looks[arm], theme)
        model_looks.ours(axes, rows.alpha, rows.ours, looks[arm], theme)
    axes.set(xticks=ALPHAS, xlabel="alpha (years)")
    return figure


def defect(numbers: Numbers, theme: Theme) -> Figure | None:
    """Test MAE and Forgetting by epochs: RND by the text, RND as published, and the study's RND."""
    table = numbers.tables.get("defect")
    if table is None:
        return None
    looks = model_looks.looks(numbers.results, theme)
    arms = [arm for arm in dict.fromkeys(table.model) if arm == "rnd" or is_as_published(arm)]
    keys = [model_looks.key(looks[arm], theme) for arm in arms]
    guess = Line2D([], [], color=theme.muted, linestyle=":", label="always the median age")
    keys += [model_looks.published_key(theme, name="the study's RND"), model_looks.seed_key(theme), guess]
    figure, panels = _panels("RND with the labels of the published code", ("test_mae", "Forgetting"), keys, 3, 1.7)
    for axes, metric in zip(panels, ("test_mae", "Forgetting"), strict=True):
        for arm in arms:
            rows = of(table, metric=metric, model=arm)
            model_looks.ours(axes, np.log2(rows.epochs), rows.ours, looks[arm], theme)
            _seeds_by_epochs(axes, numbers.scores, arm, metric, looks[arm], 2 * ASIDE)
        study = of(table, metric=metric)
        study = study[study.model.map(is_as_published)].drop_duplicates("epochs")
        model_looks.published(axes, np.log2(study.epochs), study.published, looks["rnd"], theme)
    panels[0].axhline(
        of(numbers.scores, forget_set=FIRST).median_guess_mae.mean(), color=theme.muted, linestyle=":", zorder=1.5
    )
    _epoch_scale(panels, table.epochs)
    return figure


def tradeoff(numbers: Numbers, theme: Theme) -> Figure | None:
    """Utility against Forgetting of every arm of the first forget set, over lines of equal F; once all, once the crowd."""
    table = numbers.tables.get("all", pd.DataFrame(columns=["forget_set", "arm", "epochs", "Utility", "Forgetting"]))
    rows = of(table, forget_set=FIRST)
    rows = rows[np.isfinite(rows[["Utility", "Forgetting"]].astype(float)).all(axis=1)]
    if not (rows.epochs > 0).any():
        return None
    looks = model_looks.looks(numbers.results, theme)
    arms = list(dict.fromkeys(rows.arm))
    keys = [model_looks.key(looks[arm], theme, "-" if of(rows, arm=arm).epochs.any() else "none") for arm in arms]
    near = rows[(rows.arm != RETRAINED) & ~rows.arm.map(is_as_published).astype(bool)]
    views = {"all models": rows} | ({"original and unlearned": near} if (near.epochs > 0).any() else {})
    figure, panels = stack("Utility and Forgetting of every model", len(views), HEIGHT, SCALE, keys, COLUMNS)
    for axes, (title, shown) in zip(panels, views.items(), strict=True):
        _view(axes, shown, looks, theme)
        heading(axes, title, "dashed: equal F = Utility \N{MULTIPLICATION SIGN} Forgetting")
    _epochs_at_signs(panels[-1], near if len(views) > 1 else rows, theme)
    return figure


def _view(axes: Axes, rows: pd.DataFrame, looks: dict[str, Look], theme: Theme) -> None:
    for values, limit in ((rows.Forgetting, axes.set_xlim), (rows.Utility, axes.set_ylim)):
        span = max(values.max() - values.min(), SMALLEST_SPAN)
        limit(values.min() - ROOM * span, values.max() + ROOM * span)
    _lines_of_f(axes, theme)
    for arm in dict.fromkeys(rows.arm):
        chosen = of(rows, arm=arm).sort_values("epochs")
        model_looks.ours(axes, chosen.Forgetting, chosen.Utility, looks[arm], theme)
    axes.set(xlabel="Forgetting (right is better)", ylabel="Utility (up is better)")


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
        free = [np.min(np.hypot(*(others - point - place).T), initial=99) for place in PLACES]
        place = PLACES[int(np.argmax(np.minimum(free, 12)))]
        taken.append(point + place)
        at, text = (row.Forgetting, row.Utility), str(row.epochs)
        more = {"textcoords": "offset points", "ha": "center", "va": "center", "size": 8.5, "color": theme.ink, "zorder": 4}
        axes.annotate(text, at, place, **more)
