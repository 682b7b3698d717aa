"""What an experiment found, in a folder that names nobody: every table and verdict can be made again from it.

``tables.parquet`` has a row for each face and copy: a keyed id, split, label, keyed ids of the face that it copies and of its
near-copies, and the predictions of every version; of classes the probability of the true one, and the likeliest. The ids are
HMAC-SHA256 under a key that is drawn for the folder and kept nowhere, so that nobody, the writer included, leads them back to
pictures. ``outcomes.json`` says which columns and which rows make which outcome.
"""

import hashlib
import hmac
import json
import math
import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from unlearning.data.forget import ForgetSet
from unlearning.data.labels import column_of
from unlearning.errors import InputError
from unlearning.evaluation.case import Case
from unlearning.evaluation.table import align
from unlearning.experiments.results import SUMMED, Results, outcome_of
from unlearning.targets import AGE, ANSWER, from_dict

TABLES, OUTCOMES = "tables.parquet", "outcomes.json"
SIDES = ("version", "retrained", "original", "second")
COSTS = (*SUMMED, "peak_memory_mb")


def save(results: Results, setup: dict[str, str], folder: Path) -> None:
    """Write results and how they were made into a folder; ``setup`` and the titles of the forget sets must name nobody."""
    key, about = secrets.token_bytes(32), results.outcomes[0].cases[0].about
    assert about is not None
    first = results.outcomes[0].cases[0].version
    faces = first[["id", "split", column_of(first)]].merge(about, on="id")
    numbers: dict[int, int] = {}
    columns: dict[str, np.ndarray] = {}
    outcomes = [_outcome(one, lambda table: _number(table, faces, numbers, columns)) for one in results.outcomes]
    hidden = {one: _keyed(key, one) for one in pd.unique(faces[["id", "copy_of", "near"]].to_numpy().ravel())}
    keyed = faces.assign(**{name: faces[name].map(hidden) for name in ("id", "copy_of", "near")})
    table = pd.concat([keyed, pd.DataFrame(columns, index=keyed.index)], axis=1)
    sets = {one.forget_set: _set(one.cases[0].forget, one.forget_set, hidden) for one in results.outcomes}
    content = {"preset": results.preset, "digest": results.digest, "setup": setup, "sets": sets, "outcomes": outcomes}
    folder.mkdir(parents=True, exist_ok=True)
    table.sort_values("id").to_parquet(folder / TABLES, index=False, compression="zstd")
    (folder / OUTCOMES).write_text(json.dumps(content, indent=1), encoding="utf-8")


def load(folder: Path) -> tuple[Results, dict[str, str]]:
    """The results of a folder that ``save`` wrote, and how they were made; InputError where it is none, or damaged."""
    try:
        content = json.loads((folder / OUTCOMES).read_text(encoding="utf-8"))
        table = pd.read_parquet(folder / TABLES)
        sets = {title: ForgetSet.from_dict(one) for title, one in content["sets"].items()}
        outcomes = tuple(_read(one, table, sets) for one in content["outcomes"])
        return Results(content["preset"], content["digest"], outcomes), content["setup"]
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"source={folder} cannot be read: {type(error).__name__}; legal: a folder with {OUTCOMES} and {TABLES}, as report "
            f"-P out=FOLDER writes it into FOLDER/kept"
        ) from error


def _keyed(key: bytes, text: str) -> str:
    return hmac.new(key, text.encode(), hashlib.sha256).hexdigest()[:16] if text else ""


def _number(table: pd.DataFrame, faces: pd.DataFrame, numbers: dict[int, int], columns: dict[str, np.ndarray]) -> int:
    """Number of a prediction table; one that is met for the first time adds its columns."""
    if id(table) not in numbers:
        number = numbers[id(table)] = len(numbers)
        own = align(table, faces)
        members = [name for name in own if name.startswith("member_")]
        names = ["predicted", *(members if len(members) > 1 else [])]  # one member alone is what is predicted
        columns |= {f"{number}/{name}": own[name].to_numpy(np.float32) for name in names}
        columns |= {f"{number}/{name}": own[name].to_numpy(np.int16) for name in own if name == ANSWER}
    return numbers[id(table)]


def _outcome(one, number) -> dict[str, Any]:
    cases = []
    for case in one.cases:
        tables = {side: number(getattr(case, side)) for side in SIDES if getattr(case, side) is not None}
        costs = {name: value for name in COSTS if math.isfinite(value := getattr(case, name))}
        target = {} if case.target == AGE else {"target": case.target.as_dict()}
        cases.append({"tables": tables, "alpha": case.alpha, **target, **costs})
    return {"forget_set": one.forget_set, "arm": one.arm, "epochs": one.epochs, "seeds": list(one.seeds), "cases": cases}


def _set(forget: ForgetSet | None, title: str, hidden: dict[str, str]) -> dict[str, Any]:
    """A forget manifest by its title: the rule as it was typed may name a file, or somebody."""
    assert forget is not None
    ids, tested = (tuple(sorted(hidden[one] for one in some)) for some in (forget.ids, forget.test_ids))
    return replace(forget, rule=title, ids=ids, test_ids=tested).as_dict()


def _read(one: dict[str, Any], table: pd.DataFrame, sets: dict[str, ForgetSet]):
    def predictions(number: int) -> pd.DataFrame:
        own = {name.partition("/")[2]: table[name] for name in table if name.startswith(f"{number}/")}
        return table[["id", "split", column_of(table)]].assign(**{"member_0": own["predicted"]} | own)

    about, forget = table[["id", "copy_of", "near"]], sets[one["forget_set"]]
    cases = []
    for kept in one["cases"]:
        sides = {side: predictions(number) for side, number in kept["tables"].items()}
        costs = {name: kept[name] for name in COSTS if name in kept}
        target = from_dict(kept["target"]) if "target" in kept else AGE
        cases.append(Case(**sides, forget=forget, alpha=kept["alpha"], target=target, about=about, **costs))
    return outcome_of(one["forget_set"], one["arm"], one["epochs"], tuple(one["seeds"]), tuple(cases))
