"""What the figures share: panels placed in inches, scales with units, counts at bars, histograms by year of age."""

from __future__ import annotations

from functools import cache

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont, get_font
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from unlearning.reports.style import MARGIN, TITLE_HEIGHT, WIDTH, Theme, sheet

LEFT = 0.75
NARROWEST = 6
HEADING_HEIGHT, LEGEND_HEIGHT, FOOT_HEIGHT = 0.4, 0.3, 0.55


def panel(figure: Figure, bottom: float, height: float, left: float = LEFT, width: float = WIDTH - LEFT - MARGIN) -> Axes:
    """Axes at a place given in inches from the lower left corner."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, width / across, height / up))


def below_legend(figure: Figure, bottom: float) -> Axes:
    """One panel from ``bottom``, in inches, upwards; a legend has room between it and the title."""
    return panel(figure, bottom, figure.get_figheight() - TITLE_HEIGHT - LEGEND_HEIGHT - bottom)


def stack(title: str, count: int, height: float, scale: float = 0.0, top: float = 0.0) -> tuple[Figure, list[Axes]]:
    """Panels of one height one below the other, each with room for its heading and ``scale`` inches for a scale of its own.

    ``top`` inches stay free under the title.
    """
    row = height + HEADING_HEIGHT + scale
    figure = sheet(title, TITLE_HEIGHT + top + count * row - scale + FOOT_HEIGHT)
    return figure, [panel(figure, FOOT_HEIGHT + (count - 1 - place) * row, height) for place in range(count)]


def heading(axes: Axes, title: str, remark: str = "", colour: str = "") -> None:
    """A panel's title at its left, and a remark at its right (how much it shows, what was left out)."""
    axes.set_title(title, loc="left", size=10.5, weight="bold", pad=6)
    axes.set_title(remark, loc="right", size=10, pad=6, **({"color": colour} if colour else {}))


def note(figure: Figure, text: str, theme: Theme) -> None:
    """A sentence at the foot of the figure."""
    across, up = figure.get_size_inches()
    figure.text(MARGIN / across, 0.14 / up, text, size=9.5, color=theme.muted)


def face_scale(axes: Axes, label: str = "faces", room: float = 1.0, ticks: int = 5) -> None:
    """Whole numbers of faces upwards from 0, with ``room`` times the highest bar."""
    axes.set_ylim(0, max(axes.dataLim.y1, 1) * room)
    axes.yaxis.set_major_locator(MaxNLocator(nbins=ticks, integer=True))
    axes.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    axes.set_ylabel(label)


def year_scale(axes: Axes, span: tuple[int, int], label: str = "age (years)") -> None:
    """Whole years; a single age stands in the middle and not as one broad bar."""
    missing = max(0, NARROWEST - (span[1] - span[0] + 1)) / 2
    axes.set_xlim(span[0] - 0.5 - missing, span[1] + 0.5 + missing)
    axes.xaxis.set_major_locator(MaxNLocator(nbins=9, integer=True, steps=[1, 2, 5, 10]))
    axes.set_xlabel(label)


def year_span(*ages: np.ndarray) -> tuple[int, int]:
    """Youngest and oldest age of all; (20, 60) where there is no face."""
    some = [each for each in ages if len(each)]
    if not some:
        return 20, 60
    return int(min(each.min() for each in some)), int(max(each.max() for each in some))


def per_year(ages: np.ndarray, span: tuple[int, int]) -> np.ndarray:
    """How many faces have each age from ``span[0]`` to ``span[1]``."""
    return np.bincount(np.asarray(ages, dtype=np.int64) - span[0], minlength=span[1] - span[0] + 1)


def share_years(panels: list[Axes], span: tuple[int, int]) -> None:
    """One scale of years for a stack of panels, written under the last."""
    for axes in panels:
        year_scale(axes, span)
    for axes in panels[:-1]:
        axes.set_xlabel("")
        axes.tick_params(labelbottom=False)


def year_edges(span: tuple[int, int]) -> np.ndarray:
    """Borders of the years' bars: each stands over its number."""
    return np.arange(span[0], span[1] + 2) - 0.5


def legend_above(axes: Axes, handles: list[Artist] | None = None) -> None:
    """The legend in one line between title and panel; without ``handles``, of everything that has a label."""
    shown = handles or axes.get_legend_handles_labels()[0]
    axes.legend(handles=shown, loc="lower left", bbox_to_anchor=(0, 1), ncols=len(shown), columnspacing=1.4, borderpad=0.4)


def legend_under_title(figure: Figure, handles: list[Artist], columns: int) -> None:
    """The figure's legend between its title and its panels; ``legend_room`` tells how much room its lines take."""
    across, up = figure.get_size_inches()
    place = (LEFT / across, 1 - (TITLE_HEIGHT - 0.05) / up)
    figure.legend(handles=handles, loc="upper left", bbox_to_anchor=place, ncols=columns, columnspacing=1.4, borderpad=0.0)


def legend_room(entries: int, columns: int) -> float:
    """Inches that a legend under the title takes."""
    return 0.22 * -(-entries // columns)


def blend(colour: str, paper: str, share: float) -> tuple[float, ...]:
    """``share`` of a colour on the paper; opaque, unlike transparency."""
    return tuple(share * a + (1 - share) * b for a, b in zip(_rgb(colour), _rgb(paper), strict=True))


def _rgb(colour: str) -> tuple[float, ...]:
    return tuple(int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))


def hatched(colour: str, theme: Theme) -> dict:
    """How copies look: pale and striped in the part's colour, so that they differ from faces also in grey."""
    return {"facecolor": blend(colour, theme.paper, 0.25), "edgecolor": colour, "hatch": "////", "linewidth": 0.6}


def counted(count: int, noun: str, plural: str = "") -> str:
    """A number with its noun: ``1 face``, ``1,043 faces``; ``plural`` where it is not the noun with an s."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def shorten(text: str, signs: int) -> str:
    """At most so many signs, and only such as the figures' font has."""
    shown = "".join(sign if ord(sign) in _drawable() else "?" for sign in text)
    return shown if len(shown) <= signs else shown[: signs - 3] + "..."


@cache
def _drawable() -> frozenset[int]:
    return frozenset(get_font(findfont("DejaVu Sans")).get_charmap())
