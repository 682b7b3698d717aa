"""What the pages share: one self-contained HTML file with both papers, no scripts and nothing from the network."""

from __future__ import annotations

import base64
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from unlearning.reports.style import THEMES


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


def figures(registry: dict, drawn: dict[str, dict[str, str]]) -> list[dict]:
    """Every drawn figure of a registry with its caption and its pictures on both papers.

    Pictures are data addresses, so that the ids of two of them cannot clash.

    Args:
        registry: figures with caption and alt, by name.
        drawn: SVG texts by theme and name.
    """
    return [
        {"name": name, "alt": figure.alt, "caption": figure.caption}
        | {theme: address(pictures[name]) for theme, pictures in drawn.items()}
        for name, figure in registry.items()
        if all(name in pictures for pictures in drawn.values())
    ]


def address(picture: str) -> str:
    """An SVG text as a data address."""
    return "data:image/svg+xml;base64," + base64.b64encode(picture.encode()).decode()
