"""Predictions, and how wrong they are."""

import math

import numpy as np
import pytest
import torch

from unlearning.data.faces import Batch, FaceSet
from unlearning.models.build import build
from unlearning.models.ensemble import weights_digest
from unlearning.training.losses import absolute_error
from unlearning.training.predict import mean_absolute_error, predict, predict_on


@pytest.fixture
def network(spec):
    return build(spec, seed=0)


def test_predicting_changes_neither_weights_nor_training_mode_nor_random_numbers_and_carries_no_gradient(network, faces):
    """Methods freeze the statistics of some layers while the others train: these stay in eval mode."""
    network.train()
    network.backbone.eval()
    before, random = weights_digest(network), torch.get_rng_state()
    assert not predict(network, faces).requires_grad
    assert weights_digest(network) == before
    assert torch.equal(torch.get_rng_state(), random)
    assert all(module.training for module in network.head.modules())
    assert not any(module.training for module in network.backbone.modules())


def test_a_gpu_would_not_round_while_it_predicts_and_the_model_lies_where_it_lay(network, faces):
    """By default PyTorch lets a GPU round what goes into convolutions to 10 bits."""
    rounding, seen = torch.backends.cudnn.conv.fp32_precision, set()
    network.backbone.register_forward_hook(lambda *_: seen.add(torch.backends.cudnn.conv.fp32_precision))
    predict_on(torch.device("cpu"), network, faces)
    assert seen == {"ieee"}
    assert torch.backends.cudnn.conv.fp32_precision == rounding
    network.backbone.register_forward_hook(lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        predict_on(torch.device("cpu"), network, faces)
    assert torch.backends.cudnn.conv.fp32_precision == rounding
    assert next(network.parameters()).device.type == "cpu"


def test_ages_come_in_years_in_the_order_of_the_faces(network, faces):
    with torch.no_grad():
        network.head[-1].weight.mul_(100)
    ages = predict(network, faces)
    backwards = FaceSet(faces.frame[::-1], faces.pixels)
    assert ages.shape == (len(faces),)
    assert ages.dtype == torch.float32
    assert ages.std() > 0.1, "faces that all look alike would prove nothing"
    assert predict(network, backwards).flip(0).numpy() == pytest.approx(ages.numpy(), abs=1e-3)


def test_no_faces_give_no_ages_and_an_error_that_is_not_a_number(network, faces):
    nobody = faces.where(np.zeros(len(faces), dtype=bool))
    assert predict(network, nobody).shape == (0,)
    assert math.isnan(mean_absolute_error(network, nobody))


def test_mean_absolute_error_by_hand(one_age, aged):
    assert mean_absolute_error(one_age(30.0), aged(20, 33, 47)) == pytest.approx((10 + 3 + 17) / 3)


def test_absolute_error_is_the_mean_of_the_distances_in_years():
    batch = Batch(torch.zeros(3, 3, 4, 4), torch.tensor([20.0, 40.0, 60.0]), torch.zeros(3, dtype=torch.bool))
    predicted = torch.tensor([25.0, 37.0, 59.0], requires_grad=True)
    loss = absolute_error(predicted, batch)
    loss.backward()
    assert loss.item() == pytest.approx((5 + 3 + 1) / 3)
    assert predicted.grad.tolist() == pytest.approx([1 / 3, -1 / 3, -1 / 3])
