"""What the pages share: one self-contained HTML file with both papers, no scripts and nothing from the network."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from matplotlib.figure import Figure

from unlearning.reports.style import THEMES, styled, svg


def page(template: str, **values) -> str:
    """A template of this folder, filled; every text is escaped."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(light=THEMES["light"], dark=THEMES["dark"], **values)


@dataclass(frozen=True)
class Drawing:
    """A figure of a page.

    Args:
        name: its name on the page and among the artifacts.
        function: what it shows, and a theme -> figure; drawn within ``styled(theme)``. None where there is nothing to draw.
        caption: what to see in it, and which of the study's figures or tables it answers.
        alt: what is drawn, for people who cannot see it.
    """

    name: str
    function: Callable[..., Figure | None]
    caption: str
    alt: str


def render(registry: dict[str, Drawing], theme_name: str, *shown) -> dict[str, str]:
    """Every figure of a registry that has something to draw as SVG text, by name.

    Args:
        registry: figures by name.
        theme_name: one of ``THEMES``.
        shown: what each figure's function takes beside the theme.
    """
    with styled(THEMES[theme_name]):
        drawn = {name: each.function(*shown, THEMES[theme_name]) for name, each in registry.items()}
        return {name: svg(figure) for name, figure in drawn.items() if figure}


def figures(registry: dict[str, Drawing], drawn: dict[str, dict[str, str]]) -> dict[str, dict]:
    """By name, every drawn figure of a registry with its caption and its pictures on both papers.

    Pictures are data addresses, so that the ids of two of them cannot clash.

    Args:
        registry: figures by name.
        drawn: SVG texts by theme and name.
    """
    return {
        name: {"name": name, "alt": figure.alt, "caption": figure.caption}
        | {theme: address(pictures[name]) for theme, pictures in drawn.items()}
        for name, figure in registry.items()
        if all(name in pictures for pictures in drawn.values())
    }


def address(picture: str) -> str:
    """An SVG text as a data address."""
    return "data:image/svg+xml;base64," + base64.b64encode(picture.encode()).decode()
