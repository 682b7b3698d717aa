"""Weights drawn anew, disturbed or pruned."""

import math
from dataclasses import replace

import pytest
import torch

from unlearning.methods.last_blocks import LastBlocksAnew
from unlearning.methods.passes import Passes, cosine
from unlearning.methods.renewal import add_noise, renew, renew_smallest
from unlearning.methods.reset import Reset
from unlearning.models.build import build


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
