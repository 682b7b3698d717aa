"""Training in shards and slices, so that forgetting a face trains again only what has seen it.

SISA (Bourtoule et al., Machine Unlearning, IEEE S&P 2021): sharded, isolated, sliced, aggregated. The training faces are
dealt to shards, each of which trains a network of its own. A shard's faces are dealt to slices; its network is trained on the
first slice, then on the first two, and so on, and its weights are kept before every slice. Where a face lies follows from the
face alone, so removing some faces leaves all others where they are.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from unlearning.errors import InputError

if TYPE_CHECKING:
    import pandas as pd
    from lightning_fabric import Fabric

    from unlearning.data.faces import EpochBatches, FaceSet
    from unlearning.training.checkpoint import Checkpoints
    from unlearning.training.fit import Epoch
    from unlearning.training.gradients import Weights
    from unlearning.training.group import Network
    from unlearning.training.recipe import Recipe

SHARD_BY = ("hash", "age")


@dataclass(frozen=True)
class SlicePlan:
    """Where every face lies, and how long each slice is trained.

    Args:
        shards: networks, each of which sees the faces of one shard only.
        slices: parts of a shard that are added to its training one after the other.
        by: ``hash`` deals faces to shards by the hash of their id; ``age`` gives each shard a band of ages of equal width.
        epochs: passes over the slices so far before the next one is added.
        youngest: age at which the first band begins, in years.
        oldest: age at which the last band ends, in years, included.
    """

    shards: int = 5
    slices: int = 4
    by: str = "hash"
    epochs: int = 1
    youngest: int = 20
    oldest: int = 60

    def __post_init__(self) -> None:
        for name in ("shards", "slices", "epochs"):
            if getattr(self, name) < 1:
                raise InputError(f"{name}={getattr(self, name)} is not possible; legal: whole numbers from 1")
        if self.by not in SHARD_BY:
            raise InputError(f"shard_by={self.by!r} is unknown; legal: {', '.join(SHARD_BY)}")

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def shard_of(self, frame: pd.DataFrame) -> np.ndarray:
        """The shard of every row of a manifest."""
        if self.by == "hash":
            return _dealt(frame, "shard", self.shards)
        band = (frame["age"].to_numpy(np.int64) - self.youngest) * self.shards // (self.oldest - self.youngest + 1)
        return band.clip(0, self.shards - 1)

    def slice_of(self, frame: pd.DataFrame) -> np.ndarray:
        """The slice of every row of a manifest within its shard."""
        return _dealt(frame, "slice", self.slices)

    def seeds(self, asked: tuple[int, ...]) -> tuple[int, ...]:
        """The seed of every shard's network, from the one that was asked for; two ensembles have none in common.

        It is drawn from the numbers below 2^48 by a hash, so that ensembles of other sizes, or trained as a whole, have others.

        Raises:
            InputError: several were asked for.
        """
        if len(asked) != 1:
            given = ",".join(map(str, asked))
            raise InputError(f"seeds={given}: with scheme=sisa the members are the shards, and one seed serves all; give one")
        return tuple(_seed(asked[0], f"shard {shard} of {self.shards}") for shard in range(self.shards))

    def counts(self, faces: FaceSet) -> np.ndarray:
        """Training faces in every slice, shape (shards, slices)."""
        frame, counts = faces.part("train").frame, np.zeros((self.shards, self.slices), np.int64)
        np.add.at(counts, (self.shard_of(frame), self.slice_of(frame)), 1)
        return counts

    def empty(self, faces: FaceSet) -> tuple[int, ...]:
        """Shards without a training face: their networks stay untrained and take no part in predictions."""
        return tuple(np.flatnonzero(self.counts(faces).sum(axis=1) == 0).tolist())

    def touched(self, forget: FaceSet) -> dict[int, int]:
        """The first slice that holds one of these training faces, by the shard; untouched shards are left out."""
        counts = self.counts(forget)
        return {int(shard): int(np.flatnonzero(counts[shard])[0]) for shard in np.flatnonzero(counts.sum(axis=1))}


def _dealt(frame: pd.DataFrame, what: str, among: int) -> np.ndarray:
    """A number below ``among`` for every row, by the hash of its ``near``: the id that a face shares with all its copies
    and near-copies, which are forgotten together.
    """
    digests = (sha256(f"{what} {name}".encode()).digest() for name in frame["near"])
    return np.array([int.from_bytes(digest[:8], "big") % among for digest in digests], np.int64)


def epochs_per_slice(epochs: int, slices: int) -> int:
    """Passes at every slice that show about as many faces as ``epochs`` passes over the whole shard: 2 epochs / (slices + 1).

    Bourtoule et al. (2021): the slices so far grow from a part of the shard to all of it, half of it in the mean.
    """
    return max(1, round(2 * epochs / (slices + 1)))


@dataclass(frozen=True)
class Slices:
    """One shard's view of its plan; ``load`` gives the weights before a slice, where they are kept, and ``save`` keeps them."""

    plan: SlicePlan
    shard: int
    load: Callable[[int], Weights | None] = lambda number: None
    save: Callable[[int, Weights], None] = lambda number, weights: None

    def first_touched(self, forget: FaceSet) -> int:
        """The first of the shard's slices that holds a face to forget; ``plan.slices`` when none does."""
        return self.plan.touched(forget).get(self.shard, self.plan.slices)

    def until(self, faces: FaceSet, last: int) -> FaceSet:
        """The shard's training faces up to a slice, which is included."""
        train = faces.part("train")
        members = train.where(self.plan.shard_of(train.frame) == self.shard)
        return members.where(self.plan.slice_of(members.frame) <= last)

    def resume(self, first: int) -> tuple[int, Weights | None]:
        """Keep anew every checkpoint up to the one before slice ``first``, and return the newest of them with its number.

        Those are the checkpoints that have seen nothing of slice ``first``. Without any it is slice 0 and None.
        """
        newest: tuple[int, Weights | None] = 0, None
        for number in range(min(first + 1, self.plan.slices)):
            weights = self.load(number)
            if weights is not None:
                self.save(number, weights)
                newest = number, weights
        return newest


