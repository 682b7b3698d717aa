"""Noise on the channels that the forget set hangs on, and repair."""

import copy

import pytest
import torch
from scipy.stats import spearmanr
from watched import watch

from unlearning.data.faces import Batch
from unlearning.methods.disturbed import ActivationNoise, GradientMask, activity, effects_of_noise, whole_channels
from unlearning.methods.masks import disturb, highest
from unlearning.models.blocks import convolutions
from unlearning.training.gradients import mean_gradient
from unlearning.training.losses import absolute_error


class TwoChannels(torch.nn.Module):
    """One channel says minus the sum of the colours of a point, the other nothing."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Conv2d(3, 2, 1, bias=False)
        self.register_buffer("mean", torch.zeros(1))
        with torch.no_grad():
            self.layer.weight.zero_()
            self.layer.weight[0] = -1

    def forward(self, images):
        return self.layer(images.float())


def grey(*shades) -> Batch:
    """Pictures of one shade each."""
    images = torch.tensor(shades, dtype=torch.uint8).view(-1, 1, 1, 1).expand(-1, 3, 4, 4)
    return Batch(images, torch.zeros(len(shades)), torch.zeros(len(shades), dtype=torch.bool))


def test_activity_is_the_mean_size_of_what_a_channel_says_over_faces_of_all_batches():
    found = activity(TwoChannels(), [grey(1, 2), grey(6)])
    assert found["layer"].tolist() == [3 * (1 + 2 + 6) / 3, 0]


def test_the_weights_of_a_channel_are_all_that_feed_it():
    masks = whole_channels(TwoChannels(), {"layer": torch.tensor([True, False])})
    assert masks.keys() == {"layer.weight"}
    assert masks["layer.weight"].flatten(1).tolist() == [[True] * 3, [False] * 3]


def test_before_the_first_step_whole_channels_that_are_most_active_for_the_forget_set_are_disturbed(make_task):
    task = make_task()
    network = watch(ActivationNoise(top=0.2), task)["model"]
    forgotten = activity(task.model, task.batches(retain=False, forget=True, vary=False))
    kept = activity(task.model, task.batches(vary=False))
    chosen, others = [], []
    for name, layer in convolutions(network).items():
        moved = (layer.weight != convolutions(task.model)[name].weight).flatten(1)
        assert (moved.all(1) == moved.any(1)).all()
        ratios = forgotten[name] / kept[name]
        chosen += ratios[moved.any(1)].tolist()
        others += ratios[~moved.any(1)].tolist()
    assert len(chosen) == round(0.2 * (len(chosen) + len(others)))
    assert min(chosen) >= max(ratio for ratio in others if ratio == ratio) - 1e-4
    before, after = task.model.state_dict(), network.state_dict()
    kernels = {f"{name}.weight" for name in convolutions(network)}
    assert all(torch.equal(after[name], before[name]) for name in before.keys() - kernels)


class TwiceTheSecond(torch.nn.Module):
    """Says the first of its channels plus twice the second."""

    def __init__(self):
        super().__init__()
        self.layer = torch.nn.Conv2d(3, 2, 1, bias=False)
        with torch.no_grad():
            self.layer.weight[0], self.layer.weight[1] = 1, 3

    def forward(self, images):
        first, second = self.layer(images.float()).mean((2, 3)).T
        return first + 2 * second


def test_the_effect_of_a_channel_is_the_expected_size_of_gradient_times_noise():
    """Weights of 1 and 3 spread by 1; a mean shade of 3 gives each of them a gradient of 3, or twice 3."""
    network = TwiceTheSecond()
    effects = effects_of_noise(network, mean_gradient(network, [grey(1, 2), grey(6)], absolute_error))
    assert effects["layer"].tolist() == pytest.approx([(2 / torch.pi) ** 0.5 * size * 3**0.5 for size in (3, 6)])


def test_effects_rank_channels_as_disturbing_each_of_them_does():
    """Noise of .1 standard deviations, drawn 30 times for every channel of a small network."""
    torch.manual_seed(0)
    layers = torch.nn.Conv2d(3, 8, 3), torch.nn.ReLU(), torch.nn.Conv2d(8, 8, 3), torch.nn.AdaptiveAvgPool2d(1)
    network = torch.nn.Sequential(*layers, torch.nn.Flatten(), torch.nn.Linear(8, 3), torch.nn.ReLU(), torch.nn.Linear(3, 1))
    images, ages = torch.randn(20, 3, 8, 8), torch.randn(20, 1)
    batch = Batch(images, ages, torch.ones(20, dtype=torch.bool))
    effects = effects_of_noise(network, mean_gradient(network, [batch], absolute_error))
    before, random, measured = absolute_error(network(images), batch), torch.Generator().manual_seed(1), []
    for name, channels in effects.items():
        for channel in range(len(channels)):
            chosen = whole_channels(network, {name: torch.arange(len(channels)) == channel})
            changes = []
            for _ in range(30):
                other = copy.deepcopy(network)
                disturb(other, chosen, 0.1, random)
                changes.append((absolute_error(other(images), batch) - before).abs().item())
            measured.append(sum(changes) / len(changes))
    assert spearmanr(torch.cat(list(effects.values())).detach(), measured).statistic > 0.95


def test_only_whole_channels_with_the_largest_effects_on_the_forget_set_change(make_task):
    task = make_task(epochs=2)
    forgotten = task.batches(retain=False, forget=True, vary=False)
    effects = effects_of_noise(task.model, mean_gradient(task.model, forgotten, absolute_error))
    allowed = whole_channels(task.model, highest(effects, 0.1))
    before = dict(task.model.named_parameters())
    for name, weight in GradientMask(top=0.1).unlearn(task).named_parameters():
        assert torch.equal(weight != before[name], allowed.get(name, torch.zeros_like(weight, dtype=torch.bool)))


def test_they_are_trained_on_the_retain_set_and_not_only_disturbed(make_task):
    still, trained = (GradientMask(lr=lr).unlearn(make_task()) for lr in (1e-12, 1e-2))
    pairs = zip(still.parameters(), trained.parameters(), strict=True)
    assert any(not torch.allclose(one, other, atol=1e-4) for one, other in pairs)
