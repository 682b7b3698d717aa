"""Shards and slices: where a face lies follows from the face alone, and every slice is trained from a checkpoint."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from unlearning.data.faces import FaceSet
from unlearning.errors import InputError
from unlearning.models.build import build
from unlearning.training.slices import SlicePlan, Slices, epochs_per_slice, foresee, train_slices

PLAN = SlicePlan(shards=3, slices=2, epochs=1)


def places(plan, faces) -> dict[str, tuple[int, int]]:
    frame = faces.frame
    return dict(zip(frame.id, zip(plan.shard_of(frame), plan.slice_of(frame), strict=True), strict=True))


@pytest.mark.parametrize("by", ["hash", "age"])
def test_removing_faces_moves_nobody_else(faces, by):
    plan = replace(PLAN, by=by)
    before, fewer = places(plan, faces), faces.where(np.arange(len(faces)) % 3 > 0)
    assert places(plan, fewer) == {name: before[name] for name in fewer.frame.id}


def test_copies_and_near_copies_lie_where_their_source_lies(faces):
    """They are forgotten together, so they touch one slice."""
    source = faces.frame.iloc[:1]
    copy = source.assign(id="copy", copy_of=source.id.item())
    near = source.assign(id="other", near=source.near.item())
    for one in (copy, near):
        assert PLAN.shard_of(one) == PLAN.shard_of(source)
        assert PLAN.slice_of(one) == PLAN.slice_of(source)


def test_shards_and_slices_are_about_equally_full(faces):
    many = FaceSet(faces.frame.loc[faces.frame.index.repeat(40)], faces.pixels)
    many.frame["near"] = [f"face {number}" for number in range(len(many))]
    many.frame["split"] = "train"
    counts = SlicePlan(5, 4).counts(many)
    assert counts.sum() == len(many)
    assert counts.min() > 0.8 * len(many) / 20
    assert counts.max() < 1.2 * len(many) / 20


def test_five_bands_of_20_to_60_begin_at_20_29_37_45_and_53(faces):
    plan = SlicePlan(5, by="age")
    ages = faces.frame.assign(age=np.resize(np.arange(20, 61), len(faces)))
    shard = plan.shard_of(ages)
    assert [int(ages.age[shard == number].min()) for number in range(5)] == [20, 29, 37, 45, 53]
    assert plan.shard_of(ages.assign(age=5)).max() == 0
    assert plan.shard_of(ages.assign(age=99)).min() == 4


def test_the_first_touched_slice_is_the_smallest_of_a_shard(faces):
    train = faces.part("train")
    shard, number = PLAN.shard_of(train.frame), PLAN.slice_of(train.frame)
    second = train.where((shard == 1) & (number == 1))
    assert PLAN.touched(second) == {1: 1}
    assert PLAN.touched(train.where((shard == 1) | (number == 1))) == {0: 1, 1: 0, 2: 1}
    assert Slices(PLAN, 1).first_touched(second) == 1
    assert Slices(PLAN, 0).first_touched(second) == PLAN.slices


def test_a_shard_that_loses_its_last_face_is_empty(faces):
    train = faces.part("train")
    assert PLAN.empty(faces) == ()
    assert PLAN.empty(train.where(PLAN.shard_of(train.frame) != 2)) == (2,)


def test_members_of_ensembles_of_any_seed_and_size_share_no_seed():
    """Nor do they with ensembles that are trained as a whole from the usual seeds."""
    sizes, asked = (1, 2, 3, 5, 8), range(20)
    found = [seed for size in sizes for number in asked for seed in SlicePlan(size).seeds((number,))]
    assert len({*found, *range(1000)}) == len(found) + 1000
    assert SlicePlan(3).seeds((4,)) == SlicePlan(3, slices=9).seeds((4,))
    with pytest.raises(InputError, match=r"seeds=0,1: .*give one"):
        SlicePlan(3).seeds((0, 1))


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({"shards": 0}, "shards=0"), ({"slices": 0}, "slices=0"), ({"epochs": 0}, "epochs=0"), ({"by": "size"}, "hash, age")],
)
def test_an_impossible_plan_is_refused(changes, reason):
    with pytest.raises(InputError, match=reason):
        SlicePlan(**changes)


def test_slices_show_about_as_many_faces_as_the_recipe_would():
    """Four slices: a quarter, a half, three quarters and all, five times each, are 12.5 passes."""
    assert epochs_per_slice(12, 4) == 5
    assert epochs_per_slice(12, 1) == 12
    assert epochs_per_slice(1, 9) == 1


def test_the_forecast_counts_every_face_that_will_be_shown(faces):
    plan = replace(PLAN, epochs=2)
    train = faces.part("train")
    shard, number = plan.shard_of(train.frame), plan.slice_of(train.frame)
    gone = (shard == 1) & (number == 1)
    retain, forget = train.where(~gone), train.where(gone)
    first, rest = int((shard == 1).sum() - gone.sum()), int((shard != 1).sum())
    begun = int(((shard != 1) & (number == 0)).sum())
    kept = foresee(plan, retain, forget, {(1, 1)})
    assert (kept.touched, kept.starts) == ({1: 1}, {1: 1})
    assert kept.shown == 2 * first
    assert kept.anew == 2 * (2 * first + begun + rest)
    assert kept.speed_up == kept.anew / kept.shown
    assert kept.study == (2 + 1) * 3
    lost = foresee(plan, retain, forget, {(0, 1), (2, 1)})
    assert (lost.touched, lost.starts, lost.shown) == ({1: 1}, {1: 0}, 4 * first)


def trained(faces, spec, recipe, fabric, seed=0, **how):
    """A shard's network, trained from the start, its checkpoints, and what was told."""
    network, kept, told = build(spec, seed), {}, []
    slices = Slices(replace(PLAN, epochs=2), 0, save=kept.__setitem__)
    train_slices(network, faces, slices, recipe, fabric, seed=seed, after_epoch=lambda e, m: told.append(e.number), **how)
    return network, kept, told


