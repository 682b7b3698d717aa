"""The training loop, and where it stops."""

import copy
import random
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

from unlearning.data.faces import Batch, Batches
from unlearning.errors import DivergedError
from unlearning.models.build import build
from unlearning.models.ensemble import weights_digest
from unlearning.training.fit import fit
from unlearning.training.losses import absolute_error
from unlearning.training.predict import mean_absolute_error


class Uneven:
    """Batches of hand-chosen sizes over black pictures."""

    def __init__(self, *groups):
        self.groups = [torch.tensor(group) for group in groups]
        self.ages = torch.cat(self.groups)

    def __len__(self):
        return len(self.groups)

    def __iter__(self):
        for ages in self.groups:
            yield Batch(torch.zeros(len(ages), 3, 4, 4, dtype=torch.uint8), ages, torch.zeros(len(ages), dtype=torch.bool))


@pytest.fixture
def train(fabric, faces, spec, recipe):
    """Train a network for an epoch and return it."""

    def run(seed=0, order=0, network=None, **changes):
        network = network or build(spec, seed=0)
        now = replace(recipe, epochs=1, **changes)
        batches = Batches(faces.part("train"), None, now.batch_size, now.flip, now.shift, order)
        fit(fabric, network, batches, absolute_error, now, seed=seed)
        return network

    return run


def test_the_seed_of_dropout_and_the_seed_of_the_order_both_decide_the_weights(train):
    assert len({weights_digest(train()), weights_digest(train(seed=1)), weights_digest(train(order=1))}) == 3


def test_the_network_learns(fabric, one_age, aged, one_year_a_step):
    model = one_age(30.0)
    epochs = fit(fabric, model, Batches(aged(50), None, 1, False, 0.0, 0), absolute_error, one_year_a_step, seed=0)
    assert [epoch.train_mae for epoch in epochs] == pytest.approx([20, 19, 18, 17, 16])
    assert model.years.item() == pytest.approx(35)


def test_global_random_numbers_are_left_as_they_were(train):
    before = torch.get_rng_state(), np.random.get_state()[1].copy(), random.getstate()  # noqa: NPY002
    train()
    assert torch.equal(torch.get_rng_state(), before[0])
    assert np.array_equal(np.random.get_state()[1], before[1])  # noqa: NPY002
    assert random.getstate() == before[2]


def test_frozen_weights_do_not_move_and_the_others_do(train, spec):
    network = build(spec, seed=0)
    network.head.requires_grad_(False)
    head, backbone = copy.deepcopy(network.head), copy.deepcopy(network.backbone)
    train(network=network, weight_decay=0.5)
    assert weights_digest(network.head) == weights_digest(head)
    moved = [not torch.equal(a, b) for a, b in zip(network.backbone.parameters(), backbone.parameters(), strict=True)]
    assert all(moved)


def test_mean_errors_are_over_samples_not_over_batches(fabric, one_age, one_year_a_step):
    """Errors 0, 0, 0 and 20: 5 a sample, where the mean of the two batch means is 10."""
    still = replace(one_year_a_step, lr=1e-12, epochs=1)
    (epoch,) = fit(fabric, one_age(30.0), Uneven([30.0, 30.0, 30.0], [50.0]), absolute_error, still, seed=0)
    assert epoch.train_mae == pytest.approx(5)
    assert epoch.loss == pytest.approx(5)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_stops_within_eight_steps_and_names_its_own(fabric, one_age, one_year_a_step, value):
    shown = []

    def breaks_at_99(predicted, batch):
        shown.append(batch)
        return absolute_error(predicted, batch) * (value if 99 in batch.ages else 1)

    with pytest.raises(DivergedError, match=rf"{value} at step 3 .*smaller learning rate"):
        fit(fabric, one_age(30.0), Uneven([50.0], [50.0], [99.0], *[[50.0]] * 20), breaks_at_99, one_year_a_step, seed=0)
    assert len(shown) == 8


def test_every_epoch_is_told_once_with_the_bare_model_and_every_step_in_epochs(fabric, one_age, one_year_a_step):
    model, told, done = one_age(30.0), [], []

    def after_epoch(epoch, network):
        assert network is model
        told.append((epoch, network.years.item()))

    told_of = {"after_epoch": after_epoch, "after_step": done.append}
    epochs = fit(fabric, model, Uneven([50.0], [50.0]), absolute_error, one_year_a_step, seed=0, **told_of)
    assert [epoch for epoch, _ in told] == epochs
    assert done == [step / 2 for step in range(1, 11)]
    assert [epoch.number for epoch in epochs] == [1, 2, 3, 4, 5]
    assert [years for _, years in told] == pytest.approx([32, 34, 36, 38, 40])
    seconds = [epoch.seconds for epoch in epochs]
    assert seconds == sorted(set(seconds))
    assert seconds[0] > 0