def train_slices(
    network: Network,
    faces: FaceSet,
    slices: Slices,
    recipe: Recipe,
    fabric: Fabric,
    *,
    seed: int,
    start: int = 0,
    counted: Callable[[EpochBatches], EpochBatches] = lambda batches: batches,
    after_epoch: Callable[[Epoch, Network], None] = lambda epoch, model: None,
    after_step: Callable[[float], None] = lambda done: None,
    validation: FaceSet | None = None,
    aside: Callable[[], AbstractContextManager[None]] = nullcontext,
    checkpoints: Checkpoints | None = None,
) -> float:
    """Train a shard's network in place from slice ``start`` on, keep its weights before every slice, and return the seconds.

    Nothing but the shard's own training faces decides the weights: no validation face stops it or chooses an epoch, each
    slice has random numbers and an optimiser (and a one-cycle) of its own, and the number of passes is the plan's. The
    passes of an empty slice are made too; before the first face the weights stay as they are.

    Args:
        network: as it was before slice ``start``.
        faces: all faces to train on; the shard takes its own.
        after_epoch: called after every epoch; their numbers count through all slices.
        after_step: called with the epochs done so far, through all slices.

    ``validation`` and ``aside`` are those of ``fit``; every slice has one of ``checkpoints``.
    """
    from unlearning.data.faces import Batches
    from unlearning.models.spec import target_of
    from unlearning.training.fit import fit
    from unlearning.training.losses import loss_of

    seconds, recipe = 0.0, replace(recipe, epochs=slices.plan.epochs)
    for number in range(start, slices.plan.slices):
        slices.save(number, copy.deepcopy(network.state_dict()))
        shown, own_seed = slices.until(faces, number), _seed(seed, f"slice {number}")
        if not len(shown):
            continue
        done = fit(
            fabric,
            network,
            counted(Batches(shown, None, recipe.batch_size, recipe.flip, recipe.shift, own_seed)),
            loss_of(target_of(network)),
            recipe,
            seed=own_seed,
            before=number * recipe.epochs,
            after_epoch=after_epoch,
            after_step=after_step,
            validation=validation,
            aside=aside,
            checkpoint=checkpoints.next() if checkpoints else None,
        )
        seconds += done[-1].seconds
    network.eval()
    return seconds


def _seed(seed: int, what: str) -> int:
    """A seed of its own for every shard and slice."""
    return int.from_bytes(sha256(f"{seed} {what}".encode()).digest()[:6], "big")


@dataclass(frozen=True)
class Forecast:
    """What forgetting will cost, counted before the first step.

    Args:
        touched: the first slice with a forgotten face, by the shard.
        starts: the slice that training starts again from, by the shard; earlier where a checkpoint is missing.
        shown: faces that will be shown, each time that one is.
        anew: faces that training all shards anew without the forgotten ones would show.
        study: the speed-up that the study states for any request, (R + 1) * S for R slices and S shards.
    """

    touched: dict[int, int]
    starts: dict[int, int]
    shown: int
    anew: int
    study: int

    @property
    def speed_up(self) -> float:
        """Training all shards anew over what is trained; infinite when nothing is left to be trained."""
        return self.anew / self.shown if self.shown else float("inf")


def foresee(plan: SlicePlan, retain: FaceSet, forget: FaceSet, kept: Collection[tuple[int, int]]) -> Forecast:
    """The cost of forgetting; ``kept``: (shard, slice) of every checkpoint that there is."""
    touched = plan.touched(forget)
    starts = {
        shard: max((number for number in range(first + 1) if (shard, number) in kept), default=0)
        for shard, first in touched.items()
    }
    shown = plan.counts(retain).cumsum(axis=1) * plan.epochs
    again = sum(int(shown[shard, start:].sum()) for shard, start in starts.items())
    return Forecast(touched, starts, again, int(shown.sum()), (plan.slices + 1) * plan.shards)
