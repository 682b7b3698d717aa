"""The page about a registered model: what is served, which version was made from which, and what the check found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import networkx as nx
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from unlearning.finding import FORGOTTEN, state_of
from unlearning.reports.charts import shorten
from unlearning.reports.page import address, figures, page, render
from unlearning.reports.standing_figure import how_made, standing
from unlearning.reports.style import MARGIN, THEMES, TITLE_HEIGHT, Theme

MOST = 40
BOX, COLUMN, ROW, LINE = 2.35, 3.1, 1.1, 0.175
SIGNS, MOST_NAMED = 30, 6
TEMPLATE = "lineage_page.html.jinja"
TELLING = ("champion", "original", "forgotten")
LOOKS = ("original", "retrained", "unlearned")
GONE = {"purged": "purged: its files are erased", "purging": "its purge is not finished"}
LEADING = ("version", "state", "verdict", "memory_left", "role", "forget_set", "aliases")


@dataclass(frozen=True)
class Node:
    """A box: a version, or several that are alike."""

    numbers: tuple[int, ...]  # of its versions
    # original, retrained or unlearned; empty for a version that this project did not make, or whose forgetting is not shown
    role: str
    lines: tuple[str, ...] = field(compare=False)  # what stands in the box
    parent: int | None  # number of the version that it was made from; None for the first
    served: bool  # is it the champion?
    over: bool  # is it archived or purged?


def nodes_of(rows: list[dict]) -> list[Node]:
    """Boxes for the versions of a status table (as ``steps.status`` makes its rows)."""
    if len(rows) <= MOST:
        return [_node([row]) for row in rows]
    parents = {row["parent"] for row in rows}
    groups: dict[tuple, list[dict]] = {}
    for row in rows:
        alone = row["version"] in parents or set(TELLING) & set(row["aliases"])
        key = (
            (row["version"],)
            if alone
            else (row["parent"], row["role"], row["stage"], GONE.get(row["state"]), tuple(row["forgotten"]))
        )
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
    """The box of one version, or of several that are alike."""
    first, aliases = group[0], group[0]["aliases"]
    shown = all(state_of(row["verdict"] or "") == FORGOTTEN for row in group)
    stage = "no stage" if first["stage"] == "None" else first["stage"]
    if len(group) == 1:
        telling = [f"@{alias}" for alias in TELLING if alias in aliases][:1]
        others = [alias for alias in aliases if alias not in TELLING and not alias.startswith("forgotten-")]
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        made = f"{first['version']}: {how_made(first)}"
        lines = [made, " ".join([stage, *telling]), *(f"@{alias}{more}" for alias in others[:1])]
    else:
        methods = sorted({row["method"] or row["role"] or "" for row in group})
        span = f"{first['version']} to {group[-1]['version']}"
        lines = [f"{len(group)} versions, {span}", f"{stage}: {', '.join(methods)}"]
    return Node(
        numbers=tuple(row["version"] for row in group),
        role="" if first["role"] == "unlearned" and not shown else first["role"] or "",
        lines=tuple(shorten(line, SIGNS) for line in (*lines, *_forgot(group))),
        parent=first["parent"],
        served="champion" in aliases,
        over=first["state"] in GONE or first["stage"] == "Archived",
    )


def _forgot(group: list[dict]) -> list[str]:
    """Whom versions were made to forget, and what was found out about that."""
    sets, role = group[0]["forgotten"], group[0]["role"]
    if group[0]["state"] in GONE:
        return [GONE[group[0]["state"]]]
    if not sets:
        return ["remembers everything"]
    whom = f"{len(sets)} sets, last {sets[-1]}" if len(sets) > 2 else " + ".join(sets)
    if role != "unlearned":
        return [f"never saw {whom}"]
    verdicts = {row["verdict"] or "not judged yet" for row in group}
    left = f", {round(group[0]['memory_left'])} % left" if len(group) == 1 and group[0]["memory_left"] is not None else ""
    return [f"to forget: {whom}", (verdicts.pop() if len(verdicts) == 1 else "several verdicts") + left]


def lineage(nodes: list[Node], theme: Theme) -> Figure:
    """Draw the boxes, each to the right of the one that it was made from."""
    graph = graph_of(nodes)
    columns = generations(graph)
    rows = max(map(len, columns))
    width, height = 2 * MARGIN + BOX + COLUMN * (len(columns) - 1), TITLE_HEIGHT + MARGIN + ROW * rows
    figure = Figure(figsize=(width, height))
    figure.text(MARGIN / width, 1 - 0.33 / height, "Which version was made from which", size=12.5, weight="bold")
    axes = figure.add_axes((0, 0, 1, (height - TITLE_HEIGHT) / height))
    axes.set(xlim=(0, width), ylim=(0, height - TITLE_HEIGHT))
    axes.axis("off")
    places = {}
    for number, column in enumerate(columns):
        top = MARGIN / 2 + ROW * (rows + len(column) - 1) / 2
        places |= {node: (MARGIN + BOX / 2 + COLUMN * number, top - ROW * row) for row, node in enumerate(column)}
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


def generations(graph: nx.DiGraph) -> list[list[Node]]:
    """The boxes of each column from top to bottom: siblings together, in the order of their parents, so no arrows cross."""
    roots = [node for node in graph if not graph.in_degree(node)]
    order = {node: place for place, node in enumerate(n for root in roots for n in nx.dfs_preorder_nodes(graph, root))}
    return [sorted(column, key=order.__getitem__) for column in nx.topological_generations(graph)]


def _arrow(axes: Axes, start: tuple[float, float], end: tuple[float, float], child: Node, theme: Theme) -> None:
    """From the right side of a box to the left side of the next; to a retrained reference, which was not made of it, dashed."""
    style = "dashed" if child.role == "retrained" else "solid"
    look = {"arrowstyle": "-|>", "color": theme.muted, "linestyle": style, "shrinkA": 0, "shrinkB": 0, "linewidth": 1.0}
    axes.annotate("", (end[0] - BOX / 2, end[1]), (start[0] + BOX / 2, start[1]), arrowprops=look)


def _box(axes: Axes, place: tuple[float, float], node: Node, theme: Theme) -> None:
    colour = theme.models[LOOKS.index(node.role)] if node.role in LOOKS else theme.plain
    height = ROW * 0.84
    corner = place[0] - BOX / 2, place[1] - height / 2
    edge = theme.line if node.over else colour
    axes.add_patch(Rectangle(corner, BOX, height, facecolor=theme.paper, edgecolor=edge, linewidth=3 if node.served else 1.2))
    axes.add_patch(Rectangle(corner, 0.08, height, facecolor=colour, edgecolor="none"))
    top = place[1] + LINE * (len(node.lines) - 1) / 2
    for number, line in enumerate(node.lines):
        weight, ink = ("bold", theme.ink) if number == 0 else ("normal", theme.muted if node.over else theme.ink)
        axes.text(corner[0] + 0.17, top - LINE * number, line, size=9, weight=weight, color=ink, va="center")


def lineage_page(
    name: str, columns: tuple[str, ...], rows: list[dict], found: list[str] | None, servers: Sequence[str] = ()
) -> str:
    """The page as HTML text.

    Args:
        name: registered model.
        columns: what is told of each version; the LEADING ones in a table, the others in one that is folded away.
        rows: versions, as ``steps.status`` makes its rows; ``shown`` has the text of each column.
        found: inconsistencies in sentences; None when nobody asked.
        servers: who answers with which version, in sentences.
    """
    return page(
        TEMPLATE,
        name=name,
        leading=[column for column in LEADING if column in columns],
        others=["version", *(column for column in columns if column not in LEADING)],
        rows=rows,
        found=found,
        servers=servers,
        headline=headline(champion_of(rows)),
        standing=_standing(rows),
        **drawn(rows),
    )


def _standing(rows: list[dict]) -> dict | None:
    """The figure of what versions remember, on both papers; none where no version has numbers."""
    there = [row for row in rows if row["state"] not in GONE]
    return figures("status", {theme: render({"standing": standing}, theme, there) for theme in THEMES}).get("standing")


def drawn(rows: list[dict]) -> dict:
    """The figure of the lineage, its text for who cannot see it, and how many versions are not on it."""
    nodes = nodes_of(rows)
    pictures = [render({"lineage": lineage}, theme, nodes)["lineage"] for theme in THEMES]
    alt = "; ".join(", ".join(node.lines) for node in nodes)
    return {"picture": address(pictures), "alt": alt, "missing": len(rows) - sum(len(node.numbers) for node in nodes)}


def champion_of(rows: list[dict]) -> dict | None:
    """The row of the version that is served."""
    return next((row for row in rows if "champion" in row["aliases"]), None)


def headline(champion: dict | None) -> str:
    """What is served, in one sentence."""
    if champion is None:
        return "No version is the champion: none is served."
    sets = champion["forgotten"]
    forgotten = f"{len(sets)} forget sets, the last of them {sets[-1]}" if len(sets) > MOST_NAMED else " and ".join(sets)
    if not forgotten:
        return f"Version {champion['version']} is served. It was made to forget nothing: it remembers everything."
    return f"Version {champion['version']} is served. It was made to forget {forgotten}: {champion['found']}."
