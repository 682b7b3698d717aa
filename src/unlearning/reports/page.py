"""What the pages share: one self-contained HTML file with both papers, no scripts and nothing from the network."""

from __future__ import annotations

import base64
import re
import tomllib
from collections.abc import Callable
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from matplotlib.figure import Figure

from unlearning.reports.style import THEMES, styled, svg
from unlearning.targets import AGE, Target

FOLDER = Path(__file__).parent
CAPTIONS = tomllib.loads((FOLDER / "captions.toml").read_text(encoding="utf-8"))
Drawing = Callable[..., Figure | None]
HOME: ContextVar[str] = ContextVar("home", default="")  # where a page that is shown on a server leads back to
ID, COLOUR = re.compile(r'(\bid="|#)([\w.-]+)'), re.compile(r"#[0-9a-f]{6}\b")


def page(template: str, folder: Path = FOLDER, **values) -> str:
    """A template of a folder, which may extend those of this one, filled; every text is escaped."""
    return _environment(folder).get_template(template).render(**THEMES, home=HOME.get(), **values)


@cache
def _environment(folder: Path) -> Environment:
    return Environment(
        loader=FileSystemLoader([folder, FOLDER]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def by_function(*functions: Drawing) -> dict[str, Drawing]:
    """A visible registry of figures, each by the name of its function: its name on the page and among the artifacts."""
    return {function.__name__: function for function in functions}


def render(registry: dict[str, Drawing], theme_name: str, *shown) -> dict[str, str]:
    """Every figure of a registry that has something to draw as SVG text, by name.

    Each takes what is shown and a theme, and gives None where there is nothing to draw.
    """
    with styled(THEMES[theme_name]):
        drawn = {name: draw(*shown, THEMES[theme_name]) for name, draw in registry.items()}
        return {name: svg(figure) for name, figure in drawn.items() if figure}


def figures(kind: str, drawn: dict[str, dict[str, str]], target: Target = AGE) -> dict[str, dict]:
    """By name, the figures that were drawn, with caption, alternative text and one picture for every paper.

    Pictures are data addresses, so that the ids of two of them cannot clash. ``kind`` is a section of captions.toml; ``drawn``
    has SVG texts by theme and name.
    """
    return {
        name: {
            "name": name,
            **{kind: target.told(text) for kind, text in told.items()},
            "source": address([pictures[name] for pictures in drawn.values()]),
        }
        for name, told in CAPTIONS[kind].items()
        if all(name in pictures for pictures in drawn.values())
    }


def address(pictures: list[str]) -> str:
    """A figure's SVG text as a data address; that on light paper and that on dark paper as one text."""
    return "data:image/svg+xml;base64," + base64.b64encode(for_both(*pictures).encode()).decode()


def for_both(light: str, dark: str = "") -> str:
    """One SVG text for both papers: colours that differ are variables, which follow the paper of the page around it.

    Matplotlib names its signs by their colours too, so that the names are numbered before the two are compared.

    Raises:
        ValueError: the two differ in more than their colours.
    """
    if not dark:
        return light
    light, dark = (_numbered(text) for text in (light, dark))
    between, colours = COLOUR.split(light), list(zip(COLOUR.findall(light), COLOUR.findall(dark), strict=True))
    if COLOUR.split(dark) != between:
        raise ValueError("a figure on dark paper differs in more than its colours from that on light paper")
    variables = {pair: f"--c{place}" for place, pair in enumerate(dict.fromkeys(colours))}
    papers = (" ".join(f"{name}: {pair[paper]};" for pair, name in variables.items()) for paper in (0, 1))
    style = "<style>:root {{ {} }} @media (prefers-color-scheme: dark) {{ :root {{ {} }} }}</style>".format(*papers)
    words = (f"var({variables[pair]})" for pair in colours)
    drawn = between[0] + "".join(word + text for word, text in zip(words, between[1:], strict=True))
    return drawn.replace(">", f">\n{style}", 1)


def _numbered(text: str) -> str:
    """With short names that depend on nothing but their order."""
    names = {name: f"n{place}" for place, name in enumerate(dict.fromkeys(re.findall(r'\bid="([^"]+)"', text)))}
    return ID.sub(lambda found: found[1] + names.get(found[2], found[2]), text)
