from dataclasses import replace

import pytest
import torch

from unlearning.methods.fisher import FisherNoise, information_of, relative
from unlearning.models.build import build
from unlearning.models.ensemble import weights_digest
from unlearning.training.gradients import mean_of_gradients


def test_the_noise_falls_with_the_fourth_root_of_the_information_in_units_of_its_mean():
    information = relative({"a": torch.tensor([1.0, 16.0]), "b": torch.tensor([[0.0], [1.0], [2.0]])})
    assert information["a"].tolist() == [0.25, 4.0]
    spread = FisherNoise(noise=0.1).spread(torch.tensor([1.0, 16.0, 81.0]))
    assert spread.tolist() == pytest.approx([0.1, 0.05, 0.1 / 3])


def test_the_information_of_the_last_bias_is_the_square_of_the_years_it_moves_an_answer(make_task):
    """A linear output is bias * age_std + age_mean, so that every answer moves by age_std, 12 years."""
    spec = replace(make_task.spec, output="linear")
    task = replace(make_task(), model=build(spec, seed=0).eval())
    information = mean_of_gradients(task.copy(), task.batches(vary=False), information_of(task), torch.square)
    assert information["head.7.bias"].item() == pytest.approx(144.0)


def test_every_weight_gets_noise_within_its_bound_and_batch_norms_keep_their_statistics(make_task):
    task = make_task()
    network = FisherNoise(noise=10.0, largest=0.1).unlearn(task)
    for weight, before in zip(network.parameters(), task.model.parameters(), strict=True):
        assert (weight - before).abs().max() < 6 * 0.1 * before.square().mean().sqrt() + 1e-12
    before, after = task.model.state_dict(), network.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before if "running" in name)


@pytest.mark.parametrize("settings", [{"noise": 0.0}, {"largest": 0.0}])
def test_without_noise_nothing_changes(make_task, settings):
    task = make_task()
    assert weights_digest(FisherNoise(**settings).unlearn(task)) == weights_digest(task.model)


def test_weights_that_no_answer_hangs_on_are_bounded_and_counted(make_task):
    """In the untrained head some hidden units are silent for every face: their information is 0."""
    shares = []
    for noise in (1e-9, 1e-3, 1e3):
        FisherNoise(noise=noise).unlearn(make_task(log=lambda values, epoch: shares.append(values["bounded_share"])))
    assert 0 < shares[0] < shares[1] < shares[2]
