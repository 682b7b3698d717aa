"""What many seeds of a version and of the retrained model tell, measured for an audit."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from unlearning.evaluation.on_models import quality, seeds
from unlearning.evaluation.on_models.handed import FLOOR, ORIGINAL, RETRAINED, SECOND, VERSION, Measured
from unlearning.evaluation.table import align


def of_seeds(tables: Mapping[str, pd.DataFrame], members: np.ndarray, seed: int = 0, scale: float = 1.0) -> Measured:
    """U-LiRA, KLOM and forgetting quality, where version and retrained model have three seeds and more, as their members.

    All are about the forgotten training faces; of many, ``seeds.MOST_FACES`` are drawn. What is compared with the retrained
    model's seeds: the version's, the original's, and the second retrained model's, which gives what chance alone does.

    Args:
        tables: prediction tables by role; the version's and the retrained model's at least.
        members: which rows of the version's table are forgotten training faces, copies left out.
        scale: of the target: its units for a year of a range of sixty.
    """
    rows = np.flatnonzero(members)
    rows = np.sort(np.random.default_rng([seed, 4]).permutation(rows)[: seeds.MOST_FACES])
    said = {role: _answers(align(table, tables[VERSION]), rows) / scale for role, table in tables.items()}
    if SECOND in said:  # a seed that stands in both tables says nothing of chance
        known = {answers.tobytes() for answers in said[RETRAINED]}
        said[SECOND] = np.array([answers for answers in said[SECOND] if answers.tobytes() not in known])
    enough = {role: answers for role, answers in said.items() if len(answers) >= seeds.FEWEST and answers.size}
    if not {VERSION, RETRAINED} <= enough.keys():
        return Measured()
    return _attacked(enough, seed) | _apart(enough, seed) | _told(enough, seed)


def _answers(table: pd.DataFrame, rows: np.ndarray) -> np.ndarray:
    """Predictions of the members in years, shape (members, faces)."""
    names = [name for name in table.columns if name.startswith("member_")]
    answers: np.ndarray = table[names].to_numpy(np.float64)[rows].T
    return answers


def _others(said: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {role: answers for role, answers in said.items() if role != RETRAINED}


def _attacked(said: Mapping[str, np.ndarray], seed: int) -> Measured:
    attacks = {
        role: seeds.likelihood_attack(own, said[RETRAINED], seed=seed, rounds=seeds.ROUNDS if role == VERSION else 1)
        for role, own in _others(said).items()
    }
    own = attacks[VERSION]
    low, high = own.null
    values = {role: attack.auc for role, attack in attacks.items()} | {RETRAINED: 0.5, FLOOR: max(0.5 - low, high - 0.5)}
    remark = f"{_seeds(said)}; dealt out at random they give {low:.2f} to {high:.2f}"
    return Measured({"ulira_auc": values}, {"ulira_auc": remark})


def _seeds(said: Mapping[str, np.ndarray]) -> str:
    return f"{len(said[VERSION])} seeds of the version against {len(said[RETRAINED])} retrained"


def _apart(said: Mapping[str, np.ndarray], seed: int) -> Measured:
    divergences = {role: seeds.klom(own, said[RETRAINED], seed) for role, own in _others(said).items()}
    own = divergences[VERSION]
    values = {role: one.value for role, one in divergences.items()} | {RETRAINED: 0.0, FLOOR: own.null}
    return Measured({"klom": values}, {"klom": f"{_seeds(said)}; chance alone gives {own.null:.3g}"})


def _told(said: Mapping[str, np.ndarray], seed: int) -> Measured:
    told = {
        role: quality.quality(said[role], said[RETRAINED], said.get(SECOND), seed)
        for role in (VERSION, ORIGINAL)
        if role in said
    }
    own = told[VERSION]
    values = {role: one.compared for role, one in told.items()} | ({SECOND: own.ceiling} if SECOND in said else {})
    remark = (
        f"N = {own.ceiling_models} models of each kind; retraining itself reaches {own.ceiling:.2f} ({own.measured}); of all "
        f"{own.models} this version has {own.value:.2f}"
    )
    name = "forgetting_quality_holdout"
    return Measured({name: values | {RETRAINED: 1.0, FLOOR: 1 - own.ceiling}}, {name: remark})
