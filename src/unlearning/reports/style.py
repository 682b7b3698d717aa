"""One style on light and on dark paper, the same bytes for the same data, and nothing left behind in matplotlib's settings."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import matplotlib
from matplotlib.figure import Figure

from unlearning.naming import by_name

WIDTH = 6.0
MARGIN = 0.2
TITLE_HEIGHT = 0.55
NO_METADATA = dict.fromkeys(("Date", "Creator", "Format", "Type"))


@dataclass(frozen=True)
class Theme:
    """Colours on one paper, as hexadecimal RGB; all texts have a contrast of at least 4.5 to 1 with the paper."""

    name: str  # what the paper is
    paper: str
    ink: str  # titles and numbers
    muted: str  # scales and notes
    line: str  # axes and rules
    plain: str  # bars that belong to no part
    train: str  # training part; this and the next two are Okabe and Ito's, which colour-blind people can tell apart
    validation: str
    test: str
    limit: str  # thresholds
    steps: tuple[str, ...]  # what the steps of cleaning left out, in their order; reused from the start when there are more
    models: tuple[str, ...]  # original, retrained, FT, RND and RND as published, in every figure (Okabe and Ito's)
    others: tuple[str, ...]  # models that the study does not have, in the order of the experiment; reused when there are more

    def part(self, name: str) -> str:
        """Colour of ``train``, ``validation`` or ``test``."""
        return {"train": self.train, "validation": self.validation, "test": self.test}[name]


THEMES = by_name(
    Theme(
        name="light",
        paper="#ffffff",
        ink="#1b1f24",
        muted="#57606a",
        line="#c4cad1",
        plain="#7a8794",
        train="#0072b2",
        validation="#e69f00",
        test="#009e73",
        limit="#b3261e",
        steps=("#6e4a9e", "#a33a6b", "#b3541e", "#57606a", "#1f6f8b", "#4b7a2b"),
        models=("#0072b2", "#1b1f24", "#009e73", "#d55e00", "#b0508c"),
        others=("#b8860b", "#3f8fc4", "#6e4a9e", "#7a8794"),
    ),
    Theme(
        name="dark",
        paper="#14181d",
        ink="#eceff3",
        muted="#a3adb8",
        line="#47505b",
        plain="#8b98a6",
        train="#56b4e9",
        validation="#f0b429",
        test="#2fc79a",
        limit="#ff8a80",
        steps=("#b79be6", "#e58ab4", "#f0a36b", "#a3adb8", "#6cc3dd", "#9ccb78"),
        models=("#56b4e9", "#eceff3", "#2fc79a", "#f2803a", "#e58ab4"),
        others=("#f0d442", "#8fb8ff", "#b79be6", "#8b98a6"),
    ),
)


@contextmanager
def styled(theme: Theme) -> Iterator[None]:
    """Matplotlib's settings for figures on this paper, as long as the block lasts.

    They start from matplotlib's defaults, so that a user's own matplotlibrc does not change the bytes. Texts are never read
    as formulas: a reason may hold any sign. Letters are drawn as paths, so that every machine shows the same figure; ids come
    from a fixed salt.
    """
    settings = {
        "font.family": "DejaVu Sans",
        "font.size": 10.0,
        "text.color": theme.ink,
        "text.parse_math": False,
        "xtick.color": theme.muted,
        "ytick.color": theme.muted,
        "xtick.labelsize": 9.5,
        "ytick.labelsize": 9.5,
        "xtick.major.width": 0.8,
        "ytick.major.size": 0.0,
        "axes.labelcolor": theme.muted,
        "axes.labelsize": 10.0,
        "axes.facecolor": theme.paper,
        "axes.edgecolor": theme.line,
        "axes.linewidth": 0.8,
        **dict.fromkeys(("axes.spines.top", "axes.spines.right", "axes.spines.left"), False),
        "axes.axisbelow": True,
        "axes.grid": True,
        "axes.grid.axis": "y",
        "grid.color": theme.line,
        "grid.linewidth": 0.5,
        "hatch.linewidth": 1.2,
        "legend.fontsize": 9.5,
        "legend.frameon": False,
        "legend.borderaxespad": 0.0,
        "legend.handlelength": 1.4,
        "figure.facecolor": theme.paper,
        "svg.hashsalt": "age-unlearning",
        "svg.fonttype": "path",
    }
    with matplotlib.rc_context():
        matplotlib.rcdefaults()
        matplotlib.rcParams.update(settings)
        yield


def sheet(title: str, height: float) -> Figure:
    """An empty figure with its title at the top left; ``height`` in inches."""
    figure = Figure(figsize=(WIDTH, height))
    figure.text(MARGIN / WIDTH, 1 - 0.33 / height, title, size=12.5, weight="bold")
    return figure


def svg(figure: Figure) -> str:
    """The figure as SVG text, without a document type, whose address a strict viewer would ask the network for.

    It has no comments and no indents, and its paths are told to a hundredth of a point: two thirds of the size.
    """
    out = io.StringIO()
    figure.savefig(out, format="svg", metadata=NO_METADATA)
    text = out.getvalue()
    bare = re.sub(r"\n\s*", "\n", re.sub(r"<!--.*?-->", "", text[text.index("<svg") :], flags=re.DOTALL))
    return re.sub(r' d="[^"]+"', lambda path: re.sub(r"(\.\d\d)\d+", r"\1", path.group()), bare)
