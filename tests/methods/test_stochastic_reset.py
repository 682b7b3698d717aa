import pytest
import torch

from unlearning.methods.stochastic_reset import Grainy, StochasticReset
from unlearning.models.blocks import convolutions

STILL = 1e-12


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
