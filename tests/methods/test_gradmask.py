import pytest
import torch

from unlearning.methods.gradmask import GradientMask
from unlearning.methods.masks import highest
from unlearning.training.gradients import mean_of_gradients
from unlearning.training.losses import absolute_error


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


def test_the_noise_is_a_multiple_of_the_spread_of_a_layer(make_task):
    task = make_task()
    network = GradientMask(top=1.0, noise=2.0, lr=1e-12).unlearn(task)
    weight, before = network.head[0].weight, task.model.head[0].weight
    assert (weight - before).std().item() == pytest.approx(2 * before.std().item(), rel=0.05)
