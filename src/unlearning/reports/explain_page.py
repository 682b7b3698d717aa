"""The page about what carries the answers: mean maps, their differences from retraining, and whether they tell the truth."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from unlearning.data.forget import ForgetSet
from unlearning.evaluation.audit.verdicts import Row
from unlearning.evaluation.on_models.attribution import PLANTED
from unlearning.explain.faithful import POINTS
from unlearning.explain.found import Found, Look
from unlearning.explain.groups import FEWEST, FORGOTTEN, RETAINED, TEST
from unlearning.explain.regions import BOXES, REGIONS, areas, densest, shares
from unlearning.reports.charts import FOOT_HEIGHT, heading, note, panel, shorten, stack
from unlearning.reports.page import by_function, figures, page, render
from unlearning.reports.style import MARGIN, THEMES, TITLE_HEIGHT, WIDTH, Theme, sheet
from unlearning.reports.words import shown, titles

TEMPLATE = "explain_page.html.jinja"
PARTS = {FORGOTTEN: "forgotten faces", RETAINED: "kept training faces", TEST: "test faces"}
MOST_DRAWN, MOST_TOLD, LONGEST = 6, 4, 32
SEEDS = "two retrained seeds"
MAPS, APART = "magma", "RdBu_r"  # one for both papers, as pictures within a figure have no variables


def explain_page(found: Found, rows: Mapping[str, Mapping[str, Row]], forget: ForgetSet) -> str:
    """The page as HTML text; ``rows`` are, by group or by ``PLANTED``, each version beside the retrained ones."""
    return page(
        TEMPLATE,
        finding=finding(found, forget),
        what=found.target.name,
        told=found.target.told,
        faces=_faces(forget),
        figures=figures("explain", {theme: render(EXPLAIN_FIGURES, theme, found) for theme in THEMES}, found.target),
        regions=[
            {"name": name, "area": percent(area), "shares": [percent(own[name]) for own in _forgotten(found).values()]}
            for name, area in areas(found.boxes).items()
        ],
        labels=list(found.looks),
        distances=_judged({name: own for name, own in rows.items() if name != PLANTED}, found.groups),
        planted=_judged({name: own for name, own in rows.items() if name == PLANTED}, {PLANTED: found.groups[TEST]}),
        remarks=sorted({row.reason or row.note for own in rows.values() for row in own.values()} - {""}),
        checks=[_check(name, found) for name in found.looks],
        alike=shown(found.seeds_alike(), 2),
        groups={PARTS.get(name, name): count for name, count in found.groups.items()},
        retrained=list(found.retrained),
        fewest=FEWEST,
    )


def finding(found: Found, forget: ForgetSet) -> str:
    """Where each version reads the forgotten faces from, in a sentence; what fails its checks is only named."""
    told, failed, before = [], [], ""
    for name, look in list((found.others() or found.looks).items())[:MOST_TOLD]:
        who = "the original" if look.role == "original" else name
        named = densest(look.mean(FORGOTTEN), found.boxes)
        regions = f"the {' and '.join(named)}" if named else "no region in particular"
        if not found.believed(name):
            failed.append(who)
        elif regions == before:
            told.append(f"{who} still does")
        else:
            whom = "them" if before else _faces(forget)
            told.append(f"{'after forgetting, ' * (look.role == 'unlearned')}{who} reads {whom} from {regions}")
            before = regions
    start = "" if before else f"where {_faces(forget)} are read from: "
    if failed:
        why = f"as {'its' if len(failed) == 1 else 'their'} maps fail their checks"
        if len(found.members(TEST)) < 2:
            why = "as the check of their maps by random weights needs two retrained seeds"
        told.append(f"of {' and of '.join(failed)} it cannot be said, {why}")
    sentence = start + "; ".join(told)
    return sentence[:1].upper() + sentence[1:]


def _faces(forget: ForgetSet) -> str:
    """``20 to 28`` for ages; other rules by their titles, which name no person and no place."""
    ages = re.fullmatch(r"(\d+)-(\d+)", forget.rule)
    return f"{ages[1]} to {ages[2]}" if ages else f"the faces of {titles([forget])[forget.name]}"


def percent(share: float) -> str:
    """A share of a map."""
    return "-" if math.isnan(share) else f"{100 * share:.0f} %"


def _forgotten(found: Found) -> dict[str, dict[str, float]]:
    return {name: shares(look.mean(FORGOTTEN), found.boxes) for name, look in found.looks.items()}


def _judged(rows: Mapping[str, Mapping[str, Row]], counts: Mapping[str, int]) -> list[dict[str, str]]:
    return [
        {
            "group": PARTS.get(group, group),
            "count": f"{counts[group]}",
            "name": name,
            "version": percent(row.version),
            "retrained": percent(row.retrained),
            "floor": percent(row.floor),
            "verdict": row.verdict,
        }
        for group, own in rows.items()
        for name, row in own.items()
    ]


def _check(name: str, found: Found) -> dict[str, str]:
    look = found.looks[name]
    curves = look.curves
    gains = (
        f"{shown(gain, 2, sign=True)} ± {shown(2 * error, 2)}" for gain, error in zip(curves.gains, curves.errors, strict=True)
    )
    told = dict(zip(("deletion", "insertion"), gains, strict=True))
    numbers = {"random": shown(look.randomised, 2), "occlusion": shown(look.agreement, 2)}
    return {"name": name, "believed": "yes" if found.believed(name) else "no", **told, **numbers}


def maps(found: Found, theme: Theme) -> Figure:
    """Mean maps of every version on the three parts."""
    looks = _drawn(found.looks)
    rows = {name: [look.mean(part) for part in PARTS] for name, look in looks.items()}
    top = max(float(cells.max()) for own in rows.values() for cells in own)
    look = {"cmap": MAPS, "vmin": 0, "vmax": top}
    return _grid(f"What carries the {found.target.name}", rows, list(PARTS.values()), found, look, theme)


def differences(found: Found, theme: Theme) -> Figure | None:
    """First member of every version less first retrained one, beside the same of two retrained seeds."""
    seeds = {group: found.members(group) for group in found.groups}
    rows = {
        name: [look.maps["gradients"][group][0] - own[0] for group, own in seeds.items()]
        for name, look in _drawn(found.others()).items()
    }
    if not rows:
        return None
    if len(seeds[FORGOTTEN]) > 1:
        rows[SEEDS] = [own[1] - own[0] for own in seeds.values()]
    top = max(float(np.abs(cells).max()) for own in rows.values() for cells in own) or 1.0
    look = {"cmap": APART, "vmin": -top, "vmax": top}
    return _grid("What lies elsewhere than in a retrained model", rows, list(found.groups), found, look, theme)


def _drawn(looks: Mapping[str, Look]) -> dict[str, Look]:
    return dict(list(looks.items())[:MOST_DRAWN])


def _grid(
    title: str, rows: Mapping[str, list[np.ndarray]], columns: list[str], found: Found, look: dict, theme: Theme
) -> Figure:
    """A map at every version and group, with the regions' borders."""
    side = min((WIDTH - 2 * MARGIN) / len(columns) - 0.1, 1.6)
    row = side + 0.3
    figure = sheet(title, TITLE_HEIGHT + 0.25 + row * len(rows) + FOOT_HEIGHT)
    top = figure.get_figheight() - TITLE_HEIGHT - 0.25
    for place, (name, cells) in enumerate(rows.items()):
        for column, own in enumerate(cells):
            axes = panel(figure, top - place * row - row, side, MARGIN + column * (side + 0.1), side)
            _map(axes, own, found, look, theme)
            if not place:
                axes.set_title(columns[column], size=8.5, loc="left", pad=16, color=theme.muted)
            if not column:
                axes.text(0, -0.03, shorten(name, LONGEST), size=9.5, weight="bold", va="bottom", color=theme.ink)
    top_share = f"{100 * look['vmax']:.2g} %"
    scale = (
        f"less to more, {top_share} of a map a cell" if look["vmin"] == 0 else f"blue less, red more, up to {top_share} a cell"
    )
    note(figure, f"{scale}; lines: the regions", theme)
    return figure


