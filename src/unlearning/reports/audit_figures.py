"""The figures of an audit: what each draws of the models' answers, and AUDIT_FIGURES, their visible registry."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from unlearning.evaluation.audit.audit import Audit
from unlearning.evaluation.audit.panel import panel_of
from unlearning.evaluation.case import Case
from unlearning.evaluation.ground import MODELS, Ground, NotKnownError, Witness
from unlearning.evaluation.numbers import attacks
from unlearning.evaluation.on_models.handed import NOTHING, VERSION
from unlearning.naming import counted
from unlearning.reports.charts import blend, heading, share_scale, shorten, stack
from unlearning.reports.page import by_function
from unlearning.reports.style import THEMES, Theme, styled, svg
from unlearning.targets import Target

NAMES = {VERSION: "this version", "original": "original", "retrained": "retrained", "second": "another retrained"}
LINES = {VERSION: "-", "original": "-.", "retrained": "--", "second": ":"}
COLOURS = {VERSION: 3, "original": 0, "retrained": 1, "second": 1}
SHOWN = ("original", "retrained", VERSION)
POINTS, SQUARE = 200, 4.4
STEPS_OF_AGE, FEWEST_AN_AGE = (1, 2, 5, 10), 8
TITLES = {
    "forget": "faces it was asked to forget",
    "test": "test faces, which no model ever saw",
    "test_in_range": "faces like them that no model ever saw",
}
MOST_BARS, BARS_OF_ONE, TAIL = 60, 5, 0.005
HEIGHT, LOW_HEIGHT = 2.1, 1.1
MOST_VERSIONS, LONGEST_LABEL = 12, 40


@dataclass(frozen=True)
class Answers:
    """The models of an audit on its faces, without resamples."""

    ground: Ground  # the faces; pairs of forgotten and unseen faces are drawn as the audit drew them
    models: Mapping[str, Witness]  # by role, the version last, so that it is drawn above the others

    def some(self, *roles: str) -> dict[str, Witness]:
        """Those of the roles that are there."""
        return {role: model for role, model in self.models.items() if role in roles}

    def errors(self, rows: np.ndarray) -> dict[str, np.ndarray]:
        """Signed errors of original, retrained model and version at some positions, in years."""
        return {role: model.errors(rows) for role, model in self.some(*SHOWN).items()}


def answers_of(audit: Audit, case: Case) -> Answers:
    """Line up the models as the audit did."""
    panel = panel_of(case, NOTHING, resamples=0, seed=audit.settings.seed)
    order = ("original", "retrained", "second", VERSION)
    return Answers(panel.ground, {role: panel.models[role].subject for role in order if role in panel.models})


def _look(role: str, theme: Theme) -> dict:
    """How a model's line is drawn."""
    width = 2.2 if role == VERSION else 1.5
    return {"color": theme.models[COLOURS[role]], "linestyle": LINES[role], "linewidth": width}


def _keys(roles: Iterable[str], theme: Theme) -> list[Artist]:
    """The legend's entries, the version first."""
    return [Line2D([], [], label=NAMES[role], **_look(role, theme)) for role in NAMES if role in set(roles)]


def attack(answers: Answers, theme: Theme) -> Figure:
    """True against false positives of the threshold attack by abs(e), on the pairs of the audit."""
    pairs = answers.ground.pairs
    scores = {
        role: (-np.abs(model.errors(pairs.members)), -np.abs(model.errors(pairs.others)))
        for role, model in answers.some(*SHOWN).items()
    }
    keys = _keys(scores, theme)
    for key, role in zip(keys, (role for role in NAMES if role in scores), strict=True):
        auc = float(attacks.auc(attacks.count(*scores[role]))[0])
        key.set_label(f"{NAMES[role]}: AUC {auc:.2f}")
    figure, (axes,) = stack("Can an attacker tell which faces were trained on?", 1, SQUARE, keys=keys, columns=2)
    for role, (members, others) in scores.items():
        axes.plot(*_rates(members, others), **_look(role, theme))
    axes.plot([0, 100], [0, 100], color=theme.muted, linewidth=0.8)
    axes.set_aspect("equal", adjustable="box", anchor="W")
    axes.set(xlim=(0, 100), ylim=(0, 100), xlabel="unseen faces taken for known (%)", ylabel="forgotten faces found (%)")
    return figure


