"""What numbers stand on: faces in one order, their parts, pairs and resamples; and each model's answers about them."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeVar

import numpy as np
import pandas as pd

from unlearning.data.labels import labels_of
from unlearning.errors import InputError
from unlearning.evaluation.case import IN_WORDS, Case
from unlearning.evaluation.numbers.matching import Pairs, match
from unlearning.evaluation.resample import Blocks, draw_blocks
from unlearning.evaluation.table import align
from unlearning.naming import counted
from unlearning.targets import AGE, Target

FEWEST = 10
COSTS = ("seconds", "samples", "peak_memory_mb")
MODELS = {
    "original": "original model",
    "retrained": "retrained model",
    "second": "second retrained model",
    "parent": "model that it was made from",
}
Value = TypeVar("Value")


class NotKnownError(Exception):
    """A number that cannot be given; the message is the reason. The audit shows it in the number's place."""


@dataclass(frozen=True)
class Ground:
    """The faces of a comparison, in the order of their ids, so that no number depends on the order of a table's rows."""

    order: np.ndarray  # where each face stands in the version's own table
    ages: np.ndarray  # in years, or labels of another target, one a face
    # positions of every part's faces, copies included; in the order of the version's table, so that its sums are those of the
    # table to the last digit
    rows: Mapping[str, np.ndarray]
    copies: np.ndarray  # one bool a face: is it an augmented copy?
    # a whole number a face, which its copies and near-copies have too: they are no evidence of their own
    photographs: np.ndarray
    blocks: Blocks  # the resamples
    seed: int  # of all draws
    alpha: float = AGE.alpha  # scale of Forgetting, in the target's unit
    # what retraining cost: seconds, samples; what is missing is not known
    retraining: Mapping[str, float] = field(default_factory=dict)
    earlier: tuple[np.ndarray, ...] = ()  # positions of each set that the version's parent had forgotten
    tells_copies: bool = True  # was it known which faces are copies?
    target: Target = AGE  # what is predicted

    @cached_property
    def truth(self) -> np.ndarray:
        """What a model that is never wrong says of each face."""
        return self.target.truth(self.ages)

    @cached_property
    def strata(self) -> np.ndarray:
        """What faces have to have in common to be compared, in whole numbers: ages in years."""
        return self.target.strata(self.ages)

    def some(self, part: str) -> np.ndarray:
        """Positions of a part, copies included; NotKnownError when it is empty."""
        return self._some(self.rows, part)

    def faces(self, part: str) -> np.ndarray:
        """Positions of a part without augmented copies, so that no face counts twice; NotKnownError when it is empty."""
        return self._some(self.sources, part)

    def _some(self, rows: Mapping[str, np.ndarray], part: str) -> np.ndarray:
        if not len(rows[part]):
            raise NotKnownError(f"there is nobody: {IN_WORDS[part]}")
        return rows[part]

    def count(self, rows: np.ndarray) -> int:
        """How many different photographs stand at some positions."""
        return len(np.unique(self.photographs[rows]))

    def count_pairs(self, pairs: Pairs) -> int:
        """How many pairs of different photographs."""
        return min(self.count(pairs.members), self.count(pairs.others))

    @cached_property
    def sources(self) -> dict[str, np.ndarray]:
        """The positions of every part without augmented copies."""
        return {part: rows[~self.copies[rows]] for part, rows in self.rows.items()}

    @cached_property
    def forgotten(self) -> np.ndarray:
        """Positions of the forgotten training faces, without copies: the members of every attack."""
        rows = np.intersect1d(self.rows["forget"], self.rows["train"], assume_unique=True)
        sources: np.ndarray = rows[~self.copies[rows]]
        return sources

    @cached_property
    def described(self) -> bool:
        """Are the non-members of attacks test faces that the forget rule describes? Otherwise they are of all test faces.

        They are where these give at least ``FEWEST`` pairs and a quarter of those that all test faces would give; a rule that
        names single people describes none.
        """
        parts = ("test_in_range", "test")
        pairs = [match(self.forgotten, np.sort(self.rows[part]), self.strata, self.seed) for part in parts]
        narrow, wide = map(self.count_pairs, pairs)
        return narrow >= max(FEWEST, wide / 4)

    @cached_property
    def unseen(self) -> np.ndarray:
        """Positions of the test faces that non-members are drawn from."""
        return np.sort(self.rows["test_in_range" if self.described else "test"])

    @cached_property
    def pairs(self) -> Pairs:
        """Forgotten training faces beside test faces of the same ages; NotKnownError when there are fewer than ``FEWEST``."""
        pairs = match(self.forgotten, self.unseen, self.strata, self.seed)
        if (count := self.count_pairs(pairs)) < FEWEST:
            told = f"{counted(count, 'pair')} of forgotten training faces and test faces of the same ages; {FEWEST} are needed"
            raise NotKnownError(self.target.told(told))
        return pairs