def test_a_constant_rate_stays_and_one_cycle_rises_to_it_and_ends_near_zero(fabric, one_age, one_year_a_step):
    """With gradients of one size Adam's steps are the learning rates; ages far above never change their sign."""

    def steps(schedule):
        years = [30.0]
        now = replace(one_year_a_step, schedule=schedule, epochs=20)
        batches = Uneven([500.0])
        fit(fabric, one_age(30.0), batches, absolute_error, now, seed=0, after_epoch=lambda _, m: years.append(m.years.item()))
        return np.diff(years)

    assert steps("constant") == pytest.approx(np.ones(20), abs=1e-3)
    cycle = steps("onecycle")
    assert cycle.max() > 0.8
    assert 0 <= cycle[-1] < 1e-3 < cycle[0] < 0.2


def test_no_step_waits_for_a_number(fabric, faces, recipe, spec, monkeypatch):
    """A GPU that is asked for a number has to be waited for: a pass asks once in eight steps, and once at its end."""
    waits = []
    for name in ("item", "tolist", "cpu", "numpy", "__bool__", "__float__", "__int__"):
        own = getattr(torch.Tensor, name)
        monkeypatch.setattr(torch.Tensor, name, lambda *args, own=own, **more: waits.append(1) or own(*args, **more))
    batches = Batches(faces.part("train"), None, 4, recipe.flip, recipe.shift, 0)
    fit(fabric, build(spec, seed=0), batches, absolute_error, replace(recipe, epochs=1), seed=0)
    assert len(batches) > 20
    assert len(waits) <= len(batches) / 8 + 1


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("g++"), reason="torch.compile needs a C++ compiler")
@pytest.mark.filterwarnings("ignore:`torch.jit:DeprecationWarning")  # the compiler's own use of what PyTorch gives up
def test_compiled_steps_are_those_of_eager_ones_but_for_rounding_and_dropout(fabric, faces, recipe, spec):
    spec = replace(spec, dropout_features=0.0, dropout_hidden=0.0)
    batches = Batches(faces.part("train"), None, 16, recipe.flip, recipe.shift, 0)

    def losses(compile):
        epochs = fit(fabric, build(spec, 0), copy.deepcopy(batches), absolute_error, replace(recipe, compile=compile), seed=0)
        return [epoch.loss for epoch in epochs]

    assert losses(True) == pytest.approx(losses(False), rel=1e-3)


@pytest.fixture
def drift(fabric, one_age, aged, one_year_a_step):
    """Move a guess of 30 years by a year an epoch towards 100; validation faces have the ages given."""

    def run(*validation_ages, epochs=10, **settings):
        model = one_age(30.0)
        recipe = replace(one_year_a_step, epochs=epochs, patience=settings.pop("patience", 15))
        batches = Batches(aged(100), None, 1, False, 0.0, 0)
        validation = aged(*validation_ages) if validation_ages else None
        told = fit(fabric, model, batches, absolute_error, recipe, seed=0, validation=validation, **settings)
        return told, model

    return run


def test_training_stops_after_patience_epochs_that_are_no_better_and_the_first_best_is_kept(drift):
    told, model = drift(33, keep_best=True, patience=2)
    assert [epoch.validation_mae for epoch in told] == pytest.approx([2, 1, 0, 1, 2])
    assert model.years.item() == pytest.approx(33), "the third epoch was the best"
    told, model = drift(33, 35, keep_best=True, patience=3)
    assert [epoch.validation_mae for epoch in told] == pytest.approx([3, 2, 1, 1, 1, 2])
    assert model.years.item() == pytest.approx(33, abs=1e-4)


@pytest.mark.parametrize("settings", [{"keep_best": False}, {"keep_best": True}])
def test_the_last_weights_stay_when_the_best_are_not_asked_for_or_nothing_tells_them(drift, settings):
    told, model = drift(*[33] * (not settings["keep_best"]), patience=2, **settings)
    assert len(told) == 10
    assert model.years.item() == pytest.approx(40)


def test_the_kept_network_has_the_best_validation_error_when_measured_again(fabric, faces, spec, recipe):
    """Batch norm's statistics belong to the weights: they are restored with them."""
    network, validation = build(spec, seed=0), faces.part("validation")
    batches = Batches(faces.part("train"), None, recipe.batch_size, True, 0.1, 0)
    wild = replace(recipe, lr=0.005, schedule="constant", epochs=4)
    told = fit(fabric, network, batches, absolute_error, wild, seed=0, validation=validation, keep_best=True)
    errors = [epoch.validation_mae for epoch in told]
    assert len(set(errors)) == 4
    assert mean_absolute_error(network, validation) == min(errors)
