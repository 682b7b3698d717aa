"""Attributions by hand, on networks whose answers can be computed: regions, baselines, and how few faces are refused."""

import math

import numpy as np
import pandas as pd
import pytest
import torch

from forgetting import forget_set
from unlearning.data.faces import FaceSet
from unlearning.errors import InputError
from unlearning.explain.attributions import GRID, METHODS, baseline_of, carried, in_cells, integrated_gradients, pictures_of
from unlearning.explain.faithful import curves, rank_correlation
from unlearning.explain.groups import FORGOTTEN, RETAINED, TEST, bands_of, kept_training, parts_of
from unlearning.explain.maps import apart, distance, floor, mean_maps, planted_shares
from unlearning.explain.regions import ALIGNED, BOXES, DRAWN, REGIONS, areas, densest, masks, patch_box, shares
from unlearning.targets import Classes, Numeric

SIDE = 32


class Weighted(torch.nn.Module):
    """The sum of weight * pixel: a linear model."""

    def __init__(self, weight):
        super().__init__()
        self.weight = torch.nn.Parameter(weight)

    def forward(self, images):
        return (images * self.weight).sum(dim=(1, 2, 3))


def only(region, kind):
    """A model that looks at one region alone."""
    mask = torch.from_numpy(np.kron(masks(kind)[region], np.ones((SIDE // GRID,) * 2))).float()
    return Weighted(mask.expand(3, SIDE, SIDE) / 100)


@pytest.fixture(scope="module")
def pictures():
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (12, 3, SIDE, SIDE))).float()


@pytest.fixture(scope="module")
def baseline(pictures):
    return pictures.mean(dim=0, keepdim=True)


def test_of_a_linear_model_integrated_gradients_are_weight_times_distance_from_the_baseline(pictures, baseline):
    weight = torch.randn(3, SIDE, SIDE, generator=torch.Generator().manual_seed(0))
    found = integrated_gradients(Weighted(weight), pictures, baseline)
    torch.testing.assert_close(found, weight * (pictures - baseline), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("kind", BOXES)
@pytest.mark.parametrize("method", METHODS)
def test_what_looks_at_one_region_has_all_its_share_there(pictures, baseline, method, kind):
    for region in REGIONS:
        cells = in_cells(carried(METHODS[method], only(region, kind), pictures, baseline)).mean(axis=0)
        found = shares(cells, kind)
        if method == "gradients":
            assert found[region] == pytest.approx(1)
            assert densest(cells, kind) == [region]
        else:  # a window may lie across a border
            assert max(found, key=lambda name: found[name] / areas(kind)[name]) == region


def test_every_cell_lies_in_one_region_and_a_map_without_a_place_has_the_shares_of_the_areas():
    for kind in (ALIGNED, DRAWN):
        assert (sum(mask.astype(int) for mask in masks(kind).values()) == 1).all()
        assert sum(areas(kind).values()) == pytest.approx(1)
        assert densest(np.ones((GRID, GRID)), kind) == []


def test_distances_are_the_share_that_lies_elsewhere_and_the_floor_that_of_two_retrained_members():
    here, there = np.eye(2)[:, :, None]
    assert (distance(here, here), distance(here, there), distance(here, (here + there) / 2)) == (0, 1, 0.5)
    assert apart(np.stack([here, there]), np.stack([here])) == 0.5
    assert floor(np.stack([here, there, there])) == pytest.approx(2 / 3)
    assert math.isnan(floor(np.stack([here])))


def test_a_map_that_is_right_is_better_than_a_random_one_and_one_of_noise_is_not(pictures, baseline):
    right = curves(only("eyes", DRAWN), pictures, baseline, integrated_gradients)
    assert right.hold
    assert (right.deletion[0], right.deletion[-1]) == (0, pytest.approx(1))
    assert (right.insertion[-1], right.insertion[0]) == (pytest.approx(0, abs=1e-5), pytest.approx(1))
    noise = curves(
        only("eyes", DRAWN),
        pictures,
        baseline,
        lambda _, some, *__: torch.rand(some.shape, generator=torch.manual_seed(3)),
    )
    assert not noise.hold


def test_a_map_without_a_pattern_has_no_rank_correlation():
    assert math.isnan(rank_correlation(np.ones((2, 2)), np.eye(2)))
    assert rank_correlation(np.eye(2), 2 * np.eye(2)) == pytest.approx(1)


def few(count, **columns):
    rows = {"id": [f"{i:03}" for i in range(count)], "age": 20 + np.arange(count) % 40, "split": "train", "copy_of": ""}
    frame = pd.DataFrame(rows | {"subject": "", "row": np.arange(count)}).assign(near=lambda own: own.id, **columns)
    return FaceSet(frame, np.random.default_rng(1).integers(0, 256, (count, SIDE, SIDE, 3), dtype=np.uint8))


def test_fewer_than_ten_persons_are_refused_in_a_sentence(baseline):
    faces = few(60, split=["train"] * 40 + ["test"] * 20)
    asked = forget_set("20-28", faces.frame)
    with pytest.raises(InputError, match=r"forgotten faces of 20-28 are of 9 persons, and .* over 10 at least.*-P forget_set="):
        parts_of(faces, faces, asked, 50)
    with pytest.raises(InputError, match=r"retained faces are of 5 persons, .*; name fewer versions"):
        parts_of(faces, few(5), forget_set("20-60", faces.frame), 50)
    with pytest.raises(InputError, match=r"of 9 persons, "):
        mean_maps([only("eyes", DRAWN)], {"test": few(9)}, {}, baseline, integrated_gradients)
    with pytest.raises(InputError, match="group faces are of 1 person, "):
        mean_maps([only("eyes", DRAWN)], {TEST: few(20)}, {"group": np.arange(1)}, baseline, integrated_gradients)


def test_many_pictures_of_one_person_are_one_person():
    faces = few(60, split=["train"] * 40 + ["test"] * 20, subject=["ann"] * 30 + [""] * 30)
    with pytest.raises(InputError, match="forgotten faces of 20-30 are of 1 person, "):
        parts_of(faces, faces, forget_set("20-30", faces.frame), 50)


def test_parts_hold_no_copy_no_purged_face_and_no_more_than_was_asked_for(faces):
    asked, before = forget_set("20-35", faces.frame), forget_set("40-44", faces.frame)
    never = set(faces.frame.id[:3])
    kept = kept_training(faces, [asked, before], never)
    parts = parts_of(faces, kept, asked, 15, never)
    assert {name: len(part) for name, part in parts.items()} == {FORGOTTEN: 15, RETAINED: 15, TEST: 15}
    assert set(parts[FORGOTTEN].frame.id) <= set(asked.ids)
    assert not {face for part in parts.values() for face in part.frame.id} & never
    assert set(parts[TEST].frame.split) == {"test"}
    assert set(parts[RETAINED].frame.id) <= set(kept.frame.id)
    assert not set(kept.frame.id) & {*asked.ids, *before.ids, *never}


def test_bands_part_the_test_faces_so_that_no_difference_of_groups_is_of_few():
    for counts in ([3, 12, 30, 4], [10, 2, 9], [3, 8, 30, 3, 3]):
        ages = np.repeat(20 + 10 * np.arange(len(counts)), counts)
        bands = bands_of(pd.DataFrame({"age": ages}))
        assert sorted(np.concatenate(list(bands.values()))) == list(range(len(ages)))
        assert min(map(len, bands.values())) >= 10
    assert bands_of(pd.DataFrame({"age": np.arange(20, 39)})) == {}


def test_bands_of_another_target_are_its_classes_or_sixths_of_its_range():
    plates = bands_of(pd.DataFrame({"label": [0] * 12 + [1] * 3 + [2] * 9}), Classes("plate", ("blue", "light", "red")))
    assert {name: len(rows) for name, rows in plates.items()} == {"test blue": 12, "test light, red": 12}
    breeds = Classes("breed", ("a", "b", "c", "d", "e"))
    bands = bands_of(pd.DataFrame({"label": np.repeat(range(5), (30, 3, 40, 4, 5))}), breeds)
    assert {name: len(rows) for name, rows in bands.items()} == {"test b, d, e": 12, "test a": 30, "test c": 40}
    degrees = bands_of(pd.DataFrame({"label": np.linspace(0, 180, 60)}), Numeric("hand", "degrees", 0.0, 180.0))
    assert list(degrees) == [f"test {low} to {low + 30}" for low in range(0, 180, 30)]
    assert sum(map(len, degrees.values())) == 60


def test_the_patch_is_found_by_what_adds_years_for_it(faces):
    box = torch.from_numpy(patch_box(SIDE)).float()
    assert box.mean() < 0.03
    test = faces.part("test")
    baseline = baseline_of(test)
    torch.testing.assert_close(baseline, pictures_of(test).mean(dim=0, keepdim=True))
    assert planted_shares([Weighted(box.expand(3, SIDE, SIDE))], test, baseline) == pytest.approx(1)
    assert planted_shares([Weighted(1 - box.expand(3, SIDE, SIDE))], test, baseline) == pytest.approx(0, abs=1e-6)
