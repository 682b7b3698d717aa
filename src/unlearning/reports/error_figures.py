"""Figures of errors: Forgetting's formula, the errors of a hundred test faces, and how errors are distributed."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from unlearning.data.labels import labels_of
from unlearning.evaluation.case import Case
from unlearning.experiments.plan import ORIGINAL, RETRAINED
from unlearning.experiments.published import ALPHAS
from unlearning.experiments.results import Outcome, Results
from unlearning.naming import counted
from unlearning.reports import model_looks
from unlearning.reports.charts import heading, note, share_scale, stack
from unlearning.reports.model_looks import Look
from unlearning.reports.study_tables import FIRST, Numbers
from unlearning.reports.style import Theme

FARTHEST, USUAL = 40.0, 15
SAMPLES, SAMPLE_SEED = 100, 0
BINS, POINTS = 80, 160
STYLES = ("-.", ":", "-", "--")


def figure_9(numbers: Numbers, theme: Theme) -> Figure | None:
    """f against E for each alpha, above how often each E was measured for FT and the original."""
    outcomes = [numbers.results.of_ages.find(FIRST, arm, epochs) for arm, epochs in ((ORIGINAL, 0), ("ft", 8))]
    if not all(outcomes):
        return None
    looks = model_looks.looks(numbers.results, theme)
    figure, (above, below) = stack("What a forgotten face counts, by its E", 2, 1.9)
    _curves(above, theme)
    for outcome in outcomes:
        _measured(below, outcome, looks[outcome.arm])
    heading(below, "how often each E was measured", "FT after 8 epochs")
    below.legend(loc="upper right")
    below.set_ylabel("share of faces (%)")
    for axes in (above, below):
        axes.set_xlim(0, FARTHEST)
    share_scale((above, below), "E: difference of the two models' absolute errors (years)")
    return figure


def _curves(axes: Axes, theme: Theme) -> None:
    """Each curve carries its alpha where f is one half, where the curves are farthest apart."""
    difference = np.linspace(0, FARTHEST, POINTS)
    for alpha in ALPHAS:
        usual = alpha == USUAL
        colour, width = (theme.ink, 2.2) if usual else (theme.plain, 1.2)
        axes.plot(difference, np.exp(-difference / alpha), color=colour, linewidth=width)
        paper = {"facecolor": theme.paper, "edgecolor": "none", "pad": 1.2}
        weight = "bold" if usual else "normal"
        axes.text(alpha * np.log(2), 0.5, str(alpha), size=9, ha="center", va="center", weight=weight, bbox=paper)
    axes.set(ylim=(0, 1.02), ylabel="f")
    heading(axes, "f = exp(\N{MINUS SIGN}E / alpha)", "on the lines: alpha in years")


def differences(case: Case) -> np.ndarray:
    """E of every forgotten face, in years."""
    return np.abs(np.abs(case.reference_errors("forget")) - np.abs(case.errors("forget")))


def _measured(axes: Axes, outcome: Outcome, look: Look) -> None:
    """Histogram of E over the faces of all seeds; the last bar has everything beyond the scale."""
    values = np.concatenate([differences(case) for case in outcome.cases])
    edges = np.linspace(0, FARTHEST, BINS + 1)
    counts, _ = np.histogram(np.clip(values, 0, FARTHEST), edges)
    label = f"{look.name}: median {np.median(values):.1f} years"
    style = "-" if outcome.epochs else "--"
    axes.stairs(100 * counts / len(values), edges, color=look.colour, linewidth=1.6, linestyle=style, label=label)


def four(results: Results, epochs: int) -> list[Outcome] | None:
    """Original, retrained, FT and RND after some epochs of the study's first forget set; None unless all were run."""
    passes = {ORIGINAL: 0, RETRAINED: 0, "ft": epochs, "rnd": epochs}
    outcomes = [results.of_ages.find(FIRST, arm, number) for arm, number in passes.items()]
    return outcomes if all(outcomes) else None


def samples(case: Case) -> np.ndarray:
    """Ids of the same hundred test faces for every model and figure (fewer where there are fewer), drawn at random."""
    ids = np.sort(case.version.id[case.mask("test")].to_numpy(dtype=object))
    return np.random.default_rng(SAMPLE_SEED).permutation(ids)[:SAMPLES]


def errors_of(case: Case, ids: np.ndarray) -> np.ndarray:
    """Absolute errors, in years, of some faces, in the order of ``ids``."""
    table = case.version.set_index("id").loc[list(ids)]
    return np.abs(table.predicted.to_numpy(np.float64) - case.target.truth(labels_of(table).to_numpy()))


