"""Histograms of an audit's errors: all models of one version on two kinds of faces, and many versions below each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from unlearning.evaluation.ground import Ground, NotKnownError
from unlearning.reports.audit_looks import VERSION, Answers, keys, look
from unlearning.reports.charts import blend, counted, heading, legend_room, legend_under_title, shorten, stack
from unlearning.reports.style import Theme

TITLES = {"forget": "faces it was asked to forget", "test_in_range": "faces like them that no model ever saw"}
SHOWN = ("original", "retrained", VERSION)
MOST_BARS, BARS_OF_ONE, TAIL = 60, 5, 0.005
HEIGHT, LOW_HEIGHT = 2.1, 1.1
MOST_VERSIONS, LONGEST_LABEL = 12, 40


def errors(found: Answers, theme: Theme) -> Figure:
    """Signed errors of original, retrained model and version: on the forget set, and on test faces that the rule describes."""
    models = found.some(*SHOWN)
    parts = {"forget": found.ground.faces("forget")} | _some_unseen(found.ground)
    values = {part: {role: model.errors(rows) for role, model in models.items()} for part, rows in parts.items()}
    edges = _edges([own for by_role in values.values() for own in by_role.values()])
    figure, panels = stack("Errors on the faces to forget", len(parts), HEIGHT, top=legend_room(len(models), 3))
    legend_under_title(figure, keys(models, theme), 3)
    for axes, (part, by_role) in zip(panels, values.items(), strict=True):
        _shapes(axes, by_role, edges, theme)
        heading(axes, TITLES[part], counted(len(parts[part]), "face"))
    _share_errors(panels, edges, theme)
    return figure


def versions(several: Mapping[str, Answers], theme: Theme) -> Figure:
    """Signed errors on the forget set, a panel a version, each beside its original and its retrained model."""
    shown = dict(list(several.items())[:MOST_VERSIONS])
    values = {}
    for label, found in shown.items():
        rows = found.ground.faces("forget")
        values[label] = {role: model.errors(rows) for role, model in found.some(*SHOWN).items()}
    edges = _edges([own for by_role in values.values() for own in by_role.values()])
    roles = {role: None for by_role in values.values() for role in by_role}
    figure, panels = stack("Errors on the faces to forget", len(shown), LOW_HEIGHT, top=legend_room(len(roles), 3))
    legend_under_title(figure, keys(roles, theme), 3)
    for axes, (label, by_role) in zip(panels, values.items(), strict=True):
        _shapes(axes, by_role, edges, theme)
        heading(axes, shorten(label, LONGEST_LABEL), f"average error {np.abs(by_role[VERSION]).mean():.2f} years")
    _share_errors(panels, edges, theme)
    return figure


def _some_unseen(ground: Ground) -> dict[str, np.ndarray]:
    """The test faces that the rule describes, where there are any: a rule that names single people describes none."""
    try:
        return {"test_in_range": ground.faces("test_in_range")}
    except NotKnownError:
        return {}


def _edges(values: Sequence[np.ndarray]) -> np.ndarray:
    """Borders of bars of whole years, for nearly all errors of all models; the outermost bars hold what lies beyond.

    There are so few that also the smallest group of faces has a shape.
    """
    bars = min(MOST_BARS, BARS_OF_ONE * min(len(own) for own in values) ** (1 / 3))
    low = np.floor(min(np.quantile(own, TAIL) for own in values))
    high = np.ceil(max(np.quantile(own, 1 - TAIL) for own in values))
    step = max(1.0, np.ceil((high - low) / bars))
    return np.arange(low, max(high, low + step) + step, step)


def _shapes(axes: Axes, by_role: Mapping[str, np.ndarray], edges: np.ndarray, theme: Theme) -> None:
    """Outlines, the retrained model's filled, because that is the shape to reach."""
    for role, values in by_role.items():
        inside = np.clip(values, edges[0], np.nextafter(edges[-1], edges[0]))
        shares = 100 * np.histogram(inside, edges)[0] / len(values)
        if role == "retrained":
            axes.stairs(shares, edges, fill=True, color=blend(theme.muted, theme.paper, 0.25), zorder=1)
        axes.stairs(shares, edges, **look(role, theme), zorder=3 if role == VERSION else 2)
    axes.axvline(0, color=theme.muted, linewidth=0.8)


def _share_errors(panels: list[Axes], edges: np.ndarray, theme: Theme) -> None:
    for axes in panels:
        axes.set_xlim(edges[0], edges[-1])
        axes.set_ylim(bottom=0)
        axes.locator_params(axis="y", nbins=4)
        axes.set_ylabel("faces (%)")
    for axes in panels[:-1]:
        axes.tick_params(labelbottom=False)
    panels[-1].set_xlabel("answer \N{MINUS SIGN} true age (years)")
