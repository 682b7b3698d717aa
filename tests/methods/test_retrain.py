from dataclasses import replace

import pytest

from unlearning.data.faces import Batches
from unlearning.errors import InputError
from unlearning.methods.retrain import Retrain
from unlearning.models.build import build
from unlearning.models.ensemble import weights_digest
from unlearning.training.fit import fit
from unlearning.training.losses import absolute_error


def test_it_is_the_original_s_training_on_the_retain_set_bit_for_bit(make_task, spec, fabric):
    task = make_task(seed=3)
    faces, recipe, network = task.retain, task.recipe, build(spec, 3)
    batches = Batches(faces.part("train"), None, recipe.batch_size, recipe.flip, recipe.shift, 3)
    fit(fabric, network, batches, absolute_error, recipe, seed=3, validation=faces.part("validation"), keep_best=True)
    assert weights_digest(Retrain().unlearn(task)) == weights_digest(network)


def test_a_model_that_was_trained_in_slices_is_sent_to_sisa(make_task):
    with pytest.raises(InputError, match="method=sisa"):
        Retrain().unlearn(replace(make_task(), slices=object()))
