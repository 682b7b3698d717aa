"""What the figures share: panels placed in inches, scales with units, counts at bars, histograms by year of age."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from unlearning.reports.style import MARGIN, TITLE_HEIGHT, WIDTH, Theme, sheet

LEFT = 0.75
NARROWEST = 6
HEADING_HEIGHT, LEGEND_HEIGHT, KEY_HEIGHT, FOOT_HEIGHT = 0.4, 0.3, 0.22, 0.55


def panel(figure: Figure, bottom: float, height: float, left: float = LEFT, width: float = WIDTH - LEFT - MARGIN) -> Axes:
    """Axes at a place given in inches from the lower left corner."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, width / across, height / up))


def below_legend(figure: Figure, bottom: float) -> Axes:
    """One panel from ``bottom``, in inches, upwards; a legend has room between it and the title."""
    return panel(figure, bottom, figure.get_figheight() - TITLE_HEIGHT - LEGEND_HEIGHT - bottom)


def stack(
    title: str, count: int, height: float, scale: float = 0.0, keys: Sequence[Artist] = (), columns: int = 1
) -> tuple[Figure, list[Axes]]:
    """Panels one below the other, under the figure's title and legend.

    Args:
        title: of the figure.
        count: of the panels.
        height: of each, in inches; each has room for its heading as well.
        scale: inches below each for a scale of its own.
        keys: entries of the legend.
        columns: of the legend.
    """
    row, legend = height + HEADING_HEIGHT + scale, KEY_HEIGHT * math.ceil(len(keys) / columns)
    figure = sheet(title, TITLE_HEIGHT + legend + count * row - scale + FOOT_HEIGHT)
    if keys:
        place = (LEFT / WIDTH, 1 - (TITLE_HEIGHT - 0.05) / figure.get_figheight())
        look = {"loc": "upper left", "bbox_to_anchor": place, "columnspacing": 1.4, "borderpad": 0.0}
        figure.legend(handles=keys, ncols=columns, **look)
    return figure, [panel(figure, FOOT_HEIGHT + (count - 1 - place) * row, height) for place in range(count)]


def share_scale(panels: Sequence[Axes], label: str) -> None:
    """One scale across for a stack of panels, written under the last."""
    for axes in panels[:-1]:
        axes.set_xlabel("")
        axes.tick_params(labelbottom=False)
    panels[-1].set_xlabel(label)


def heading(axes: Axes, title: str, remark: str = "", colour: str = "") -> None:
    """A panel's title at its left, and a remark at its right (how much it shows, what was left out)."""
    axes.set_title(title, loc="left", size=10.5, weight="bold", pad=6)
    axes.set_title(remark, loc="right", size=10, pad=6, **({"color": colour} if colour else {}))


def note(figure: Figure, text: str, theme: Theme) -> None:
    """A sentence at the foot of the figure."""
    across, up = figure.get_size_inches()
    figure.text(MARGIN / across, 0.14 / up, text, size=9.5, color=theme.muted)


def face_scale(axes: Axes, room: float = 1.0, ticks: int = 5) -> None:
    """Whole numbers of faces upwards from 0, with ``room`` times the highest bar."""
    axes.set_ylim(0, max(axes.dataLim.y1, 1) * room)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=ticks, integer=True))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set_ylabel("faces")


def year_scale(axes: Axes, span: tuple[int, int]) -> None:
    """Whole years; a single age stands in the middle and not as one broad bar."""
    missing = max(0, NARROWEST - (span[1] - span[0] + 1)) / 2
    axes.set_xlim(span[0] - 0.5 - missing, span[1] + 0.5 + missing)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=9, integer=True, steps=[1, 2, 5, 10]))
    axes.set_xlabel("age (years)")


def year_span(*ages: np.ndarray) -> tuple[int, int]:
    """Youngest and oldest age of all; (20, 60) where there is no face."""
    some = [each for each in ages if len(each)]
    if not some:
        return 20, 60
    return int(min(each.min() for each in some)), int(max(each.max() for each in some))


def per_year(ages: np.ndarray, span: tuple[int, int]) -> np.ndarray:
    """How many faces have each age from ``span[0]`` to ``span[1]``."""
    return np.bincount(np.asarray(ages, dtype=np.int64) - span[0], minlength=span[1] - span[0] + 1)


def share_years(panels: Sequence[Axes], span: tuple[int, int]) -> None:
    """One scale of years for a stack of panels."""
    for axes in panels:
        year_scale(axes, span)
    share_scale(panels, "age (years)")


def year_edges(span: tuple[int, int]) -> np.ndarray:
    """Borders of the years' bars: each stands over its number."""
    return np.arange(span[0], span[1] + 2) - 0.5


def legend_above(axes: Axes, handles: Sequence[Artist]) -> None:
    """The legend in one line between title and panel."""
    look = {"loc": "lower left", "bbox_to_anchor": (0, 1), "columnspacing": 1.4, "borderpad": 0.4}
    axes.legend(handles=handles, ncols=len(handles), **look)


def blend(colour: str, paper: str, share: float) -> tuple[float, ...]:
    """``share`` of a colour on the paper; opaque, unlike transparency."""
    return tuple(share * a + (1 - share) * b for a, b in zip(to_rgb(colour), to_rgb(paper), strict=True))


def hatched(colour: str, theme: Theme) -> dict:
    """How copies look: pale and striped in the part's colour, so that they differ from faces also in grey."""
    return {"facecolor": blend(colour, theme.paper, 0.25), "edgecolor": colour, "hatch": "////", "linewidth": 0.6}


def shorten(text: str, signs: int) -> str:
    """At most so many signs, and only such as the figures' font has."""
    shown = "".join(sign if ord(sign) in _drawable() else "?" for sign in text)
    return shown if len(shown) <= signs else shown[: signs - 3] + "..."


@cache
def _drawable() -> frozenset[int]:
    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())
