"""Relearn time, on a model that Adam moves by one year a step, and on networks."""

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from forgetting import forget_set
from training.conftest import OneAge
from unlearning.data.faces import FaceSet
from unlearning.errors import InputError
from unlearning.evaluation.on_models.relearn import Lesson, RelearnTime, lesson_of, ratio, relearn_time
from unlearning.models.build import build
from unlearning.models.ensemble import weights_digest
from unlearning.training.recipe import Recipe

PAIRS = Recipe("adam", 1.0, 0.0, "constant", epochs=1, batch_size=2, flip=False, precision="32-true")


def people(train: int, validation: int, age: int = 50) -> FaceSet:
    """Black pictures of one age; rules name them by it."""
    split = ["train"] * train + ["validation"] * validation
    frame = pd.DataFrame({"id": [f"face-{i}" for i in range(len(split))], "age": age, "split": split, "row": range(len(split))})
    return FaceSet(frame, np.zeros((len(split), 4, 4, 3), dtype=np.uint8))


@pytest.fixture
def steps(fabric):
    """Relearn time of a model that says an age, on four people of 50, two of them seen in a step; the original says 51."""

    def run(years, faces=None):
        faces = faces or people(4, 3)
        lesson = lesson_of(OneAge(51.0), faces, forget_set("50-50", faces.frame), PAIRS)
        return relearn_time(fabric, OneAge(years), replace(lesson, lr=1.0))

    return run


def test_the_steps_of_both_models_are_counted_and_divided(steps):
    """An error of 1.05 years is reached after 4 steps from 45 and after 18 from 31; 4 people in pairs are 2 steps an epoch."""
    own, retrained = steps(45.0), steps(31.0)
    assert (own, retrained) == (RelearnTime((4,) * 3, (False,) * 3, 20), RelearnTime((18,) * 3, (False,) * 3, 20))
    assert ratio(own, retrained) == (pytest.approx(4 / 18), "")


def test_a_model_is_looked_at_after_every_step_and_not_after_every_epoch_and_one_that_never_forgot_needs_none(steps):
    assert (steps(46.0).steps, steps(51.0).steps) == ((3, 3, 3), (0, 0, 0))


@pytest.mark.parametrize(
    ("unlearned", "retrained", "bound", "value"),
    [
        (10.0, 40.0, "at least", 20 / 9),
        (40.0, 10.0, "at most", 9 / 20),
        (10.0, 10.0, "unknown", math.nan),
        (40.0, 50.0, "unknown", math.nan),
    ],
)
def test_what_was_stopped_at_the_cap_gives_a_bound_and_no_value(steps, unlearned, retrained, bound, value):
    own, other = steps(unlearned), steps(retrained)
    assert ratio(own, other) == (pytest.approx(value, nan_ok=True), bound)
    assert own.censored == (unlearned == 10.0,) * 3


def test_the_mean_is_over_the_shuffles():
    assert RelearnTime((2, 4, 9), (False,) * 3, 20).mean == 5


def test_networks_stay_as_they_are_and_both_see_the_same_batches(fabric, faces, spec, recipe):
    network = build(spec, seed=0)
    network.head.requires_grad_(False)
    before, states = weights_digest(network), [module.training for module in network.modules()]
    training, probe = faces.part("train"), faces.part("validation")
    lesson = Lesson(training, probe, 0.0, recipe, epochs=1, seeds=(0, 1))
    first, again = (relearn_time(fabric, network, lesson) for _ in range(2))
    assert first == again == RelearnTime((first.cap,) * 2, (True, True), math.ceil(len(training) / recipe.batch_size))
    assert weights_digest(network) == before
    assert [module.training for module in network.modules()] == states
    assert not any(weight.requires_grad for weight in network.head.parameters())


def test_a_network_relearns_and_the_order_of_the_faces_follows_the_seed(fabric, faces, spec, recipe):
    training, probe = faces.part("train"), faces.part("validation")
    network, lesson = build(spec, seed=0), Lesson(training, probe, 12.0, recipe, epochs=3, seeds=(0, 1, 2))
    found = relearn_time(fabric, network, lesson)
    assert not any(found.censored)
    alone = relearn_time(fabric, network, replace(lesson, seeds=(2,)))
    assert alone.steps == found.steps[2:]
    assert 0 < min(found.steps) <= found.mean <= max(found.steps)


@pytest.mark.parametrize(("train", "validation", "missing"), [(4, 0, "validation"), (0, 4, "training")])
def test_without_a_forgotten_face_to_train_on_or_to_look_at_nothing_can_be_relearned(steps, train, validation, missing):
    with pytest.raises(InputError, match=f"no {missing} face"):
        steps(45.0, people(train, validation))
