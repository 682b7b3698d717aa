"""Who is compared with whom in an audit: the models by their roles, and pairs of models whose differences are weighed.

With one or two retrained models the tables' predictions are compared as they are. With three and more retrained models, as
the members of one or two tables, every pair of them shows what seeds alone do. A mean of several members errs less than one
member, so single members are then compared with single members: the version's with the retrained ones', and so the original's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import combinations, product

import numpy as np
import pandas as pd

from unlearning.evaluation.case import Case
from unlearning.evaluation.ground import COSTS, Comparison, Ground, Witness, answers, ground_of

ROLES = {"version": "evaluated", "original": "original", "retrained": "retrained", "second": "second"}
MEMBERS, MANY_FACES = 4, 250_000
PAIRS, RETRAINED_PAIRS, FEW_PAIRS = 6, 10, 4
ENOUGH = 3
Pair = tuple[Comparison, Comparison]


@dataclass(frozen=True)
class Panel:
    """The models of an audit on their ground.

    Args:
        ground: the faces.
        models: by role: each model beside all others; roles without a table are left out.
        version: pairs of the version and a retrained model.
        original: pairs of the original and a retrained model.
        noise: pairs of two retrained models.
        single: are the pairs of single members?
    """

    ground: Ground
    models: Mapping[str, Comparison]
    version: tuple[Pair, ...]
    original: tuple[Pair, ...]
    noise: tuple[Pair, ...]
    single: bool


def panel_of(case: Case, measured: Mapping[str, Mapping[str, float]], resamples: int, seed: int) -> Panel:
    """Line up a case's models; a second retrained model that answers like the first one is left out.

    Args:
        case: the version and its references.
        measured: numbers from elsewhere, by metric and role.
        resamples: of the faces.
        seed: of all draws.
    """
    ground, order = ground_of(case, resamples, seed)
    given = {role: getattr(case, field) for role, field in ROLES.items()}
    said = {role: _answers(table, role, case, order) for role, table in given.items() if table is not None}
    if {"retrained", "second"} <= said.keys() and _alike(said["retrained"], said["second"]):
        del said["second"]
    facts = {role: (_costs(case, role), {name: by[role] for name, by in measured.items() if role in by}) for role in said}
    whole = {role: Witness(role, ground, own["predicted"], *facts[role]) for role, own in said.items()}
    others = [whole.get(role) for role in ("retrained", "original", "second")]
    models = {role: Comparison(model, *others) for role, model in whole.items()}
    retrained = [name for role in ("retrained", "second") for name in said.get(role, {}) if name != "predicted"]
    if len(retrained) < ENOUGH or any(len(own) == 1 for own in said.values()):
        return Panel(ground, models, **_of_tables(models), single=False)
    still = replace(ground, blocks=ground.blocks.still())
    sampled, fixed = (_of_members(_singles(said, stand, facts), len(order) > MANY_FACES) for stand in (ground, still))
    return Panel(ground, models, fixed["version"], fixed["original"], sampled["noise"], single=True)


def _answers(table: pd.DataFrame, role: str, case: Case, order: np.ndarray) -> dict[str, np.ndarray]:
    """The predictions of a table and of its first members, in the order of a ground."""
    members = [name for name in table.columns if name.startswith("member_")]
    columns = ["predicted", *members[: MEMBERS if len(table) <= MANY_FACES else ENOUGH]]
    return dict(zip(columns, answers(table, role, case, order, columns), strict=True))


def _singles(said: Mapping[str, dict[str, np.ndarray]], stand: Ground, facts) -> dict[str, list[Witness]]:
    """Every member of every table as a model of its own; witnesses of the two grounds have names of their own."""
    mark = f" with {stand.blocks.resamples} resamples"
    return {
        role: [Witness(f"{role} {name}{mark}", stand, own[name], *facts[role]) for name in own if name != "predicted"]
        for role, own in said.items()
    }


def _alike(first: dict[str, np.ndarray], second: dict[str, np.ndarray]) -> bool:
    """Is a second retrained model the first one again, so that it shows nothing of what a seed does?"""
    return np.array_equal(first["predicted"], second["predicted"])


def _costs(case: Case, role: str) -> dict[str, float]:
    if role == "version":
        return {name: getattr(case, name) for name in COSTS}
    return {"seconds": case.retrained_seconds, "samples": case.retrained_samples} if role == "retrained" else {}


def _of_tables(models: Mapping[str, Comparison]) -> dict[str, tuple[Pair, ...]]:
    found = {"version": "version", "original": "original", "noise": "second"}
    return {
        name: ((models[role], models["retrained"]),) if {role, "retrained"} <= models.keys() else ()
        for name, role in found.items()
    }


def _of_members(members: Mapping[str, list[Witness]], many: bool) -> dict[str, tuple[Pair, ...]]:
    retrained = [*members["retrained"], *members.get("second", [])]
    original = members.get("original", [None])[0]
    most, most_retrained = (FEW_PAIRS, FEW_PAIRS) if many else (PAIRS, RETRAINED_PAIRS)

    def pair(first: Witness, second: Witness) -> Pair:
        another = next(model for model in retrained if model is not second)
        return tuple(Comparison(subject, second, original, another) for subject in (first, second))

    return {
        "version": tuple(pair(*both) for both in _some(product(members["version"], retrained), most)),
        "original": tuple(pair(*both) for both in _some(product(members.get("original", []), retrained), most)),
        "noise": tuple(pair(*both) for both in _some(combinations(retrained, 2), most_retrained)),
    }


def _some(pairs, most: int) -> list[tuple[Witness, Witness]]:
    """At most so many pairs, spread evenly over all of them."""
    every = list(pairs)
    return every if len(every) <= most else [every[i] for i in np.linspace(0, len(every) - 1, most).round().astype(int)]
