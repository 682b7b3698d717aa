"""The page about a registered model: what is served, which version was made from which, and what the check found."""

from __future__ import annotations

from dataclasses import dataclass, field

import networkx as nx
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from unlearning.reports.charts import shorten
from unlearning.reports.page import address, page
from unlearning.reports.style import MARGIN, THEMES, TITLE_HEIGHT, Theme, styled, svg

MOST = 40
BOX, COLUMN, ROW = 1.95, 2.6, 0.78
SIGNS = 30
TELLING = ("champion", "original", "forgotten")
LOOKS = ("original", "retrained", "unlearned")


@dataclass(frozen=True)
class Node:
    """A box: a version, or several that are alike.

    Args:
        numbers: of its versions.
        role: original, retrained or unlearned; empty for a version that this project did not make.
        lines: what stands in the box.
        parent: number of the version that it was made from; None for the first.
        served: is it the champion?
        over: is it archived?
    """

    numbers: tuple[int, ...]
    role: str
    lines: tuple[str, ...] = field(compare=False)
    parent: int | None
    served: bool
    over: bool


def nodes_of(rows: list[dict]) -> list[Node]:
    """Boxes for the versions of a status table (version, role, stage, aliases, parent, method, epochs, forgotten)."""
    if len(rows) <= MOST:
        return [_node([row]) for row in rows]
    parents = {row["parent"] for row in rows}
    groups: dict[tuple, list[dict]] = {}
    for row in rows:
        alone = row["version"] in parents or set(TELLING) & set(row["aliases"])
        key = (row["version"],) if alone else (row["parent"], row["role"], row["stage"], tuple(row["forgotten"]))
        groups.setdefault(key, []).append(row)
    return _newest([_node(group) for group in groups.values()])


def _newest(nodes: list[Node]) -> list[Node]:
    """The champion's line and the newest others: a figure of more than MOST boxes is not read by anybody."""
    by_number = {number: node for node in nodes for number in node.numbers}
    line, at = set(), next((node for node in nodes if node.served), None)
    while at and at not in line:
        line.add(at)
        at = by_number.get(at.parent)
    chosen = sorted(nodes, key=lambda node: (node not in line, -max(node.numbers)))[:MOST]
    return [node for node in nodes if node in chosen]


def _node(group: list[dict]) -> Node:
    first = group[0]
    numbers = tuple(row["version"] for row in group)
    return Node(
        numbers,
        first["role"] or "",
        tuple(shorten(line, SIGNS) for line in (_single(first) if len(group) == 1 else _several(group)) if line),
        first["parent"],
        "champion" in first["aliases"],
        first["stage"] == "Archived",
    )


def _single(row: dict) -> tuple[str, ...]:
    made = f"{row['method']}, {row['epochs']} epochs" if row["method"] else row["role"] or "made elsewhere"
    telling = [alias for alias in TELLING if alias in row["aliases"]]
    others = [alias for alias in row["aliases"] if alias not in TELLING and not alias.startswith("forgotten-")]
    stage = "no stage" if row["stage"] == "None" else row["stage"]
    return f"{row['version']}: {made}", " ".join([stage, *(f"@{alias}" for alias in telling[:1])]), *_at(others), _forgot(row)


def _at(aliases: list[str]) -> tuple[str, ...]:
    return (f"@{aliases[0]}" + (f" and {len(aliases) - 1} more" if len(aliases) > 1 else ""),) if aliases else ()


def _several(group: list[dict]) -> tuple[str, ...]:
    methods = sorted({row["method"] or row["role"] or "" for row in group})
    stage = "no stage" if group[0]["stage"] == "None" else group[0]["stage"]
    span = f"{group[0]['version']} to {group[-1]['version']}"
    return f"{len(group)} versions, {span}", f"{stage}: {', '.join(methods)}", _forgot(group[0])


def _forgot(row: dict) -> str:
    sets = row["forgotten"]
    if len(sets) > 2:
        return f"has forgotten {len(sets)} sets, last {sets[-1]}"
    return f"has forgotten {' + '.join(sets)}" if sets else "remembers everything"


