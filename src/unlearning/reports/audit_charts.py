"""What the figures of an audit draw: curves of attack, likeness and error by age, and histograms of errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from unlearning.evaluation.audit.audit import Audit, Witnesses
from unlearning.evaluation.audit.panel import panel_of
from unlearning.evaluation.ground import MODELS, Ground, NotKnownError, Witness
from unlearning.evaluation.numbers import attacks
from unlearning.reports.charts import blend, counted, heading, legend_room, legend_under_title, shorten, stack
from unlearning.reports.style import Theme

VERSION = "version"
NAMES = {VERSION: "this version", "original": "original", "retrained": "retrained", "second": "another retrained"}
LINES = {VERSION: "-", "original": "-.", "retrained": "--", "second": ":"}
COLOURS = {VERSION: 3, "original": 0, "retrained": 1, "second": 1}


@dataclass(frozen=True)
class Answers:
    """The models of an audit on its faces, without resamples.

    Args:
        ground: the faces; pairs of forgotten and unseen faces are drawn as the audit drew them.
        models: by role, the version last, so that it is drawn above the others.
    """

    ground: Ground
    models: Mapping[str, Witness]

    def some(self, *roles: str) -> dict[str, Witness]:
        """Those of the roles that are there."""
        return {role: model for role, model in self.models.items() if role in roles}

    def need(self, role: str) -> Witness:
        """A model; NotKnownError when it is missing."""
        if role not in self.models:
            raise NotKnownError(f"no {MODELS[role]}")
        return self.models[role]


def answers(audit: Audit, witnesses: Witnesses) -> Answers:
    """Line up the witnesses as the audit did."""
    panel = panel_of(witnesses.case(), {}, resamples=0, seed=audit.settings.seed)
    order = ("original", "retrained", "second", VERSION)
    return Answers(panel.ground, {role: panel.models[role].subject for role in order if role in panel.models})


def absolute(model: Witness, rows: np.ndarray) -> np.ndarray:
    """Absolute errors, in years."""
    return np.abs(model.errors(rows))


def look(role: str, theme: Theme) -> dict:
    """How a model's line is drawn."""
    broad = 2.2 if role == VERSION else 1.5
    return {"color": theme.models[COLOURS[role]], "linestyle": LINES[role], "linewidth": broad}


def keys(roles: Mapping[str, object], theme: Theme) -> list[Artist]:
    """The legend's entries, the version first."""
    ordered = sorted(roles, key=list(NAMES).index)
    return [Line2D([], [], label=NAMES[role], **look(role, theme)) for role in ordered]


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


TITLES = {"forget": "faces it was asked to forget", "test_in_range": "faces like them that no model ever saw"}
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
