"""Has a model seen these faces? A test for any number of them, against what it says of faces that it certainly has not seen.

A model that remembers a face is pulled from what it would say of a stranger towards the face's own age. With p_is the
prediction of face i by the model of seed s that never saw it, and y_i its age::

    m_i = mean over seeds of p_is                        what a model says that never saw the face
    r_i = y_i - m_i                                      the way from there to the age
    evidence = mean over the faces of a group of c(d_i) c(r_i)          c: cut at -8 and 8 years

where d_i is what the model at hand says beyond m_i, less what it says beyond m of strangers with the same m and r: a plane
through the test faces, which no model ever trained on. So a model that is off, or better, as a whole is not taken for one that
remembers; without it an original is told from the models of the folds by its having seen more faces. The cut keeps a few
faces that nobody can read from deciding.

The evidence of a model that never saw the group is known by experiment: it is that of the same model in groups of test faces
with as many faces and the same ages. So an ensemble, whose answers scatter less than one seed's, is compared with itself, and
finds weaker memories. The evidence of a model that remembers is the original's on groups of its training faces. So false
alarms, and the share of memories that are noticed, are measured and not assumed.
"""

from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
import pandas as pd

from unlearning.data.labels import labels_of
from unlearning.errors import InputError
from unlearning.evaluation.table import align
from unlearning.targets import AGE, Target

SEED = "seed_"
GROUPS = 1000
LEVEL = 0.05
NEAREST = 30  # training faces of similar ages that may stand for one: about a year either way in two thousand faces
STRANGERS = 60  # test faces that may: of fewer, the level of .05 for a single face would be coarse
ENOUGH = 20  # of a class: beside fewer strangers no single face could lie beyond the level
CUT = 8.0  # years, of a range of sixty; two standard deviations of what two seeds say of one real face


@dataclass(frozen=True)
class Unseen:
    """What the test says of one model and one group of faces."""

    faces: int  # how many
    # share of groups of strangers with at least as much evidence: small where the model remembers, near 1 where it is farther
    # from the ages than a model that never saw the faces; either is a fault, at ``LEVEL`` each
    p: float
    power: float  # share of the original's groups of this size that the test notices at a false alarm rate of ``LEVEL``
    # the evidence as a share of the original's, 1 for the original, 0 for a model that never saw the faces; not a number where
    # the original shows none
    memory_left: float
    interval: tuple[float, float]  # where ``memory_left`` lies with 95 %, by what the model says of strangers
    auc: float  # chance that the original shows more evidence in a group of its training faces than in one of strangers

    @property
    def sentence(self) -> str:
        """The answer for people."""
        said = "not consistent with never seen" if self.p < LEVEL else "consistent with never seen"
        if self.p > 1 - LEVEL:
            said = "farther from their ages than those of a model that never saw them"
        if np.isnan(self.power):
            return f"{said} (p = {self.p:.2g}); how often this test notices a memory is not known without the original"
        return (
            f"{said} (p = {self.p:.2g}); with {self.faces} face{'s' if self.faces > 1 else ''} this test notices a model that "
            f"remembers as the original does in {self.power:.0%} of cases; of models that never saw them it takes {LEVEL:.0%} "
            f"for ones that remember, and {LEVEL:.0%} for ones that are farther from their ages"
        )