def _rates(members: np.ndarray, others: np.ndarray) -> tuple[np.ndarray, ...]:
    """False and true positive rates in percent, from the strictest threshold to the one that calls every face known."""
    limits = np.unique(np.concatenate([members, others]))[::-1]
    if len(limits) > POINTS:
        limits = limits[np.unique(np.linspace(0, len(limits) - 1, POINTS).round().astype(int))]
    rates = [100 * (len(part) - np.searchsorted(np.sort(part), limits)) / len(part) for part in (others, members)]
    return tuple(np.concatenate([[0.0], each]) for each in rates)


def face_by_face(answers: Answers, theme: Theme) -> Figure:
    """f = exp(-abs(abs(r) - abs(e)) / alpha) of every forgotten face beside the retrained model, ascending."""
    rows, alpha = answers.ground.faces("forget"), answers.ground.alpha
    if "retrained" not in answers.models:
        raise NotKnownError(f"no {MODELS['retrained']}")
    reference = np.abs(answers.models["retrained"].errors(rows))
    models = answers.some("original", "second", VERSION)
    figure, (axes,) = stack("Likeness to retraining, face by face", 1, 2.6, keys=_keys(models, theme), columns=3)
    shares = np.linspace(0, 1, min(POINTS, max(len(rows), 2)))
    for role, model in models.items():
        scores = np.exp(-np.abs(reference - np.abs(model.errors(rows))) / alpha)
        axes.plot(100 * shares, np.quantile(scores, shares), **_look(role, theme))
    axes.set(xlim=(0, 100), ylim=(0, 1.02), xlabel="forgotten faces (%), the least alike first", ylabel="f")
    heading(axes, f"f with alpha = {alpha:g} {answers.ground.target.unit}".rstrip(), counted(len(rows), "face"))
    return figure


def _faces(ground: Ground, *parts: str) -> dict[str, np.ndarray]:
    """Positions of the faces of those parts that have any, without copies."""
    return {part: ground.sources[part] for part in parts if len(ground.sources[part])}


def by_age(answers: Answers, theme: Theme) -> Figure:
    """Mean absolute error by age, on forgotten training and validation faces and on test faces."""
    ground, parts = answers.ground, _faces(answers.ground, "forget", "test")
    target, scale = ground.target, ground.target.scale
    if not target.numeric:
        raise NotKnownError(f"{target.name} has classes: errors_by_age.csv has the error of each")
    if not parts:
        raise NotKnownError("there is nobody to forget, and there are no test faces")
    keys = _keys(answers.some(*SHOWN), theme)
    figure, panels = stack(target.told("Average error by age"), len(parts), 2.0, keys=keys, columns=3)
    every = ground.ages[np.concatenate(list(parts.values()))]
    for axes, (part, rows) in zip(panels, parts.items(), strict=True):
        step = _step(ground.strata[rows])
        _shade(axes, ground, theme)
        for role, errors in answers.errors(rows).items():
            axes.plot(*_means(ground.ages[rows], np.abs(errors), step * scale), **_look(role, theme))
        years = "" if step == 1 else f", {step * scale:g} {target.unit} together"
        heading(axes, TITLES[part], counted(len(rows), "face") + years)
        axes.set(xlim=(every.min() - scale, every.max() + scale), ylim=(0, None), ylabel=target.unit)
    share_scale(panels, target.axis)
    return figure


def _step(ages: np.ndarray) -> int:
    """How many years must be taken together, so that most of them have enough faces."""
    for step in STEPS_OF_AGE:
        counts = np.unique(np.floor(ages / step), return_counts=True)[1]
        if np.median(counts) >= FEWEST_AN_AGE:
            return step
    return STEPS_OF_AGE[-1]


def _means(ages: np.ndarray, errors: np.ndarray, step: float) -> tuple[np.ndarray, np.ndarray]:
    """Mean age and mean error of each span of ages that has a face; a gap in the ages breaks the line."""
    spans = np.floor(ages / step).astype(np.int64)
    spans -= spans.min()
    with np.errstate(invalid="ignore"):
        return tuple(np.bincount(spans, values) / np.bincount(spans) for values in (ages, errors))


def _shade(axes: Axes, ground: Ground, theme: Theme) -> None:
    """Ages of which most training faces were forgotten."""
    years, scale = np.floor(ground.strata).astype(np.int64), ground.target.scale
    first = ground.ages.min() - ground.strata.min() * scale
    trained = np.bincount(years[ground.rows["train"]], minlength=years.max() + 1)
    forgotten = np.bincount(years[ground.forgotten], minlength=years.max() + 1)
    marked = np.concatenate([[0], forgotten > trained / 2, [0]]).astype(np.int64)
    starts, ends = (np.flatnonzero(np.diff(marked) == turn) for turn in (1, -1))
    for start, end in zip(starts, ends, strict=True):
        span = (first + (edge - 0.5) * scale for edge in (start, end))
        axes.axvspan(*span, color=blend(theme.plain, theme.paper, 0.18), linewidth=0, zorder=0)


