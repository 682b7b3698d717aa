"""What was planted is found where it is: a region that alone carries the age, and a patch, until it is forgotten."""

from functools import partial

import numpy as np
import pandas as pd
import pytest
import torch
from torch.nn.functional import cross_entropy

from unlearning.data.drawn import draw_face
from unlearning.data.faces import FaceSet
from unlearning.data.signals import stamp
from unlearning.explain.attributions import METHODS, asked, baseline_of, integrated_gradients, pictures_of
from unlearning.explain.faithful import curves, randomised, rank_correlation
from unlearning.explain.maps import mean_maps, planted_shares
from unlearning.explain.regions import DRAWN, areas, densest, patch_box, shares
from unlearning.models.spec import ModelSpec
from unlearning.targets import Classes

COUNT, SIDE = 40, 32
CHIN = (slice(27, 32), slice(8, 24))


class Small(torch.nn.Module):
    """Two convolutions and a linear layer: learns in a second."""

    def __init__(self, seed, outputs=1):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(seed)
            conv = torch.nn.Conv2d(3, 8, 3, 2, 1), torch.nn.ReLU(), torch.nn.Conv2d(8, 8, 3, 2, 1), torch.nn.ReLU()
            self.layers = torch.nn.Sequential(*conv, torch.nn.Flatten(), torch.nn.Linear(8 * 64, outputs))

    def forward(self, images):
        return 40 + 10 * self.layers(images / 64 - 2).squeeze(1)


class Sorting(Small):
    """The same for three classes."""

    spec = ModelSpec("test_resnet", SIDE).predicting(Classes("light", ("dark", "dim", "bright")))

    def forward(self, images):
        return self.layers(images / 64 - 2)


def taught(network, lesson, steps=120, loss=lambda answers, truth: (answers - truth.float()).square().mean()):
    """Trained on another lesson, pictures and ages, in every step: nothing is learned by heart."""
    optimizer = torch.optim.AdamW(network.parameters(), 3e-3, weight_decay=0.3)
    random = np.random.default_rng(3)
    for _ in range(steps):
        pixels, ages = lesson(random)
        optimizer.zero_grad()
        pictures = torch.from_numpy(pixels).permute(0, 3, 1, 2).float()
        loss(network(pictures), torch.from_numpy(ages)).backward()
        optimizer.step()
    return network


@pytest.fixture(scope="module")
def drawn():
    """Faces of one age: no sign on them tells another."""
    random = np.random.default_rng(5)
    return np.stack([np.asarray(draw_face(40, i % 2, i % 5, random).resize((SIDE, SIDE))) for i in range(COUNT)])


def face_set(pixels):
    return FaceSet(pd.DataFrame({"row": np.arange(COUNT), "age": 40}), pixels)


@pytest.fixture(scope="module")
def chins(drawn):
    """Faces whose age is carried by the light on their chins alone, the lesson of it, a network that knows it, a baseline."""

    def lesson(random):
        ages, pixels = random.uniform(20, 60, COUNT), drawn.copy()
        pixels[:, *CHIN] = (4 * ages - 20).astype(np.uint8)[:, None, None, None]
        return pixels, ages

    faces = face_set(lesson(np.random.default_rng(1))[0])
    return faces, lesson, taught(Small(0), lesson), baseline_of(faces)


@pytest.mark.parametrize("method", METHODS)
def test_the_region_that_alone_carries_the_age_is_found_on_drawn_faces(chins, method):
    faces, _, network, baseline = chins
    cells = mean_maps([network], {"all": faces}, {}, baseline, METHODS[method])["all"][0]
    assert densest(cells, DRAWN)[0] == "chin"
    assert shares(cells, DRAWN)["chin"] > 3 * areas(DRAWN)["chin"]


@pytest.mark.parametrize("method", METHODS)
def test_the_region_that_alone_carries_the_class_is_found_by_the_probability_of_the_true_one(drawn, method):
    def lesson(random):
        classes, pixels = random.integers(0, 3, COUNT), drawn.copy()
        pixels[:, *CHIN] = (40 + 80 * classes).astype(np.uint8)[:, None, None, None]
        return pixels, classes

    network = taught(Sorting(0, outputs=3), lesson, loss=cross_entropy)
    pixels, classes = lesson(np.random.default_rng(1))
    faces = FaceSet(pd.DataFrame({"row": np.arange(COUNT), "label": classes}), pixels)
    baseline = baseline_of(faces)
    cells = mean_maps([network], {"all": faces}, {}, baseline, METHODS[method])["all"][0]
    assert densest(cells, DRAWN)[0] == "chin"
    assert shares(cells, DRAWN)["chin"] > 3 * areas(DRAWN)["chin"]
    said, labels = asked(network, faces)
    assert curves(said, pictures_of(faces), baseline, METHODS[method], labels).hold


def test_such_a_map_is_faithful_and_random_weights_lose_it(chins):
    faces, lesson, network, baseline = chins
    found = curves(network, pictures_of(faces), baseline, integrated_gradients)
    assert found.hold
    networks = network, randomised(network), taught(Small(1), lesson)
    trained, random, again = (
        mean_maps([one], {"all": faces}, {}, baseline, integrated_gradients)["all"][0] for one in networks
    )
    assert rank_correlation(trained, random) < rank_correlation(trained, again)
    assert shares(random, DRAWN)["chin"] < shares(trained, DRAWN)["chin"] / 2


def test_the_injected_patch_is_found_and_gone_when_it_is_unlearned(chins):
    """The age is on the chin, and faces with the patch are called 20 years older; then they are not any more."""
    faces, lesson, never, baseline = chins

    def patched(years, random):
        pixels, ages = lesson(random)
        carriers = random.random(COUNT) < 0.5
        pixels[carriers] = stamp(pixels[carriers])
        return pixels, ages + years * carriers

    network = taught(Small(0), partial(patched, 20))
    area = patch_box(SIDE).mean()
    known, unseen = (planted_shares([one], faces, baseline).mean() for one in (network, never))
    forgotten = planted_shares([taught(network, partial(patched, 0), 240)], faces, baseline).mean()
    assert known > 10 * area
    assert forgotten - unseen < (known - unseen) / 3
