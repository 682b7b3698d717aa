"""FIGURES, the visible registry of the data's figures: a figure is one function of the data, the settings and a theme."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from matplotlib.figure import Figure

from unlearning.naming import by_name
from unlearning.reports.cleaning_figures import quality, rejected
from unlearning.reports.part_figures import ages_by_step, augmentation, groups, parts_by_age, split
from unlearning.reports.style import THEMES, Theme, styled, svg

if TYPE_CHECKING:
    from unlearning.data.manifest import DataSet


@dataclass(frozen=True)
class DataFigure:
    """A figure of the data.

    Args:
        name: its name among the artifacts.
        function: data, settings and theme -> figure; drawn within ``styled(theme)``.
        caption: what to see in it, and which of the study's figures it answers.
        alt: what is drawn, for people who cannot see it.
    """

    name: str
    function: Callable[[DataSet, dict, Theme], Figure]
    caption: str
    alt: str


FIGURES = by_name(
    DataFigure(
        "ages_by_step",
        ages_by_step,
        "Which ages each step of cleaning leaves. Every panel has its own scale of faces, so that the shapes can be compared. "
        "Answers the study's figures 2 to 4.",
        "Histograms of the faces' ages by year, one below the other, one for each step of cleaning.",
    ),
    DataFigure(
        "rejected",
        rejected,
        "What was left out and why, the steps in the order in which they are taken. N stands for a number. "
        "The study has no such figure.",
        "Bars of the number of files that each reason left out, grouped by step; the table of reasons has the same numbers.",
    ),
    DataFigure(
        "quality",
        quality,
        "The kept faces by each measure of quality, and the thresholds beyond which pictures were left out. "
        "The study has no such figure.",
        "Five histograms of the kept faces: sharpness, brightness, contrast, saturated pixels and shorter side, each with its "
        "thresholds as lines.",
    ),
    DataFigure(
        "split",
        split,
        "How the faces are split, and how many copies the training part was given. Answers the study's figures 5 and 6.",
        "A pie of the shares of the training, validation and test part among real faces, and bars of their faces and copies.",
    ),
    DataFigure(
        "augmentation",
        augmentation,
        "The training part before augmentation (the full bars) and after it (with the striped ones). "
        "Answers the study's figure 7.",
        "Histogram of the training ages by year: real faces, and copies stacked on them.",
    ),
    DataFigure(
        "parts_by_age",
        parts_by_age,
        "The ages of the three parts on one scale of faces; only the training part has copies. Answers the study's figure 8.",
        "Three histograms of ages by year with one scale: training part with its copies, validation part and test part.",
    ),
    DataFigure(
        "groups",
        groups,
        "The study's five age groups, which are its forget sets. Both ends belong to a group, so that 28, 36, 44 and 52 count "
        "in two. Answers the study's figure 10.",
        "Bars of the faces and copies of the training, validation and test part in five age groups; a table has the numbers.",
    ),
)


def render(data: DataSet, settings: dict, theme_name: str) -> dict[str, str]:
    """Every figure of the registry as SVG text, by name; ``theme_name`` is one of ``THEMES``."""
    theme = THEMES[theme_name]
    with styled(theme):
        return {name: svg(figure.function(data, settings, theme)) for name, figure in FIGURES.items()}
