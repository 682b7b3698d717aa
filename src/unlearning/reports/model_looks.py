"""One colour and one sign for each model in every figure of the study, and what is drawn of it: means, seeds, published."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle

import pandas as pd
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from unlearning.experiments.plan import ORIGINAL, RETRAINED
from unlearning.experiments.results import Results
from unlearning.reports.charts import shorten
from unlearning.reports.style import Theme
from unlearning.reports.words import is_as_published, model_name

OWN = (ORIGINAL, RETRAINED, "ft", "rnd")
SIGNS, OTHER_SIGNS = "sDo^v", "PX*h<>p"
LONGEST_NAME = 34


@dataclass(frozen=True)
class Look:
    """How a model looks in every figure: its name, colour and sign."""

    name: str
    colour: str
    sign: str


def looks(results: Results, theme: Theme) -> dict[str, Look]:
    """By arm: the study's models look the same in every experiment, others follow in the experiment's order."""
    of_study = dict(zip(OWN, zip(theme.models, SIGNS, strict=True), strict=False))
    others = zip(cycle(theme.others), cycle(OTHER_SIGNS), strict=False)
    by_arm = {}
    for arm in dict.fromkeys((*OWN, *(outcome.arm for outcome in results.outcomes))):
        if is_as_published(arm):
            colour, sign = theme.models[-1], OTHER_SIGNS[-1] if "clipped" in arm else SIGNS[-1]
        else:
            colour, sign = of_study[arm] if arm in of_study else next(others)
        by_arm[arm] = Look(shorten(model_name(arm), LONGEST_NAME), colour, sign)
    return by_arm


def ours(axes: Axes, x: Sequence[float], y: Sequence[float], look: Look, theme: Theme, **more) -> None:
    """Our means: filled signs on a line."""
    edge = {"markeredgecolor": theme.paper, "markeredgewidth": 0.8}
    axes.plot(x, y, color=look.colour, marker=look.sign, markersize=7, linewidth=1.6, zorder=3, **edge, **more)


def seeds(axes: Axes, x: Sequence[float], y: Sequence[float], look: Look) -> None:
    """Each seed by itself: small dots without a line."""
    axes.plot(x, y, color=look.colour, marker="o", markersize=3, linestyle="none", alpha=0.75, zorder=2)


def published(axes: Axes, x: Sequence[float], y: Sequence[float], look: Look, theme: Theme, line: bool = True) -> None:
    """The study's numbers: hollow signs on a dashed line."""
    style = (0, (4, 3)) if line else "none"
    hollow = {"markerfacecolor": theme.paper, "markeredgewidth": 1.2}
    axes.plot(x, y, color=look.colour, marker=look.sign, markersize=6, linewidth=1.1, linestyle=style, zorder=2.5, **hollow)


def level(axes: Axes, value: float, look: Look, across: bool = True) -> None:
    """A model that has no epochs of unlearning: a line across, or upwards."""
    line = axes.axhline if across else axes.axvline
    line(value, color=look.colour, linewidth=1.4, linestyle="-." if look.sign == SIGNS[0] else ":", zorder=1.5)


def key(look: Look, theme: Theme, line: str = "-") -> Artist:
    """A model in the legend."""
    edge = {"color": look.colour, "markeredgecolor": theme.paper, "markeredgewidth": 0.8}
    sign = look.sign if line in ("-", "none") else None
    return Line2D([], [], marker=sign, markersize=7, linestyle=line, linewidth=1.6, label=look.name, **edge)


def published_key(theme: Theme, line: bool = True, name: str = "the study's") -> Artist:
    """What hollow signs are, in the legend."""
    hollow = {"markerfacecolor": theme.paper, "markeredgewidth": 1.2, "marker": "o", "markersize": 6}
    return Line2D([], [], color=theme.muted, linewidth=1.1, linestyle="--" if line else "none", label=name, **hollow)


def seed_key(theme: Theme) -> Artist:
    """What small dots are, in the legend."""
    return Line2D([], [], color=theme.muted, marker="o", markersize=3, linestyle="none", label="one seed")


def of(table: pd.DataFrame, **wanted) -> pd.DataFrame:
    """The rows of a table whose columns have these values."""
    for column, value in wanted.items():
        table = table[table[column] == value]
    return table
