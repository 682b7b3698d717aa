"""What the figures of an audit draw: its models' answers, each model with its colour, its line and its name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from matplotlib.artist import Artist
from matplotlib.lines import Line2D

from unlearning.evaluation.audit import Audit, Witnesses
from unlearning.evaluation.ground import MODELS, Ground, NotKnownError, Witness
from unlearning.evaluation.panel import panel_of
from unlearning.reports.style import Theme

VERSION = "version"
NAMES = {VERSION: "this version", "original": "original", "retrained": "retrained", "second": "another retrained"}
LINES = {VERSION: "-", "original": "-.", "retrained": "--", "second": ":"}
COLOURS = {VERSION: 3, "original": 0, "retrained": 1, "second": 1}


@dataclass(frozen=True)
class Answers:
    """The models of an audit on its faces, without resamples.

    Args:
        ground: the faces; pairs of forgotten and unseen faces are drawn as the audit drew them.
        models: by role, the version last, so that it is drawn above the others.
    """

    ground: Ground
    models: Mapping[str, Witness]

    def some(self, *roles: str) -> dict[str, Witness]:
        """Those of the roles that are there."""
        return {role: model for role, model in self.models.items() if role in roles}

    def need(self, role: str) -> Witness:
        """A model; NotKnownError when it is missing."""
        if role not in self.models:
            raise NotKnownError(f"no {MODELS[role]}")
        return self.models[role]


def answers(audit: Audit, witnesses: Witnesses) -> Answers:
    """Line up the witnesses as the audit did."""
    panel = panel_of(witnesses.case(), {}, resamples=0, seed=audit.settings.seed)
    order = ("original", "retrained", "second", VERSION)
    return Answers(panel.ground, {role: panel.models[role].subject for role in order if role in panel.models})


def absolute(model: Witness, rows: np.ndarray) -> np.ndarray:
    """Absolute errors, in years."""
    return np.abs(model.errors(rows))


def look(role: str, theme: Theme) -> dict:
    """How a model's line is drawn."""
    broad = 2.2 if role == VERSION else 1.5
    return {"color": theme.models[COLOURS[role]], "linestyle": LINES[role], "linewidth": broad}


def keys(roles: Mapping[str, object], theme: Theme) -> list[Artist]:
    """The legend's entries, the version first."""
    ordered = sorted(roles, key=list(NAMES).index)
    return [Line2D([], [], label=NAMES[role], **look(role, theme)) for role in ordered]