def errors(answers: Answers, theme: Theme) -> Figure:
    """Signed errors of original, retrained model and version: on the forget set, and on test faces that the rule describes.

    A rule that names single pictures describes no test face.
    """
    parts = {"forget": answers.ground.faces("forget")} | _faces(answers.ground, "test_in_range")
    panels = [(TITLES[part], counted(len(rows), "face"), answers.errors(rows)) for part, rows in parts.items()]
    return _histograms(panels, HEIGHT, answers.ground.target, theme)


def versions(several: Mapping[str, Answers], theme: Theme) -> Figure:
    """Signed errors on the forget set, a panel a version, each beside its original and its retrained model."""
    panels, target = [], next(iter(several.values())).ground.target
    for label, answers in list(several.items())[:MOST_VERSIONS]:
        by_role = answers.errors(answers.ground.faces("forget"))
        remark = f"average error {np.abs(by_role[VERSION]).mean():.2f} {target.unit}".rstrip()
        panels.append((shorten(label, LONGEST_LABEL), remark, by_role))
    return _histograms(panels, LOW_HEIGHT, target, theme)


def _histograms(panels: list[tuple[str, str, dict[str, np.ndarray]]], height: float, target: Target, theme: Theme) -> Figure:
    """A panel for each title, remark and errors of the models; all on one scale."""
    edges = target.scale * _edges([errors / target.scale for *_, by_role in panels for errors in by_role.values()])
    keys = _keys({role for *_, by_role in panels for role in by_role}, theme)
    figure, rows = stack("Errors on the faces to forget", len(panels), height, keys=keys, columns=3)
    for axes, (title, remark, by_role) in zip(rows, panels, strict=True):
        _shapes(axes, by_role, edges, theme)
        heading(axes, title, remark)
        axes.set(xlim=(edges[0], edges[-1]), ylim=(0, None), ylabel="faces (%)")
        axes.locator_params(axis="y", nbins=4)
    numbers = f"answer \N{MINUS SIGN} true {target.axis}"
    share_scale(rows, numbers if target.numeric else f"probability of the true {target.name} \N{MINUS SIGN} 1")
    return figure


def _edges(several: list[np.ndarray]) -> np.ndarray:
    """Borders of bars of whole years, for nearly all errors of all models; the outermost bars hold what lies beyond.

    There are so few that also the smallest group of faces has a shape.
    """
    bars = min(MOST_BARS, BARS_OF_ONE * min(map(len, several)) ** (1 / 3))
    low = np.floor(min(np.quantile(errors, TAIL) for errors in several))
    high = np.ceil(max(np.quantile(errors, 1 - TAIL) for errors in several))
    step = max(1.0, np.ceil((high - low) / bars))
    return np.arange(low, max(high, low + step) + step, step)


def _shapes(axes: Axes, by_role: Mapping[str, np.ndarray], edges: np.ndarray, theme: Theme) -> None:
    """Outlines, the retrained model's filled, because that is the shape to reach."""
    for role, values in by_role.items():
        inside = np.clip(values, edges[0], np.nextafter(edges[-1], edges[0]))
        shares = 100 * np.histogram(inside, edges)[0] / len(values)
        if role == "retrained":
            axes.stairs(shares, edges, fill=True, color=blend(theme.muted, theme.paper, 0.25), zorder=1)
        axes.stairs(shares, edges, **_look(role, theme), zorder=3 if role == VERSION else 2)
    axes.axvline(0, color=theme.muted, linewidth=0.8)


AUDIT_FIGURES = by_function(errors, face_by_face, attack, by_age)


@dataclass(frozen=True)
class Drawn:
    """An audit's figures: SVG texts by theme and name, and why a figure is not there, by name."""

    pictures: dict[str, dict[str, str]]
    missing: dict[str, str]


def render_audit(audit: Audit, case: Case) -> Drawn:
    """Every figure that can be drawn, on every paper."""
    answers = answers_of(audit, case)
    drawn = Drawn({theme: {} for theme in THEMES}, {})
    for theme in THEMES.values():
        with styled(theme):
            for name, figure in AUDIT_FIGURES.items():
                try:
                    drawn.pictures[theme.name][name] = svg(figure(answers, theme))
                except NotKnownError as reason:
                    drawn.missing[name] = str(reason)
    return drawn