def lineage(nodes: list[Node], theme: Theme) -> Figure:
    """Draw the boxes, each to the right of the one that it was made from."""
    graph = graph_of(nodes)
    columns = generations(graph)
    rows = max(map(len, columns.values()))
    width, height = 2 * MARGIN + BOX + COLUMN * (len(columns) - 1), TITLE_HEIGHT + MARGIN + ROW * rows
    figure = Figure(figsize=(width, height))
    figure.text(MARGIN / width, 1 - 0.33 / height, "Which version was made from which", size=12.5, weight="bold")
    axes = figure.add_axes((0, 0, 1, (height - TITLE_HEIGHT) / height))
    axes.set(xlim=(0, width), ylim=(0, height - TITLE_HEIGHT))
    axes.axis("off")
    places = _inches(nx.multipartite_layout(graph, subset_key=columns), columns)
    for parent, child in graph.edges:
        _arrow(axes, places[parent], places[child], child, theme)
    for node, place in places.items():
        _box(axes, place, node, theme)
    return figure


def graph_of(nodes: list[Node]) -> nx.DiGraph:
    """Arrows from each box to those that were made from it."""
    by_number = {number: node for node in nodes for number in node.numbers}
    graph = nx.DiGraph()
    graph.add_nodes_from(nodes)
    pairs = [(by_number[node.parent], node) for node in nodes if node.parent in by_number]
    graph.add_edges_from((parent, child) for parent, child in pairs if max(parent.numbers) < min(child.numbers))
    return graph


def generations(graph: nx.DiGraph) -> dict[int, list[Node]]:
    """The boxes of each column from top to bottom: siblings together, in the order of their parents, so no arrows cross."""
    roots = [node for node in graph if not graph.in_degree(node)]
    order = {node: place for place, node in enumerate(n for root in roots for n in nx.dfs_preorder_nodes(graph, root))}
    columns = enumerate(nx.topological_generations(graph))
    return {number: sorted(column, key=order.__getitem__) for number, column in columns}


def _inches(layout: dict, columns: dict[int, list[Node]]) -> dict[Node, tuple[float, float]]:
    """networkx's places, whose scale is its own, in inches from the lower left corner."""
    fullest = max(columns.values(), key=len)
    step = layout[fullest[1]][1] - layout[fullest[0]][1] if len(fullest) > 1 else 1.0
    middle = MARGIN / 2 + ROW * len(fullest) / 2
    left = MARGIN + BOX / 2
    return {
        node: (left + COLUMN * number, middle - ROW * float(layout[node][1]) / step)
        for number, column in columns.items()
        for node in column
    }


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], child: Node, theme: Theme) -> None:
    """From the right side of a box to the left side of the next; to a retrained reference, which was not made of it, dashed."""
    style = "dashed" if child.role == "retrained" else "solid"
    look = {"arrowstyle": "-|>", "color": theme.muted, "linestyle": style, "shrinkA": 0, "shrinkB": 0, "linewidth": 1.0}
    axes.annotate("", (end[0] - BOX / 2, end[1]), (start[0] + BOX / 2, start[1]), arrowprops=look)


def _box(axes: Axes, place: tuple[float, float], node: Node, theme: Theme) -> None:
    from matplotlib.patches import Rectangle

    colour = theme.models[LOOKS.index(node.role)] if node.role in LOOKS else theme.plain
    height = ROW * 0.84
    corner = place[0] - BOX / 2, place[1] - height / 2
    edge = theme.line if node.over else colour
    axes.add_patch(Rectangle(corner, BOX, height, facecolor=theme.paper, edgecolor=edge, linewidth=3 if node.served else 1.2))
    axes.add_patch(Rectangle(corner, 0.07, height, facecolor=colour, edgecolor="none"))
    top = place[1] + 0.145 * (len(node.lines) - 1) / 2
    for number, line in enumerate(node.lines):
        weight, ink = ("bold", theme.ink) if number == 0 else ("normal", theme.muted if node.over else theme.ink)
        axes.text(corner[0] + 0.14, top - 0.145 * number, line, size=7.5, weight=weight, color=ink, va="center")


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
    from unlearning.reports.lineage_page import lineage, nodes_of

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
