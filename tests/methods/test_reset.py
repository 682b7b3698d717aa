import math

import pytest
import torch

from unlearning.methods.reset import Reset, diverge
from unlearning.models.blocks import convolutions, last_linear
from unlearning.targets import AGE
from unlearning.training.predict import predict

STILL = 1e-12


def test_first_and_last_layer_are_new_and_those_between_are_kept(make_task):
    task = make_task()
    network = Reset(lr=STILL, warm_lr=STILL).unlearn(task)
    own, original = ([*convolutions(model).values(), last_linear(model)] for model in (network, task.model))
    new = [not torch.allclose(one.weight, other.weight, atol=1e-5) for one, other in zip(own, original, strict=True)]
    assert new == [True, *[False] * (len(own) - 2), True]


def test_the_divergence_is_that_of_two_laplace_distributions_times_their_scale():
    """By hand: d = 10, b = 5: 5 (2 + exp(-2) - 1); and by summing p log(p / q) over a grid, in units of b."""
    assert float(diverge(AGE, torch.tensor([30.0]), torch.tensor([20.0]), 5.0)) == pytest.approx(5 * (1 + math.exp(-2)))
    grid = torch.linspace(-200, 250, 450_001, dtype=torch.float64)
    log_p, log_q = -(grid - 20).abs() / 5 - math.log(10), -(grid - 30).abs() / 5 - math.log(10)
    summed = float((log_p.exp() * (log_p - log_q)).sum() * (grid[1] - grid[0]))
    assert 5 * summed == pytest.approx(5 * (1 + math.exp(-2)), rel=1e-4)


def test_the_warm_up_comes_before_the_passes_that_are_counted(make_task):
    told = []
    task = make_task(epochs=2, after_epoch=lambda epoch, model: told.append(epoch.number))
    Reset(warm_up=3).unlearn(task)
    assert told == [1, 2]
    assert task.meter.retain == 5 * len(task.retain.part("train"))


def test_the_warm_up_brings_the_network_near_the_original(make_task):
    task = make_task()
    told = predict(task.model, task.retain)
    cold, warm = (Reset(lr=STILL, warm_lr=1e-3, warm_up=passes).unlearn(make_task()) for passes in (0, 6))
    apart = [float((predict(network, task.retain) - told).abs().mean()) for network in (cold, warm)]
    assert apart[1] < apart[0]