def figure_11(numbers: Numbers, theme: Theme) -> Figure | None:
    """Absolute errors of the hundred faces with 2 epochs of unlearning."""
    return _hundred(numbers, 2, theme)


def figure_12(numbers: Numbers, theme: Theme) -> Figure | None:
    """Absolute errors of the hundred faces with 16 epochs of unlearning."""
    return _hundred(numbers, 16, theme)


def _hundred(numbers: Numbers, epochs: int, theme: Theme) -> Figure | None:
    """A panel a model, the faces in the order of the retrained model's error, which is drawn into every panel."""
    models = four(numbers.results, epochs)
    if models is None:
        return None
    looks = model_looks.looks(numbers.results, theme)
    ids = samples(models[0].pooled)
    by_arm = {outcome.arm: errors_of(outcome.pooled, ids) for outcome in models}
    order = np.argsort(by_arm[RETRAINED], kind="stable")
    title = f"Errors of {counted(len(ids), 'test face')}, {counted(epochs, 'epoch')} of unlearning"
    figure, panels = stack(title, len(by_arm), 1.0)
    highest = max(errors.max() for errors in by_arm.values())
    for axes, (arm, errors) in zip(panels, by_arm.items(), strict=True):
        _stems(axes, errors[order], looks[arm])
        if arm != RETRAINED:
            reference = by_arm[RETRAINED][order]
            axes.plot(range(len(ids)), reference, color=looks[RETRAINED].colour, linewidth=1.0, drawstyle="steps-mid")
        heading(axes, looks[arm].name, f"mean {errors.mean():.2f} years")
        axes.set(ylim=(0, 1.05 * highest), ylabel="years", xticks=[])
    note(figure, "In the order of the retrained model's error, which the line repeats in each panel.", theme)
    return figure


def _stems(axes: Axes, errors: np.ndarray, look: Look) -> None:
    """One line that is broken between faces: a hundred lines would make a large file."""
    places = np.arange(len(errors))
    up_and_down = np.column_stack([np.zeros_like(errors), errors, np.full_like(errors, np.nan)]).ravel()
    axes.plot(np.repeat(places, 3), up_and_down, color=look.colour, linewidth=0.9)
    axes.plot(places, errors, color=look.colour, marker="o", markersize=2.6, linestyle="none")
    axes.set_xlim(-1, len(errors))


def errors(numbers: Numbers, theme: Theme) -> Figure | None:
    """Which share of the test faces has at most which error, with 2 and with 16 epochs of unlearning."""
    by_epochs = {epochs: models for epochs in (2, 16) if (models := four(numbers.results, epochs))}
    if not by_epochs:
        return None
    looks = model_looks.looks(numbers.results, theme)
    keys = [
        Line2D([], [], color=looks[outcome.arm].colour, linestyle=style, linewidth=1.6, label=looks[outcome.arm].name)
        for outcome, style in zip(next(iter(by_epochs.values())), STYLES, strict=True)
    ]
    figure, panels = stack("Errors on the test faces", len(by_epochs), 2.3, keys=keys, columns=4)
    all_errors = {
        epochs: [np.concatenate([np.abs(case.errors("test")) for case in outcome.cases]) for outcome in models]
        for epochs, models in by_epochs.items()
    }
    farthest = float(max(np.quantile(each, 0.99) for several in all_errors.values() for each in several))
    for axes, (epochs, models) in zip(panels, by_epochs.items(), strict=True):
        _shares(axes, all_errors[epochs], [looks[outcome.arm] for outcome in models], farthest, theme)
        heading(axes, f"{counted(epochs, 'epoch')} of unlearning")
    share_scale(panels, "absolute error (years)")
    return figure


def _shares(axes: Axes, several: list[np.ndarray], looks: list[Look], farthest: float, theme: Theme) -> None:
    """A line a model on a fixed grid of errors, and its median in the order of the legend."""
    grid = np.linspace(0, farthest, POINTS)
    for place, (values, look, style) in enumerate(zip(several, looks, STYLES, strict=True)):
        shares = 100 * np.searchsorted(np.sort(values), grid, side="right") / len(values)
        axes.plot(grid, shares, color=look.colour, linestyle=style, linewidth=1.6)
        median = f"{look.name}: median {np.median(values):.2f} years"
        axes.text(0.99, 0.36 - 0.1 * place, median, transform=axes.transAxes, ha="right", size=9.5)
    axes.axhline(50, color=theme.muted, linewidth=0.8)
    axes.set(xlim=(0, farthest), ylim=(0, 101), ylabel="faces (%)")