@dataclass(frozen=True)
class Witness:
    """One model's answers about all faces."""

    name: str  # tells the witnesses of one ground apart
    ground: Ground  # the faces
    predicted: np.ndarray  # ages in years, or what tables say of another target, one a face of the ground
    costs: Mapping[str, float] = field(default_factory=dict)  # seconds, samples, peak_memory_mb; what is missing is not known
    # numbers about the model that no prediction table gives, by metric
    measured: Mapping[str, float] = field(default_factory=dict)
    _known: dict[Hashable, object] = field(default_factory=dict, compare=False, repr=False)

    def errors(self, rows: np.ndarray) -> np.ndarray:
        """Signed errors at some positions, in the target's unit."""
        errors: np.ndarray = self.predicted[rows] - self.ground.truth[rows]
        return errors

    def once(self, key: Hashable, compute: Callable[[], Value]) -> Value:
        """What ``compute`` gives, computed at the first call with ``key``."""
        if key not in self._known:
            self._known[key] = compute()
        return self._known[key]  # type: ignore[return-value]  # the same key always holds the same kind of value


@dataclass(frozen=True)
class Comparison:
    """A model beside others: what every number is computed from."""

    subject: Witness  # the model that the number is about
    retrained: Witness | None = None  # the model that never saw the forget set
    original: Witness | None = None  # the model that remembers everything
    second: Witness | None = None  # another retrained model
    parent: Witness | None = None  # the model that the subject was made from

    @property
    def ground(self) -> Ground:
        return self.subject.ground

    def other(self, role: str) -> Witness:
        """The model of a role of ``MODELS``; NotKnownError when it is missing."""
        model: Witness | None = getattr(self, role)
        if model is None:
            raise NotKnownError(f"no {MODELS[role]}")
        return model

    def constant(self, value: float) -> np.ndarray:
        """A number that does not depend on the faces: the same in every resample."""
        return np.full(1 + self.ground.blocks.resamples, float(value))


def ground_of(case: Case, resamples: int = 0, seed: int = 0) -> Ground:
    """The faces of a case."""
    order = case.version.id.argsort().to_numpy()
    places = np.argsort(order)
    about = _about(case.about, case.version.id, order)
    copies = (about.copy_of != "").to_numpy()
    photographs = _photographs(about, copies)
    return Ground(
        order,
        labels_of(case.version).to_numpy(np.float64)[order],
        {part: places[np.flatnonzero(case.mask(part))] for part in IN_WORDS},
        copies,
        photographs,
        draw_blocks(photographs, resamples, seed),
        seed,
        case.alpha,
        costs_of(case, "retrained"),
        tuple(places[np.flatnonzero(mask)] for mask in case.earlier()),
        case.about is not None and "copy_of" in case.about,
        case.target,
    )


def _photographs(about: pd.DataFrame, copies: np.ndarray) -> np.ndarray:
    """A number for every face, shared by its copies and near-copies: they are drawn together, and count once."""
    alone = (about.near == "").to_numpy()
    sources = about.near.mask(alone, about.copy_of.where(copies, about.id)) if alone.any() else about.near
    return pd.factorize(sources)[0]


def _about(about: pd.DataFrame | None, ids: pd.Series, order: np.ndarray) -> pd.DataFrame:
    """What is known of the faces, in the order of a ground; columns that are missing say nothing."""
    known = pd.DataFrame({"id": ids.iloc[order].to_numpy(), "copy_of": "", "near": ""})
    if about is None:
        return known
    places = _places(about.id, ids)[order]
    for name in ("copy_of", "near"):
        if name in about:
            known[name] = about[name].fillna("").to_numpy()[places]
    return known


def _places(known: pd.Series, ids: pd.Series) -> np.ndarray:
    """Where each id stands among those that are known; InputError when one does not, or stands there twice."""
    if known.reset_index(drop=True).equals(ids.reset_index(drop=True)):
        return np.arange(len(ids))
    places = pd.Index(known).get_indexer(ids) if known.is_unique else np.array([-1])
    missing = int((places < 0).sum())
    if missing:
        raise InputError(f"the manifest does not name each predicted face once ({missing} are missing): it is of other data")
    return places


def answers(table: pd.DataFrame, role: str, case: Case, ground: Ground, columns: list[str]) -> list[np.ndarray]:
    """Columns of a model's prediction table, in the order of a ground; InputError when one holds what is not a number."""
    aligned = align(table, case.version, case.faces_differ)
    said = [aligned[column].to_numpy(np.float64)[ground.order] for column in columns]
    broken = sum(int((~np.isfinite(values)).sum()) for values in said)
    if broken:
        raise InputError(f"{broken} predictions of the {role} model are not numbers, so nothing can be said of it")
    return said


def costs_of(case: Case, role: str) -> dict[str, float]:
    """What making the model of a role cost, as far as a case knows."""
    if role == "version":
        return {name: getattr(case, name) for name in COSTS}
    return {"seconds": case.retrained_seconds, "samples": case.retrained_samples} if role == "retrained" else {}


def comparison_of(case: Case, resamples: int = 0) -> Comparison:
    """The version of a case beside its references; without resamples for single numbers.

    Cases of the same faces have the same resamples, so that what is computed of two of them is paired face by face.
    """
    ground = ground_of(case, resamples)

    def witness(role: str, table: pd.DataFrame) -> Witness:
        return Witness(role, ground, answers(table, role, case, ground, ["predicted"])[0], costs_of(case, role))

    tables = {role: getattr(case, role) for role in MODELS}
    others = {role: witness(role, table) for role, table in tables.items() if table is not None}
    return Comparison(witness("version", case.version), **others)
