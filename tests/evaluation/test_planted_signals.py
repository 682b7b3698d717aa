"""Scores of planted signals, on tables written by hand and on a model that only sees green."""

import math

import numpy as np
import pandas as pd
import pytest
import torch

from unlearning.data.faces import FaceSet
from unlearning.data.signals import stamp
from unlearning.evaluation.on_models import signals
from unlearning.evaluation.on_models.signals import confusion, patch_effect
from unlearning.models.build import build
from unlearning.models.ensemble import weights_digest

RANGES = ((20, 28), (52, 60))


class Greenness(torch.nn.Module):
    """Says the mean level of green as years."""

    def __init__(self):
        super().__init__()
        self.scale = torch.nn.Parameter(torch.ones(1))

    def forward(self, images):
        return self.scale * images[:, 1].float().mean(dim=(1, 2))


def test_the_predictions_that_fall_into_the_other_range_are_counted(table):
    """Two of four young faces are called old, one of two old ones young; training faces and other ages do not count."""
    rows = table(
        *(("test", 20, 55.0), ("test", 28, 60.4), ("test", 24, 51.4), ("test", 24, 60.5)),
        *(("test", 52, 19.5), ("test", 60, 28.5)),
        *(("test", 40, 55.0), ("train", 24, 55.0), ("validation", 24, 55.0)),
    )
    for ranges, faces in ((RANGES, (4, 2)), (RANGES[::-1], (2, 4))):
        found = confusion(rows, ranges)
        assert (found.both, found.faces) == (0.5, faces)
    uneven = confusion(table(("test", 20, 55.0), *[("test", 55, 55.0)] * 3), RANGES)
    assert (uneven.both, uneven.faces) == (0.25, (1, 3)), "faces weigh alike and not ranges"


def test_the_pull_is_the_mean_error_towards_the_other_range(table):
    """Young faces are called 6 years older and 2 younger, an old one 11 younger: (6 - 2 + 11) / 3."""
    rows = table(("test", 20, 26.0), ("test", 24, 22.0), ("test", 56, 45.0), ("test", 40, 60.0), ("train", 24, 90.0))
    assert confusion(rows, RANGES).pull == confusion(rows, RANGES[::-1]).pull == pytest.approx(5)
    assert confusion(rows, RANGES).both == 0


def test_without_a_test_face_there_is_no_share(table):
    found = confusion(table(("test", 20, 55.0)), RANGES)
    assert (found.both, found.pull) == (1, 35)
    nobody = confusion(table(("train", 20, 55.0)), RANGES)
    assert math.isnan(nobody.both)
    assert math.isnan(nobody.pull)


def pictures(count, splits=("test",), side=48):
    images = np.random.default_rng(0).integers(0, 256, (count, side, side, 3), dtype=np.uint8)
    frame = pd.DataFrame({"id": range(count), "age": 30, "row": np.arange(count)[::-1], "split": np.resize(splits, count)})
    return FaceSet(frame, images)


def test_the_effect_is_the_mean_change_of_the_answer_by_the_patch(monkeypatch):
    monkeypatch.setattr(signals, "AT_ONCE", 3)
    faces = pictures(8)
    green = faces.pixels.astype(float)[..., 1].mean(axis=(1, 2)), stamp(faces.pixels).astype(float)[..., 1].mean(axis=(1, 2))
    change = green[1] - green[0]
    found = patch_effect(Greenness(), faces)
    assert (found.years, found.spread, found.faces) == pytest.approx((change.mean(), change.std(), 8), rel=1e-4)


def test_on_black_pictures_the_green_half_of_the_patch_is_all_there_is():
    """At 48 pixels 18 of 2,304 pixels become green: 255 * 18 / 2304 years."""
    faces = pictures(3)
    found = patch_effect(Greenness(), FaceSet(faces.frame, np.zeros_like(faces.pixels)))
    assert (found.years, found.spread) == pytest.approx((255 * 18 / 2304, 0))


def test_only_test_faces_count():
    assert patch_effect(Greenness(), pictures(9, ("train", "test", "validation"))).faces == 3
    none = patch_effect(Greenness(), pictures(3, ("train",)))
    assert none.faces == 0
    assert math.isnan(none.years)


def test_a_network_and_its_faces_stay_as_they_are(spec, faces):
    network = build(spec, seed=0).train()
    before = weights_digest(network), faces.frame.copy()
    first, again = (patch_effect(network, faces) for _ in range(2))
    assert first == again
    assert weights_digest(network) == before[0]
    assert faces.frame.equals(before[1])
    assert all(module.training for module in network.modules())
