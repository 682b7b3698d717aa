"""Weights drawn anew, disturbed or pruned: the tools, and noise, prune, reset and stochastic_reset, which use them."""

import math
from dataclasses import replace

import pytest
import torch

from unlearning.methods.last_blocks import LastBlocksAnew
from unlearning.methods.noise import NoisyStart
from unlearning.methods.passes import Passes, cosine
from unlearning.methods.prune import PruneAnew
from unlearning.methods.renewal import add_noise, renew, renew_smallest
from unlearning.methods.reset import Reset, diverge
from unlearning.methods.stochastic_reset import Grainy, StochasticReset
from unlearning.models.blocks import convolutions, last_linear
from unlearning.models.build import build
from unlearning.targets import AGE
from unlearning.training.predict import predict


def seeded(seed=0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_a_seed_draws_layers_anew_leaves_the_global_numbers_and_batch_norms_forget_their_statistics():
    one, other = torch.nn.Linear(8, 8), torch.nn.Linear(8, 8)
    before = torch.get_rng_state()
    renew([one], 5, one)
    renew([other], 5, other)
    assert torch.equal(one.weight, other.weight)
    assert torch.equal(torch.get_rng_state(), before)
    norm = torch.nn.BatchNorm2d(2)
    norm(torch.full((4, 2, 3, 3), 7.0))
    renew([norm], 0, norm)
    assert norm.running_mean.tolist() == [0, 0]
    assert norm.num_batches_tracked == 0


def test_noise_has_the_spread_that_was_asked_for():
    weight = torch.full((100, 100), 2.0)
    add_noise([weight], 0.6, seeded())
    assert float(weight.mean()) == pytest.approx(2, abs=0.03)
    assert float(weight.std()) == pytest.approx(0.6, abs=0.02)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.99])
def test_the_share_that_is_kept_is_bit_identical(share):
    weight = torch.randn(200, 10, generator=seeded(1))
    before = weight.clone()
    renew_smallest([weight], share, seeded())
    kept = weight == before
    assert int(kept.sum()) == 2000 - round(share * 2000)
    if share:
        assert before[kept].abs().min() >= before[~kept].abs().max()


def test_something_can_be_done_before_every_pass_and_a_cosine_falls_from_one_towards_nothing():
    told = []
    passes = Passes([1, 2], told.append)
    assert len(passes) == 2
    assert [list(passes) for _ in range(3)] == [[1, 2]] * 3
    assert told == [1, 2, 3]
    factors = [cosine(4)(number) for number in range(1, 5)]
    assert factors == pytest.approx([1, (1 + math.sqrt(0.5)) / 2, 0.5, (1 - math.sqrt(0.5)) / 2])


@pytest.mark.parametrize("method", [LastBlocksAnew, Reset])
def test_a_linear_output_whose_layer_is_drawn_anew_is_read_by_the_retained_ages(make_task, method):
    spec = replace(make_task.spec, output="linear")
    task = make_task()
    kept = task.retain.part("train").frame.age.tolist()
    network = method().unlearn(replace(task, model=build(spec, 0).eval()))
    mean = sum(kept) / len(kept)
    assert (network.spec.age_mean, spec.age_mean) == (pytest.approx(mean), 40)
    assert network.spec.age_std == pytest.approx((sum((age - mean) ** 2 for age in kept) / len(kept)) ** 0.5)


STILL = 1e-12


def moved(task, **settings) -> list[float]:
    """How far each convolution is from the model's, as standard deviation, at a rate that moves nothing."""
    network = NoisyStart(lr=STILL, **settings).unlearn(task)
    pairs = zip(convolutions(network).values(), convolutions(task.model).values(), strict=True)
    return [(one.weight - other.weight).detach().std().item() for one, other in pairs]


def test_noise_reaches_the_first_convolution_or_all_and_a_little_comes_before_the_last_pass_alone(make_task):
    first, *others = moved(make_task(), spread=0.6)
    assert 0.5 < first < 0.7
    assert max(others) < 1e-6
    assert all(0.5 < far < 0.7 for far in moved(make_task(), spread=0.6, everywhere=True))
    assert moved(make_task(epochs=1), spread=0.0, last_spread=0.1)[0] < 1e-6
    assert 0.08 < moved(make_task(epochs=3), spread=0.0, last_spread=0.1)[0] < 0.12


def weights(network) -> torch.Tensor:
    layers = [module for module in network.modules() if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear))]
    return torch.cat([layer.weight.detach().flatten() for layer in layers])


def test_the_largest_hundredth_of_the_weights_stays_and_the_rest_is_new(make_task):
    task = make_task()
    before, after = weights(task.model), weights(PruneAnew(lr=STILL, amount=0.99).unlearn(task))
    same = torch.isclose(before, after, atol=1e-6)
    largest = before.abs().argsort(descending=True)[: len(before) // 100]
    assert same[largest].all()
    assert same.float().mean() < 0.02


def test_batch_norms_keep_their_weights(make_task):
    task = make_task()
    pruned = PruneAnew(lr=STILL).unlearn(task)
    for own, original in zip(pruned.modules(), task.model.modules(), strict=True):
        if isinstance(own, torch.nn.BatchNorm2d):
            assert torch.allclose(own.weight, original.weight, atol=1e-6)


def test_the_pull_brings_predictions_nearer_to_the_original_s(make_task):
    task = make_task(epochs=4)
    told = predict(task.model, task.retain)
    free, pulled = (predict(PruneAnew(lr=1e-3, pull=p).unlearn(make_task(epochs=4)), task.retain) for p in (0.0, 20.0))
    assert (pulled - told).abs().mean() < (free - told).abs().mean()


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


def renewed(task, network) -> int:
    """How many convolutions are not the model's any more."""
    pairs = zip(convolutions(network).values(), convolutions(task.model).values(), strict=True)
    return sum(not torch.allclose(own.weight, other.weight, atol=1e-5) for own, other in pairs)


def test_every_cycle_draws_more_layers_anew_up_to_the_share_asked_for():
    amounts = {(4, 8): {1: 2, 3: 3, 5: 5, 7: 6}, (3, 7): {1: 2, 3: 4, 5: 6}, (4, 2): {1: 3, 2: 6}, (1, 5): {1: 6}}
    for (cycles, epochs), expected in amounts.items():
        assert StochasticReset(cycles=cycles, renewed=0.3).amounts(epochs, 20) == expected


def test_one_cycle_leaves_the_other_layers_as_they_were(make_task):
    task = make_task()
    network = StochasticReset(lr=STILL, cycles=1, renewed=0.2).unlearn(task)
    assert renewed(task, network) == 3, "a fifth of the 15 convolutions of test_resnet"
    assert torch.allclose(network.head[0].weight, task.model.head[0].weight, atol=1e-6)


def test_ages_are_not_looked_at(make_task):
    task = make_task()
    task.retain.ages[:] = 0
    task.retain.frame.age = 0
    made = (StochasticReset().unlearn(other) for other in (task, make_task()))
    first, second = (network.state_dict() for network in made)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_grain_has_the_spread_asked_for_and_stays_among_grey_levels():
    grey = torch.full((4, 3, 32, 32), 128, dtype=torch.uint8)
    noisy = Grainy([], 10.0, torch.Generator()).grainy(grey)
    assert float(noisy.std()) == pytest.approx(10, rel=0.05)
    assert float(noisy.mean()) == pytest.approx(128, abs=1)
    assert Grainy([], 300.0, torch.Generator()).grainy(grey).min() == 0
    assert grey.eq(128).all()
