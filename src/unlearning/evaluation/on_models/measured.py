"""Numbers that are no function of one prediction, handed to an audit with what else there is to say of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from unlearning.evaluation.on_models import quality, seeds
from unlearning.evaluation.table import align

VERSION, RETRAINED, SECOND, ORIGINAL, FLOOR = "version", "retrained", "second", "original", "floor"
FORMS = {"official": "forgetting_quality_official", "holdout": "forgetting_quality_holdout"}


@dataclass(frozen=True)
class Measured:
    """What ``Witnesses`` take of an audit's numbers from elsewhere.

    Args:
        numbers: by metric and role; the role ``floor`` is the least floor.
        remarks: by metric.
    """

    numbers: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    remarks: Mapping[str, str] = field(default_factory=dict)

    def __or__(self, other: Measured) -> Measured:
        return Measured({**self.numbers, **other.numbers}, {**self.remarks, **other.remarks})


def of_seeds(tables: Mapping[str, pd.DataFrame], members: np.ndarray, seed: int = 0) -> Measured:
    """U-LiRA, KLOM and forgetting quality, where version and retrained model have three seeds and more, as their members.

    All are about the forgotten training faces; of many, ``seeds.MOST_FACES`` are drawn. What is compared with the retrained
    model's seeds: the version's, the original's, and the second retrained model's, which gives what chance alone does.

    Args:
        tables: prediction tables by role; the version's and the retrained model's at least.
        members: which rows of the version's table are forgotten training faces, copies left out.
        seed: of the draws.
    """
    rows = np.flatnonzero(members)
    rows = np.sort(np.random.default_rng([seed, 4]).permutation(rows)[: seeds.MOST_FACES])
    said = {role: _answers(align(table, tables[VERSION]), rows) for role, table in tables.items()}
    enough = {role: answers for role, answers in said.items() if len(answers) >= seeds.FEWEST and answers.size}
    if not {VERSION, RETRAINED} <= enough.keys():
        return Measured()
    return _attacked(enough, seed) | _apart(enough, seed) | _told(enough, seed)


def _answers(table: pd.DataFrame, rows: np.ndarray) -> np.ndarray:
    """Predictions of the members in years, shape (members, faces)."""
    names = [name for name in table.columns if name.startswith("member_")]
    return table[names].to_numpy(np.float64)[rows].T


def _others(said: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {role: answers for role, answers in said.items() if role != RETRAINED}


def _attacked(said: Mapping[str, np.ndarray], seed: int) -> Measured:
    rounds = {VERSION: seeds.ROUNDS}
    found = {
        role: seeds.likelihood_attack(own, said[RETRAINED], seed=seed, rounds=rounds.get(role, 1))
        for role, own in _others(said).items()
    }
    own = found[VERSION]
    floors = {"auc": max(0.5 - own.null[0], own.null[1] - 0.5), "tpr": max(own.tpr_null) - own.rate}
    numbers = {
        "ulira_auc": {role: one.auc for role, one in found.items()} | {RETRAINED: 0.5, FLOOR: floors["auc"]},
        "ulira_tpr_at_1": {role: one.tpr for role, one in found.items()} | {RETRAINED: own.rate, FLOOR: floors["tpr"]},
    }
    remark = f"{own.models[0]} seeds of the version against {own.models[1]} retrained; dealt out at random they give"
    nulls = {"ulira_auc": own.null, "ulira_tpr_at_1": own.tpr_null}
    return Measured(numbers, {name: f"{remark} {low:.2f} to {high:.2f}" for name, (low, high) in nulls.items()})


def _apart(said: Mapping[str, np.ndarray], seed: int) -> Measured:
    found = {role: seeds.klom(own, said[RETRAINED], seed) for role, own in _others(said).items()}
    own = found[VERSION]
    remark = f"{own.models[0]} seeds of the version against {own.models[1]} retrained; chance alone gives {own.null:.3g}"
    values = {role: one.value for role, one in found.items()} | {RETRAINED: 0.0, FLOOR: own.null}
    return Measured({"klom": values}, {"klom": remark})


def _told(said: Mapping[str, np.ndarray], seed: int) -> Measured:
    numbers, remarks = {}, {}
    for form, name in FORMS.items():
        own = quality.quality(said[VERSION], said[RETRAINED], said.get(SECOND), form, seed)
        values = {role: quality.score(one, said[RETRAINED], form, seed) for role, one in _others(said).items()}
        numbers[name] = values | {RETRAINED: 1.0, FLOOR: 1 - own.ceiling}
        remarks[name] = (
            f"N = {own.models} models of each kind; retraining itself reaches {own.ceiling:.2f} ({own.measured}, N = "
            f"{own.ceiling_models}), where this version has {own.compared:.2f}"
        )
    return Measured(numbers, remarks)
