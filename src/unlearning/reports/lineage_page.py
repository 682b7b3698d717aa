"""The page about a registered model: what is served, which version was made from which, and what the check found."""

from __future__ import annotations

from unlearning.reports.page import address, page
from unlearning.reports.style import THEMES, styled, svg

TEMPLATE = "lineage_page.html.jinja"
MOST_NAMED = 6


def lineage_page(name: str, columns: tuple[str, ...], rows: list[dict], found: list[str] | None) -> str:
    """The page as HTML text.

    Args:
        name: registered model.
        columns: headings of the table.
        rows: versions: version, role, stage, aliases, parent, method, epochs, forgotten; ``shown`` has the table's texts.
        found: inconsistencies in sentences; None when nobody asked.
    """
    from unlearning.reports.lineage_figure import lineage, nodes_of

    nodes, pictures = nodes_of(rows), {}
    for theme in THEMES.values():
        with styled(theme):
            pictures[theme.name] = address(svg(lineage(nodes, theme)))
    champion = next((row for row in rows if "champion" in row["aliases"]), None)
    drawn = sum(len(node.numbers) for node in nodes)
    return page(
        TEMPLATE,
        name=name,
        columns=columns,
        rows=rows,
        found=found,
        pictures=pictures,
        headline=headline(champion),
        alt="; ".join(", ".join(node.lines) for node in nodes),
        missing=len(rows) - drawn,
    )


def headline(champion: dict | None) -> str:
    """What is served, in one sentence."""
    if champion is None:
        return "No version is the champion: none is served."
    sets = champion["forgotten"]
    forgotten = f"{len(sets)} forget sets, the last of them {sets[-1]}" if len(sets) > MOST_NAMED else " and ".join(sets)
    what = f"has forgotten {forgotten}" if forgotten else "has forgotten nothing: it remembers everything"
    return f"Version {champion['version']} is served. It {what}."
