"""What an audit stands on: faces in one order, their parts, pairs and resamples; and each model's answers about them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import pandas as pd

from unlearning.errors import InputError
from unlearning.evaluation.case import IN_WORDS, PARTS, Case
from unlearning.evaluation.numbers.matching import Pairs, match
from unlearning.evaluation.resample import Blocks, draw_blocks
from unlearning.evaluation.study import ALPHA
from unlearning.evaluation.table import align

FEWEST = 10
UNKNOWN = -1
COSTS = ("seconds", "samples", "peak_memory_mb")
MODELS = {
    "original": "original model",
    "retrained": "retrained model",
    "second": "second retrained model",
}


class NotKnownError(Exception):
    """A number that cannot be given; the message is the reason. The audit shows it in the number's place."""


@dataclass(frozen=True)
class Ground:
    """The faces of a comparison, in the order of their ids, so that no number depends on the order of a table's rows.

    Args:
        ages: in years, one a row.
        rows: positions of every part's rows, copies included.
        copies: one bool a row: is it an augmented copy?
        traits: codes of ``gender`` and ``race``, one a row; -1 where they are not known.
        blocks: the resamples.
        seed: of all draws.
        alpha: scale of Forgetting, in years.
        tells_copies: was it known which rows are copies?
    """

    ages: np.ndarray
    rows: Mapping[str, np.ndarray]
    copies: np.ndarray
    traits: Mapping[str, np.ndarray]
    blocks: Blocks
    seed: int
    alpha: float = ALPHA
    tells_copies: bool = True

    def some(self, part: str) -> np.ndarray:
        """Positions of a part, copies included; NotKnownError when it is empty."""
        return _some(self.rows[part], IN_WORDS[part])

    def faces(self, part: str) -> np.ndarray:
        """Positions of a part without augmented copies, so that no face counts twice; NotKnownError when it is empty."""
        return _some(self._sources[part], IN_WORDS[part])

    @cached_property
    def _sources(self) -> dict[str, np.ndarray]:
        """The rows of every part without augmented copies."""
        return {part: rows[~self.copies[rows]] for part, rows in self.rows.items()}

    @cached_property
    def forgotten(self) -> np.ndarray:
        """Positions of the forgotten training faces, without copies: the members of every attack."""
        rows = np.intersect1d(self.rows["forget"], self.rows["train"], assume_unique=True)
        return rows[~self.copies[rows]]

    @cached_property
    def unseen(self) -> np.ndarray:
        """Positions of the test faces that non-members are drawn from.

        They are the test faces that the forget rule describes, where these give at least ``FEWEST`` pairs and a quarter of
        those that all test faces would give; otherwise all test faces (a rule that names single people describes none).
        """
        described, every = self.rows["test_in_range"], self.rows["test"]
        narrow, wide = (len(match(self.forgotten, rows, self.ages, self.seed)) for rows in (described, every))
        return described if narrow >= max(FEWEST, wide / 4) else every

    @cached_property
    def pairs(self) -> Pairs:
        """Forgotten training faces beside test faces of the same ages; NotKnownError when there are fewer than ``FEWEST``."""
        return _enough(match(self.forgotten, self.unseen, self.ages, self.seed), "forgotten training faces")

    @cached_property
    def kept_pairs(self) -> Pairs:
        """Retained training faces beside test faces of the same ages that the forget rule does not describe."""
        kept = np.intersect1d(self.rows["retain"], self.rows["train"], assume_unique=True)
        others = np.setdiff1d(self.rows["test"], self.rows["test_in_range"], assume_unique=True)
        return _enough(match(kept[~self.copies[kept]], others, self.ages, self.seed), "retained training faces")


def _some(rows: np.ndarray, what: str) -> np.ndarray:
    if not len(rows):
        raise NotKnownError(f"there is nobody: {what}")
    return rows


def _enough(pairs: Pairs, members: str) -> Pairs:
    if len(pairs) < FEWEST:
        raise NotKnownError(f"{len(pairs)} pairs of {members} and test faces of the same ages; {FEWEST} are needed")
    return pairs


@dataclass(frozen=True)
class Witness:
    """One model's answers about all faces.

    Args:
        name: tells the witnesses of one ground apart.
        ground: the faces.
        predicted: ages in years, one a row of the ground.
        costs: seconds, samples, peak_memory_mb; what is missing is not known.
        measured: numbers about the model that no prediction table gives, by metric.
    """

    name: str
    ground: Ground
    predicted: np.ndarray
    costs: Mapping[str, float] = field(default_factory=dict)
    measured: Mapping[str, float] = field(default_factory=dict)
    _known: dict = field(default_factory=dict, compare=False, repr=False)

    def errors(self, rows: np.ndarray) -> np.ndarray:
        """Signed errors at some positions, in years."""
        return self.predicted[rows] - self.ground.ages[rows]

    def once(self, key, compute: Callable):
        """What ``compute`` gives, computed at the first call with ``key``."""
        if key not in self._known:
            self._known[key] = compute()
        return self._known[key]


