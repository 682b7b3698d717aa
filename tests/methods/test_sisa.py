"""SISA is exact: the weights are those of training in the same shards and slices without the forgotten faces, bit for bit."""

import copy
from dataclasses import dataclass, field, replace
from functools import cache

import numpy as np
import pytest
import torch

from unlearning.errors import InputError
from unlearning.methods.sisa import Sisa
from unlearning.models.build import build
from unlearning.models.ensemble import weights_digest
from unlearning.training.cost import Meter
from unlearning.training.precision import make_fabric
from unlearning.training.slices import SlicePlan, Slices, foresee, train_slices

PLAN = SlicePlan(shards=2, slices=3, epochs=1)


@dataclass
class Trained:
    """Members in the order of their shards, and the checkpoints by shard and slice."""

    members: list
    kept: dict = field(default_factory=dict)

    def digests(self) -> list[str]:
        return [weights_digest(member) for member in self.members]

    def keeper(self, shard: int):
        return lambda number, weights: self.kept.update({(shard, number): weights})


@pytest.fixture(scope="module")
def train(spec, recipe):
    """Train all shards from the start on some faces."""
    recipe, fabric = replace(recipe, batch_size=16), make_fabric("32-true")

    def act(faces) -> Trained:
        made = Trained([])
        for shard, seed in enumerate(PLAN.seeds((0,))):
            network = build(spec, seed)
            slices = Slices(PLAN, shard, save=made.keeper(shard))
            train_slices(network, faces, slices, recipe, fabric, seed=seed)
            made.members.append(network)
        return made

    return act


@pytest.fixture
def unlearn(make_task):
    """Make every member of a trained model forget some faces; ``lost`` checkpoints are not there any more."""

    def act(trained, retain, forget, lost=(), **settings) -> Trained:
        made = Trained([])
        for shard, seed in enumerate(PLAN.seeds((0,))):
            kept = {number: w for (s, number), w in trained.kept.items() if s == shard and number not in (0, *lost)}
            slices = Slices(PLAN, shard, kept.get, made.keeper(shard))
            task = make_task(seed=seed, **settings)
            model = copy.deepcopy(trained.members[shard])
            made.members.append(Sisa().unlearn(replace(task, model=model, retain=retain, forget=forget, slices=slices)))
        return made

    return act


FORGET_SETS = {  # by the shard and the slice of every face
    "one face": lambda shard, number: np.arange(len(shard)) == 5,
    "both shards": lambda shard, number: np.isin(np.arange(len(shard)), (3, 30, 31, 32)) | (number == 2) & (shard == 1),
    "whole shard": lambda shard, number: shard == 1,
    "all first slices": lambda shard, number: number == 0,
    "a last slice": lambda shard, number: (shard == 0) & (number == 2),
}


@pytest.fixture(scope="module")
def some(faces):
    """The faces of ``make_task``."""
    return faces.where(np.arange(len(faces)) % 2 == 0)


@pytest.fixture(scope="module")
def parts(some):
    """(retain, forget) for one of the forget sets."""

    def act(name):
        learned = some.part("train", "validation")
        gone = FORGET_SETS[name](PLAN.shard_of(learned.frame), PLAN.slice_of(learned.frame))
        assert (gone & (learned.frame.split == "train")).any()
        return learned.where(~gone), learned.where(gone)

    return act


@pytest.fixture(scope="module")
def original(some, train):
    return train(some)


@pytest.fixture(scope="module")
def anew(parts, train):
    """Trained without the faces of a forget set, once for all tests."""
    return cache(lambda name: train(parts(name)[0]))


@pytest.mark.parametrize("rule", FORGET_SETS)
def test_the_weights_are_those_of_training_without_the_forgotten_faces(original, anew, unlearn, parts, rule):
    made = unlearn(original, *parts(rule))
    assert made.digests() == anew(rule).digests()
    assert made.digests() != original.digests()


@pytest.mark.parametrize("lost", [(1,), (2,), (1, 2)])
def test_an_older_checkpoint_serves_where_one_is_missing(original, anew, unlearn, parts, lost):
    made = unlearn(original, *parts("a last slice"), lost)
    assert made.digests() == anew("a last slice").digests()


def test_a_second_request_starts_from_the_checkpoints_of_the_first(original, train, unlearn, parts):
    retain, forget = parts("a last slice")
    first = unlearn(original, retain, forget)
    fewer = retain.where(np.arange(len(retain)) > 6)
    second = unlearn(first, fewer, retain.where(np.arange(len(retain)) <= 6))
    assert second.digests() == train(fewer).digests()
    assert second.digests() != first.digests()


def test_the_new_checkpoints_are_those_of_training_without_the_forgotten_faces(original, anew, unlearn, parts):
    """So nothing that has seen a forgotten face is kept for the new version."""
    made, other = unlearn(original, *parts("both shards")), anew("both shards")
    for place in ((shard, number) for shard in range(PLAN.shards) for number in range(1, PLAN.slices)):
        assert all(torch.equal(made.kept[place][name], weights) for name, weights in other.kept[place].items())


def test_it_shows_the_faces_that_were_foretold_and_none_of_the_forgotten(original, unlearn, parts):
    retain, forget = parts("both shards")
    meter = Meter()
    unlearn(original, retain, forget, meter=meter)
    assert meter.retain == foresee(PLAN, retain, forget, original.kept.keys()).shown
    assert meter.forget == 0


def test_a_model_trained_as_a_whole_is_refused_with_what_to_do(make_task):
    with pytest.raises(InputError, match=r"trained in slices.* mlflow run \. -e train -P scheme=sisa --env-manager local$"):
        Sisa().unlearn(make_task(slices=None))
