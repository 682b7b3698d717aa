"""Curves of an audit: the attack, the likeness to retraining face by face, and the average error by age."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from unlearning.evaluation import attacks
from unlearning.evaluation.ground import Ground, NotKnownError
from unlearning.reports.audit_looks import NAMES, VERSION, Answers, absolute, keys, look
from unlearning.reports.charts import blend, counted, heading, legend_room, legend_under_title, stack
from unlearning.reports.style import Theme

POINTS = 200
SQUARE = 4.4
STEPS_OF_AGE = (1, 2, 5, 10)
FEWEST_AN_AGE = 8
SHOWN = ("original", "retrained", VERSION)


def attack(found: Answers, theme: Theme) -> Figure:
    """True against false positives of the threshold attack by abs(e), on the pairs of the audit."""
    pairs, models = found.ground.pairs, found.some(*SHOWN)
    figure, (axes,) = stack("Can an attacker tell who was trained on?", 1, SQUARE, top=legend_room(len(models), 2))
    named = []
    for role, model in models.items():
        members, others = -absolute(model, pairs.members), -absolute(model, pairs.others)
        axes.plot(*_rates(members, others), **look(role, theme))
        auc = float(attacks.auc(attacks.count(members, others))[0])
        named.append(Line2D([], [], label=f"{NAMES[role]}: AUC {auc:.2f}", **look(role, theme)))
    legend_under_title(figure, named[::-1], 2)
    axes.plot([0, 100], [0, 100], color=theme.muted, linewidth=0.8)
    axes.set_aspect("equal", adjustable="box", anchor="W")
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 100)
    axes.set_xlabel("unseen faces taken for known (%)")
    axes.set_ylabel("forgotten faces found (%)")
    return figure


def _rates(members: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """False and true positive rates in percent, from the strictest threshold to the one that calls everybody known."""
    limits = np.unique(np.concatenate([members, others]))[::-1]
    if len(limits) > POINTS:
        limits = limits[np.unique(np.linspace(0, len(limits) - 1, POINTS).round().astype(int))]
    found = [100 * (len(part) - np.searchsorted(np.sort(part), limits)) / len(part) for part in (others, members)]
    return tuple(np.concatenate([[0.0], rates]) for rates in found)


def face_by_face(found: Answers, theme: Theme) -> Figure:
    """f = exp(-abs(abs(r) - abs(e)) / alpha) of every forgotten face beside the retrained model, ascending."""
    rows, alpha = found.ground.faces("forget"), found.ground.alpha
    reference = absolute(found.need("retrained"), rows)
    models = found.some("original", "second", VERSION)
    figure, (axes,) = stack("Likeness to retraining, face by face", 1, 2.6, top=legend_room(len(models), 3))
    legend_under_title(figure, keys(models, theme), 3)
    shares = np.linspace(0, 1, min(POINTS, max(len(rows), 2)))
    for role, model in models.items():
        scores = np.exp(-np.abs(reference - absolute(model, rows)) / alpha)
        axes.plot(100 * shares, np.quantile(scores, shares), **look(role, theme))
    axes.set_xlim(0, 100)
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("forgotten faces (%), the least alike first")
    axes.set_ylabel("f")
    heading(axes, f"f with alpha = {alpha:g} years", counted(len(rows), "face"))
    return figure


def by_age(found: Answers, theme: Theme) -> Figure:
    """Mean absolute error by age, on forgotten training and validation faces and on test faces."""
    models, ground = found.some(*SHOWN), found.ground
    parts = {part: rows for part in ("forget", "test") if len(rows := ground.rows[part][~ground.copies[ground.rows[part]]])}
    if not parts:
        raise NotKnownError("there is nobody to forget, and there are no test faces")
    titles = {"forget": "faces it was asked to forget", "test": "test faces, which no model ever saw"}
    figure, panels = stack("Average error by age", len(parts), 2.0, top=legend_room(len(models), 3))
    legend_under_title(figure, keys(models, theme), 3)
    every = ground.ages[np.concatenate(list(parts.values()))]
    for axes, (part, rows) in zip(panels, parts.items(), strict=True):
        step = _step(ground.ages[rows])
        _shade(axes, ground, theme)
        for role, model in models.items():
            axes.plot(*_means(ground.ages[rows], absolute(model, rows), step), **look(role, theme))
        years = "" if step == 1 else f", {step} years together"
        heading(axes, titles[part], counted(len(rows), "face") + years)
        axes.set_xlim(every.min() - 1, every.max() + 1)
        axes.set_ylim(bottom=0)
        axes.set_ylabel("years")
    for axes in panels[:-1]:
        axes.tick_params(labelbottom=False)
    panels[-1].set_xlabel("age (years)")
    return figure


def _step(ages: np.ndarray) -> int:
    """How many years must be taken together, so that most of them have enough faces."""
    for step in STEPS_OF_AGE:
        counts = np.unique(np.floor(ages / step), return_counts=True)[1]
        if np.median(counts) >= FEWEST_AN_AGE:
            return step
    return STEPS_OF_AGE[-1]


def _means(ages: np.ndarray, errors: np.ndarray, step: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean age and mean error of each span of ages that has a face; a gap in the ages breaks the line."""
    spans = np.floor(ages / step).astype(np.int64)
    start = spans.min()
    counts, *sums = (np.bincount(spans - start, weights) for weights in (None, ages, errors))
    with np.errstate(invalid="ignore"):
        return sums[0] / counts, sums[1] / counts


def _shade(axes: Axes, ground: Ground, theme: Theme) -> None:
    """Ages of which most training faces were forgotten."""
    years = np.floor(ground.ages).astype(np.int64)
    trained = np.bincount(years[ground.rows["train"]], minlength=years.max() + 1)
    forgotten = np.bincount(years[ground.forgotten], minlength=years.max() + 1)
    marked = np.concatenate([[0], forgotten > trained / 2, [0]]).astype(np.int64)
    starts, ends = (np.flatnonzero(np.diff(marked) == turn) for turn in (1, -1))
    for start, end in zip(starts, ends, strict=True):
        axes.axvspan(start - 0.5, end - 0.5, color=blend(theme.plain, theme.paper, 0.18), linewidth=0, zorder=0)
