"""What the pages show: facts of the registry and of requests, as texts for the templates of this folder."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from unlearning.data.photograph import Match
from unlearning.methods import METHODS
from unlearning.registry import servers
from unlearning.registry.version import CHAMPION, GONE, PURGED, Version
from unlearning.reports.lineage_page import champion_of, headline
from unlearning.reports.page import page
from unlearning.reports.words import in_plain_words
from unlearning.requests.states import NEXT, OPEN, PROMOTED, REFUSED, STATES, Request
from unlearning.settings.requests import ProcessSettings
from unlearning.web.acts import Act
from unlearning.web.asking import Asked, told
from unlearning.web.seen import Seen

FOLDER = Path(__file__).parent
LINE = ("received", "running", "gated", "promoted")
MOST_SHOWN = 60  # pictures of a match


def shown(template: str, asked: Asked, root: str, **values) -> str:
    """A page of this folder."""
    return page(f"{template}.html.jinja", FOLDER, root=root, who=asked.who, **values)


def overview(seen: Seen, requests: list[Request], damaged: list[str], at_work: Act | None) -> dict:
    """What is served, what is open, and what was done."""
    rows, today = seen.look.rows, datetime.now(UTC).date()
    champion = champion_of(rows)
    listed = [_row(one, today) for one in reversed(requests)]
    return {
        "name": seen.look.name,
        "headline": headline(champion),
        "finding": in_plain_words(champion["finding"]) if champion else "",
        "servers": [one.sentence for one in servers.live(seen.look.name)],
        "open": [one for one in listed if one["open"]],
        "ended": [one for one in listed if not one["open"]],
        "overdue": sum(bool(one["overdue"]) for one in listed),
        "refused": sum(one["state"] == REFUSED for one in listed),
        "damaged": [told(sentence) for sentence in damaged],
        "purged": [row for row in rows if row["state"] in GONE],
        "at_work": at_work,
        **seen.lineage,
    }


def _row(one: Request, today: date) -> dict:
    return {
        "id": one.run_id,
        "label": one.run_id[:8],
        "rule": one.rule,
        "state": one.state,
        "means": STATES[one.state],
        "count": one.count,
        "arrived": one.arrived[:10],
        "deadline": one.deadline or "-",
        "overdue": one.is_overdue(today),
        "open": one.is_open,
        "version": one.version or "-",
        "certificate": one.certificate,
        "reason": one.reason or "-",
        "user": one.user,
        "why": in_plain_words(one.history[-1].why),
    }


def request(one: Request, at_work: Act | None) -> dict:
    """A request: its way so far, who did what, and what can be done now."""
    way = [change.state for change in one.history]
    come = way[len(way) - 1 - way[::-1].index("received") :]
    steps = [*dict.fromkeys(come), *(state for state in LINE if one.state in OPEN and state not in come)]
    return {
        "one": _row(one, datetime.now(UTC).date()),
        "sha256": one.forget_sha256,
        "steps": [{"name": state, "means": STATES[state], "come": state in come, "now": state == one.state} for state in steps],
        "log": [replace(change, why=in_plain_words(change.why)) for change in one.history],
        "asked_again": NEXT[one.state] == ("received",) and one.state != PROMOTED,
        "methods": {name: method.__doc__.splitlines()[0] for name, method in METHODS.items()},
        "method": ProcessSettings.method,
        "at_work": at_work,
    }


def version(one: Version, row: dict) -> dict:
    """A version: what the registry says of it."""
    told = {name: one.tag(name) for name in ("role", "state", "method", "epochs", "parent_version", "test_mae", "certificate")}
    purge = {"purged by": one.tag("purged_by"), "purged at": one.tag("purged_at"), "because": one.tag("purged_because")}
    own = {"aliases": ", ".join(one.aliases), "made to forget": ", ".join(row["forgotten"]), "found out": row["found"]}
    facts = {name.replace("_", " "): value for name, value in (own | told | purge).items() if value}
    return {
        "number": one.number,
        "label": one.label,
        "facts": facts,
        "finding": in_plain_words(one.tag("finding")),
        "gone": one.tag("state") in GONE,
        "purgeable": one.tag("state") != PURGED and CHAMPION not in one.aliases,
        "forgot": one.tag("forget_set", "none") != "none",
        "candidate": one.tag("state") == "candidate",
    }


def matches(found: list[Match], faces: pd.DataFrame, pixels: np.ndarray | None) -> dict:
    """The pictures that a photograph matches; those of a machine that has them with a small picture."""
    told = []
    for match in found[:MOST_SHOWN]:
        face = faces.iloc[match.place]
        picture = "" if pixels is None else thumbnail(pixels[face.row])
        told.append({"id": face.id, "how": match.how, "learned": face.split == "train", "picture": picture})
    return {"found": told, "count": len(found), "looked": pixels is not None, "more": len(found) - len(told)}


def thumbnail(pixels: np.ndarray) -> str:
    """A picture as a data address."""
    file = BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return "data:image/png;base64," + b64encode(file.getvalue()).decode()
