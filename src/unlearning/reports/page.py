"""What the pages share: one self-contained HTML file with both papers, no scripts and nothing from the network."""

from __future__ import annotations

import base64
import tomllib
from collections.abc import Callable
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from matplotlib.figure import Figure

from unlearning.reports.style import THEMES, styled, svg

FOLDER = Path(__file__).parent
CAPTIONS = tomllib.loads((FOLDER / "captions.toml").read_text(encoding="utf-8"))
Drawing = Callable[..., Figure | None]


def page(template: str, **values) -> str:
    """A template of this folder, filled; every text is escaped."""
    environment = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(light=THEMES["light"], dark=THEMES["dark"], **values)


def by_function(*functions: Drawing) -> dict[str, Drawing]:
    """A visible registry of figures, each by the name of its function: its name on the page and among the artifacts."""
    return {function.__name__: function for function in functions}


def render(registry: dict[str, Drawing], theme_name: str, *shown) -> dict[str, str]:
    """Every figure of a registry that has something to draw as SVG text, by name.

    Args:
        registry: figures by name; each takes what it shows and a theme, and gives None where there is nothing to draw.
        theme_name: one of ``THEMES``.
        shown: what each figure takes beside the theme.
    """
    with styled(THEMES[theme_name]):
        drawn = {name: draw(*shown, THEMES[theme_name]) for name, draw in registry.items()}
        return {name: svg(figure) for name, figure in drawn.items() if figure}


def figures(kind: str, drawn: dict[str, dict[str, str]]) -> dict[str, dict]:
    """By name, the figures that were drawn, with caption, alternative text and the pictures on every paper.

    Pictures are data addresses, so that the ids of two of them cannot clash.

    Args:
        kind: ``data``, ``audit``, ``study`` or ``compare``.
        drawn: SVG texts by theme and name.
    """
    return {
        name: {"name": name, **told, **{theme: address(pictures[name]) for theme, pictures in drawn.items()}}
        for name, told in CAPTIONS[kind].items()
        if all(name in pictures for pictures in drawn.values())
    }


def address(picture: str) -> str:
    """An SVG text as a data address."""
    return "data:image/svg+xml;base64," + base64.b64encode(picture.encode()).decode()