def _map(axes: Axes, cells: np.ndarray, found: Found, look: dict, theme: Theme) -> None:
    axes.imshow(cells, interpolation="nearest", extent=(0, 1, 1, 0), **look)
    for top, left, bottom, right in BOXES[found.boxes].values():
        axes.plot([left, right, right, left, left], [top, top, bottom, bottom, top], color="#8a8a8a", linewidth=0.5)
    axes.set(xlim=(0, 1), ylim=(1, 0), xticks=[], yticks=[])
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)


def _colours(found: Found, theme: Theme) -> dict[str, str]:
    """The original's and the reference's own colours, as in every figure; the others' in turn."""
    others = iter((*theme.models[2:], *theme.others))
    own = {"original": theme.models[0], found.retrained[0]: theme.models[1]}
    looks = _drawn(found.looks)
    return {name: own.get(name) or own.get(look.role) or next(others) for name, look in looks.items()}


def regions(found: Found, theme: Theme) -> Figure:
    """Share of every region on the forgotten faces, beside its share of the picture."""
    colours, own = _colours(found, theme), _forgotten(found)
    keys = [Patch(color=colour, label=shorten(name, LONGEST)) for name, colour in colours.items()]
    keys.append(Line2D([], [], color=theme.ink, linewidth=2, label="share of the picture"))
    figure, (axes,) = stack("Where the forgotten faces are read from", 1, 3.6, keys=keys, columns=2)
    axes.set_position((1.55 / WIDTH, axes.get_position().y0, (WIDTH - 1.55 - MARGIN) / WIDTH, axes.get_position().height))
    height = 0.8 / len(colours)
    for row, (region, area) in enumerate(areas(found.boxes).items()):
        for place, (name, colour) in enumerate(colours.items()):
            axes.barh(row - 0.4 + (place + 0.5) * height, 100 * own[name][region], height, color=colour)
        axes.plot([100 * area] * 2, [row - 0.45, row + 0.45], color=theme.ink, linewidth=2)
    axes.set(yticks=range(len(REGIONS)), yticklabels=REGIONS, ylim=(len(REGIONS) - 0.5, -0.5), xlabel="share of the map (%)")
    axes.grid(visible=False, axis="y")
    axes.grid(visible=True, axis="x")
    return figure


def curves(found: Found, theme: Theme) -> Figure:
    """Deletion and insertion, each beside the map moved elsewhere."""
    colours = _colours(found, theme)
    keys = [Line2D([], [], color=colour, label=shorten(name, LONGEST)) for name, colour in colours.items()]
    keys.append(Line2D([], [], color=theme.muted, linestyle=":", label="by the map moved elsewhere"))
    figure, panels = stack("Taken away and put back by the map", 2, 2.0, scale=0.3, keys=keys, columns=2)
    for axes, name, good in zip(
        panels, ("deletion", "insertion"), ("faster up is better", "faster down is better"), strict=True
    ):
        for label, colour in colours.items():
            own = found.looks[label].curves
            axes.plot(100 * POINTS, getattr(own, name), color=colour)
            axes.plot(100 * POINTS, getattr(own, f"random_{name}"), color=colour, linestyle=":")
        heading(axes, name.capitalize(), good)
        axes.set(xlim=(0, 100), ylabel="answer moved", xlabel=f"cells {'taken away' if name == 'deletion' else 'put back'} (%)")
    return figure


EXPLAIN_FIGURES = by_function(maps, regions, differences, curves)
