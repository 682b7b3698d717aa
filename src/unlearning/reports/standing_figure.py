"""How much every version of a registered model still remembers, and how far off it is: two pictures on one set of names."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from unlearning.naming import counted
from unlearning.reports.charts import heading, panel, shorten
from unlearning.reports.style import MARGIN, TITLE_HEIGHT, Theme, sheet

MOST, SIGNS = 24, 24
ROW, NAMES, BETWEEN, FOOT, HEADING = 0.27, 1.75, 0.35, 0.6, 0.35  # inches
ROLES = ("original", "retrained")


def standing(rows: list[dict], theme: Theme) -> Figure | None:
    """Memory left (with its interval) and error on the test set, one line a version, the newest ``MOST``.

    ``rows`` are versions, as ``steps.status`` makes its rows, without purged ones.
    """
    shown = [row for row in rows if row.get("test_mae") is not None][-MOST:]
    if not shown:
        return None
    height = ROW * len(shown)
    figure = sheet("What every version remembers, and how far off it is", TITLE_HEIGHT + HEADING + height + FOOT)
    width = (figure.get_figwidth() - NAMES - BETWEEN - MARGIN) / 2
    left, right = (panel(figure, FOOT, height, NAMES + place * (width + BETWEEN), width) for place in range(2))
    _memory(left, shown, theme)
    _error(right, shown, theme)
    left.set_yticks(range(len(shown)), [shorten(f"{row['version']}: {how_made(row)}", SIGNS) for row in shown])
    right.set_yticks(range(len(shown)), [])
    for axes in (left, right):
        axes.set_ylim(len(shown) - 0.5, -0.5)
        axes.grid(axis="x")
    return figure


def how_made(row: dict) -> str:
    """By which method in how many epochs, as far as its tags say; what was not unlearned by its role."""
    if row["role"] != "unlearned" or not row["method"]:
        return row["role"] or "made elsewhere"
    epochs = str(row["epochs"] or "")
    return f"{row['method']}, {counted(int(epochs), 'epoch')}" if epochs.isdecimal() else row["method"]


def _memory(axes: Axes, rows: list[dict], theme: Theme) -> None:
    """100 % is the original, 0 % a model that never saw them."""
    heading(axes, "memory left")
    axes.axvline(0, color=theme.line, linewidth=1.0)
    axes.axvline(100, color=theme.line, linewidth=1.0)
    for place, row in enumerate(rows):
        value = 100.0 if row["role"] == "original" else row["memory_left"]
        if value is None:
            continue
        if row.get("memory_left_low") is not None and row.get("memory_left_high") is not None:
            axes.plot([row["memory_left_low"], row["memory_left_high"]], [place] * 2, color=_colour(row, theme), linewidth=1.4)
        _dot(axes, value, place, row, theme)
    axes.set_xlabel("percent (the original: 100)")


def _error(axes: Axes, rows: list[dict], theme: Theme) -> None:
    heading(axes, "error on test faces")
    for place, row in enumerate(rows):
        _dot(axes, row["test_mae"], place, row, theme)
    unit = rows[-1].get("unit", "years")
    axes.set_xlabel(f"{unit} (mean absolute)" if unit else "1 less the probability of the true class")


def _dot(axes: Axes, value: float, place: int, row: dict, theme: Theme) -> None:
    """A ring is the version that is served."""
    served = "champion" in row["aliases"]
    look = {"markersize": 9 if served else 6, "markerfacecolor": theme.paper if served else _colour(row, theme)}
    axes.plot([value], [place], "o", color=_colour(row, theme), markeredgewidth=2.2 if served else 1.0, **look)


def _colour(row: dict, theme: Theme) -> str:
    return theme.models[ROLES.index(row["role"])] if row["role"] in ROLES else theme.models[len(ROLES)]
