from dataclasses import replace

import pytest

from unlearning.data.faces import Batches
from unlearning.models.build import build
from unlearning.training.fit import fit
from unlearning.training.losses import absolute_error
from unlearning.training.predict import mean_absolute_error


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


def test_training_stops_after_patience_epochs_that_are_no_better(drift):
    told, model = drift(33, keep_best=True, patience=2)
    assert [epoch.validation_mae for epoch in told] == pytest.approx([2, 1, 0, 1, 2])
    assert model.years.item() == pytest.approx(33), "the third epoch was the best"


def test_an_equal_error_is_no_improvement_and_the_first_best_is_kept(drift):
    told, model = drift(33, 35, keep_best=True, patience=3)
    assert [epoch.validation_mae for epoch in told] == pytest.approx([3, 2, 1, 1, 1, 2])
    assert model.years.item() == pytest.approx(33, abs=1e-4)


def test_the_last_weights_stay_when_the_best_are_not_asked_for(drift):
    told, model = drift(33, patience=2)
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