def same(one, other) -> bool:
    return all(torch.equal(one[name], other[name]) for name in other)


@pytest.mark.parametrize("schedule", ["constant", "onecycle"])
def test_going_on_from_a_checkpoint_gives_the_same_weights(faces, spec, recipe, fabric, schedule):
    recipe = replace(recipe, schedule=schedule)
    network, kept, _ = trained(faces, spec, recipe, fabric)
    again = build(spec, 0)
    again.load_state_dict(kept[1])
    slices = Slices(replace(PLAN, epochs=2), 0)
    train_slices(again, faces, slices, recipe, fabric, seed=0, start=1)
    assert same(again.state_dict(), network.state_dict())
    assert not same(kept[1], network.state_dict())


def test_a_checkpoint_is_kept_before_every_slice_and_epochs_count_through(faces, spec, recipe, fabric):
    _, kept, told = trained(faces, spec, recipe, fabric)
    assert list(kept) == [0, 1]
    assert same(kept[0], build(spec, 0).state_dict())
    assert told == [1, 2, 3, 4]


def test_validation_faces_and_other_shards_decide_nothing(faces, spec, recipe, fabric):
    alone = faces.where((faces.frame.split == "train") & (PLAN.shard_of(faces.frame) == 0))
    measured = trained(faces, spec, recipe, fabric, validation=faces.part("validation"))[0]
    assert same(measured.state_dict(), trained(alone, spec, recipe, fabric)[0].state_dict())


def test_an_empty_shard_stays_as_it_was_drawn(faces, spec, recipe, fabric):
    network, kept, told = trained(faces.part("test"), spec, recipe, fabric)
    assert same(network.state_dict(), build(spec, 0).state_dict())
    assert list(kept) == [0, 1]
    assert told == []
    assert not network.training