@dataclass(frozen=True)
class Comparison:
    """A model beside the others of its audit: what every number of the audit is computed from.

    Args:
        subject: the model that the number is about.
        retrained: the model that never saw the forget set.
        original: the model that remembers everything.
        second: another retrained model.
    """

    subject: Witness
    retrained: Witness | None = None
    original: Witness | None = None
    second: Witness | None = None

    @property
    def ground(self) -> Ground:
        return self.subject.ground

    def other(self, role: str) -> Witness:
        """The original, the retrained or the second retrained model; NotKnownError when it is missing."""
        if getattr(self, role) is None:
            raise NotKnownError(f"no {MODELS[role]}")
        return getattr(self, role)

    def constant(self, value: float) -> np.ndarray:
        """A number that does not depend on the faces: the same in every resample."""
        return np.full(1 + self.ground.blocks.resamples, float(value))


def ground_of(case: Case, resamples: int = 0, seed: int = 0) -> tuple[Ground, np.ndarray]:
    """The faces of a case, and the order in which they stand: positions in the case's own table."""
    order = case.evaluated.id.argsort().to_numpy()
    rows = {part: np.flatnonzero(case.mask(part)[order]) for part in PARTS}
    about = _about(case.about, case.evaluated.id, order)
    traits = {name: about[name].to_numpy(np.int64) for name in ("gender", "race")}
    ages = case.evaluated.age.to_numpy(np.float64)[order]
    copies = (about.copy_of != "").to_numpy()
    blocks = draw_blocks(_clusters(about, copies), resamples, seed)
    tells_copies = case.about is not None and "copy_of" in case.about
    return Ground(ages, rows, copies, traits, blocks, seed, case.alpha, tells_copies), order


def _clusters(about: pd.DataFrame, copies: np.ndarray) -> np.ndarray:
    """A number for every face, shared by its copies and near-copies: they are drawn together."""
    alone = (about.near == "").to_numpy()
    sources = about.near.mask(alone, about.copy_of.where(copies, about.id)) if alone.any() else about.near
    return pd.factorize(sources)[0]


def _about(about: pd.DataFrame | None, ids: pd.Series, order: np.ndarray) -> pd.DataFrame:
    """What is known of the faces, in the order of a ground; columns that are missing say nothing."""
    usual = {"gender": UNKNOWN, "race": UNKNOWN, "copy_of": "", "near": ""}
    if about is None:
        return pd.DataFrame({"id": ids.iloc[order].to_numpy()}).assign(**usual)
    known = about[["id", *(name for name in usual if name in about)]].iloc[_places(about.id, ids)[order]].reset_index(drop=True)
    return known.assign(**{name: usual[name] for name in usual if name not in known}).fillna(usual)


def _places(known: pd.Series, ids: pd.Series) -> np.ndarray:
    """Where each id stands among those that are known; InputError when one does not, or stands there twice."""
    if known.reset_index(drop=True).equals(ids.reset_index(drop=True)):
        return np.arange(len(ids))
    places = pd.Index(known).get_indexer(ids) if known.is_unique else np.array([UNKNOWN])
    missing = int((places < 0).sum())
    if missing:
        raise InputError(f"the manifest does not name each predicted face once ({missing} are missing): it is of other data")
    return places


def answers(table: pd.DataFrame, name: str, case: Case, order: np.ndarray, columns: list[str]) -> list[np.ndarray]:
    """Columns of a model's prediction table, in the order of a ground; InputError when one holds what is not a number."""
    aligned = align(table, case.evaluated, case.faces_differ)
    found = [aligned[column].to_numpy(np.float64)[order] for column in columns]
    broken = sum(int((~np.isfinite(values)).sum()) for values in found)
    if broken:
        raise InputError(f"{broken} predictions of the {name} model are not numbers, so nothing can be said of it")
    return found


def comparison_of(case: Case) -> Comparison:
    """The version of a case beside its references, without resamples: for single numbers."""
    ground, order = ground_of(case)

    def witness(name: str, costs: dict[str, float]) -> Witness | None:
        table = getattr(case, name)
        return None if table is None else Witness(name, ground, answers(table, name, case, order, ["predicted"])[0], costs)

    own = {name: getattr(case, name) for name in COSTS}
    others = {"seconds": case.retrained_seconds, "samples": case.retrained_samples}
    return Comparison(witness("evaluated", own), witness("retrained", others), witness("original", {}), witness("second", {}))
