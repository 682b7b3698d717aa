import torch
from watched import watch

from unlearning.data.faces import Batch
from unlearning.methods.activation import ActivationNoise, activity, whole_channels
from unlearning.models.blocks import convolutions


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


def test_before_the_first_step_only_whole_channels_are_disturbed_as_many_as_asked_for(make_task):
    task = make_task()
    network = watch(ActivationNoise(top=0.2), task)["model"]
    disturbed, channels = 0, 0
    for layer, before in zip(convolutions(network).values(), convolutions(task.model).values(), strict=True):
        changed = (layer.weight != before.weight).flatten(1)
        assert (changed.all(1) == changed.any(1)).all()
        disturbed += int(changed.any(1).sum())
        channels += len(changed)
    assert disturbed == round(0.2 * channels)
    before, after = task.model.state_dict(), network.state_dict()
    kernels = {f"{name}.weight" for name in convolutions(network)}
    assert all(torch.equal(after[name], before[name]) for name in before.keys() - kernels)


def test_the_channels_are_those_most_active_for_the_forget_set_beside_the_retain_set(make_task):
    task = make_task()
    network = watch(ActivationNoise(top=0.2), task)["model"]
    forgotten = activity(task.model, task.batches(retain=False, forget=True, vary=False))
    kept = activity(task.model, task.batches(vary=False))
    chosen, others = [], []
    for name, layer in convolutions(network).items():
        changed = (layer.weight != convolutions(task.model)[name].weight).flatten(1).any(1)
        ratios = forgotten[name] / kept[name]
        chosen += ratios[changed].tolist()
        others += ratios[~changed].tolist()
    assert min(chosen) >= max(ratio for ratio in others if ratio == ratio) - 1e-4
