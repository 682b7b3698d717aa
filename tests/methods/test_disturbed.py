"""Noise on what the forget set hangs on, and repair: whole channels, or the weights with the largest gradients."""

import torch
from watched import watch

from unlearning.data.faces import Batch
from unlearning.methods.disturbed import ActivationNoise, GradientMask, activity, whole_channels
from unlearning.methods.masks import highest
from unlearning.models.blocks import convolutions
from unlearning.training.gradients import mean_of_gradients
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


def changed(network, model) -> dict[str, torch.Tensor]:
    """Which weights are not bit for bit those of the model."""
    before = dict(model.named_parameters())
    return {name: weight != before[name] for name, weight in network.named_parameters()}


def test_only_weights_with_the_largest_gradients_on_the_forget_set_change(make_task):
    task = make_task(epochs=2)
    forgotten = task.batches(retain=False, forget=True, vary=False)
    gradients = mean_of_gradients(task.model, forgotten, absolute_error, torch.abs)
    allowed = highest(gradients, 0.1)
    moved = changed(GradientMask(top=0.1).unlearn(task), task.model)
    assert not any((moved[name] & ~allowed[name]).any() for name in moved)
    assert sum(int(one.sum()) for one in moved.values()) > 0.99 * sum(int(one.sum()) for one in allowed.values())


def test_they_are_trained_on_the_retain_set_and_not_only_disturbed(make_task):
    still, trained = (GradientMask(lr=lr).unlearn(make_task()) for lr in (1e-12, 1e-2))
    pairs = zip(still.parameters(), trained.parameters(), strict=True)
    assert any(not torch.allclose(one, other, atol=1e-4) for one, other in pairs)