class NeverSeen:
    """The table of a cross-fitting, ready to judge models by.

    Args:
        table: as ``jobs.crossfit.joined`` makes it.
        copies: ids of copies and near-copies, which are left out: they say again what their face says.
        target: what is predicted.
    """

    def __init__(self, table: pd.DataFrame, copies: Collection[str] = (), target: Target = AGE):
        self.table, self.cut = table[~table.id.isin(copies)].reset_index(drop=True), CUT * target.scale
        self.told, self.numeric = target.told, target.numeric
        self.ages = labels_of(self.table).to_numpy(np.float64)
        self.truth = target.truth(self.ages)
        self.mean = self.table.filter(regex=f"^{SEED}").mean(axis=1).to_numpy(np.float64)
        self.trained, self.strangers = (np.flatnonzero(self.table.split == split) for split in ("train", "test"))

    def judge(self, model: pd.DataFrame, original: pd.DataFrame | None, ids: Collection[str], seed: int = 0) -> Unseen:
        """Has a model seen these training faces?

        Args:
            model: its prediction table.
            original: the prediction table of the model that remembers all of them; None where it was purged: how much is left,
                and how often a memory is noticed, is not known then.
            ids: faces; only those that the original was trained on count.
            seed: of the draws of groups.

        Raises:
            InputError: none of them is a training face of the table, or they are so many, or so many of an age, that a model
                retrained without them would answer otherwise than the folds' models.
        """
        group = np.intersect1d(self.trained, np.flatnonzero(self.table.id.isin(ids)))
        if not len(group):
            raise InputError("none of these faces was trained on, so there is nothing that a model could remember of them")
        self._require_few(group)
        random = np.random.default_rng(seed)
        strangers = self._alike(group, self.strangers, STRANGERS, random)
        members = self._alike(group, np.setdiff1d(self.trained, group), NEAREST, random)
        judged = self._evidence(model)
        remembered = np.full(len(judged), np.nan) if original is None else self._evidence(original)
        drawn = (_never(judged, strangers), remembered[members].mean(axis=1), _never(remembered, strangers))
        return _answer(len(group), float(judged[group].mean()), *drawn)

    def _require_few(self, group: np.ndarray) -> None:
        """At most a fold's share, for so many each fold's model lacks; and at most half of the faces of similar ages."""
        folds, trained = self.table.fold.nunique(), self.trained
        ordered, first, last = self._window(group, trained, NEAREST)
        ages, asked = self.ages[ordered], np.concatenate([[0], np.cumsum(np.isin(ordered, group))])
        # Rounded to whole ages, for faces of one age have no order.
        low, high = np.searchsorted(ages, ages[first]), np.searchsorted(ages, ages[last - 1], "right")
        around = (asked[high] - asked[low]) / (high - low)
        if len(group) * folds > len(trained) or around.max() > 0.5:
            many = self.told("too many, or too many of one age")
            raise InputError(
                f"{len(group)} of {len(trained)} training faces are {many}, to be judged by a "
                f"cross-fitting with {folds} folds: models that never saw them would answer otherwise than those of the folds"
            )

    def _evidence(self, model: pd.DataFrame) -> np.ndarray:
        """The evidence in each face of the table that a model has seen it."""
        predicted = align(model[model.id.isin(self.table.id)], self.table).predicted.to_numpy(np.float64)
        beyond, toward = predicted - self.mean, self.truth - self.mean
        plane = np.column_stack([np.ones(len(toward)), self.mean, toward])
        of_strangers = np.linalg.lstsq(plane[self.strangers], beyond[self.strangers], rcond=None)[0]
        pulled = np.clip(beyond - plane @ of_strangers, -self.cut, self.cut)
        evidence: np.ndarray = pulled * np.clip(toward, -self.cut, self.cut)
        return evidence

    def _alike(self, group: np.ndarray, faces: np.ndarray, nearest: int, random: np.random.Generator) -> np.ndarray:
        """Groups of some faces, each with the ages of a group, as rows: shape (GROUPS, faces of the group)."""
        ordered, first, last = self._window(group, faces, nearest)
        few = int((last - first).min())
        if not self.numeric and few < ENOUGH:
            raise InputError(f"one of their classes has {few} other training or test faces, and {ENOUGH} of each are needed")
        drawn: np.ndarray = ordered[random.integers(first, last, (GROUPS, len(group)))]
        return drawn

    def _window(self, group: np.ndarray, faces: np.ndarray, nearest: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Some faces in the order of their ages, and from where to where those stand that may stand for each of a group.

        For a face stand all others of its age, and where these are fewer than ``nearest``, those of the ages beside it; no
        class is beside another.
        """
        ordered = faces[np.argsort(self.ages[faces], kind="stable")]
        first, last = (np.searchsorted(self.ages[ordered], self.ages[group], side) for side in ("left", "right"))
        if not self.numeric:
            return ordered, first, last
        short = np.maximum(nearest - (last - first), 0)
        first = np.clip(first - short // 2, 0, max(len(ordered) - nearest, 0))
        return ordered, first, np.minimum(np.maximum(last, first + nearest), len(ordered))


def _never(evidence: np.ndarray, strangers: np.ndarray) -> np.ndarray:
    """Evidence in groups of strangers, spread about its mean by what the mean itself errs.

    The groups share the strangers there are: with w_j as often as stranger j stands in a group of n, the variance of the mean
    of all groups is sum w_j^2 / n of one group's.
    """
    groups, faces = strangers.shape
    often = np.bincount(strangers.ravel()) / groups
    never = evidence[strangers].mean(axis=1)
    spread: np.ndarray = never.mean() + np.sqrt(1 + np.sum(often**2) / faces) * (never - never.mean())
    return spread


def _answer(faces: int, evidence: float, never: np.ndarray, remembers: np.ndarray, original_never: np.ndarray) -> Unseen:
    """From the evidence in the faces and in strangers, and in faces that the original remembers and in its strangers."""
    zero = never.mean()
    scale = remembers.mean() - original_never.mean()
    # Of an original whose groups differ from strangers' by less than those among themselves no share can be told.
    scale = scale if scale > original_never.std() else np.nan
    low, high = (np.quantile(never, (0.025, 0.975)) - zero) / scale
    left, known = (evidence - zero) / scale, np.nan if np.isnan(remembers).any() else 1.0
    return Unseen(
        faces,
        p=float((1 + np.sum(never >= evidence)) / (1 + len(never))),
        power=known * float(np.mean(remembers > np.quantile(original_never, 1 - LEVEL))),
        memory_left=float(left),
        interval=(float(left - high), float(left - low)),
        auc=known * float(np.mean(np.searchsorted(np.sort(original_never), remembers)) / len(never)),
    )
