from types import SimpleNamespace

import pytest
import torch

from unlearning.data.faces import Batch
from unlearning.errors import InputError
from unlearning.methods.blindspot import Blindspot, Maps
from unlearning.methods.incompetent import proxy
from unlearning.models.ensemble import weights_digest


class Plain(torch.nn.Module):
    """A network whose only stage hands on what it is given."""

    def __init__(self, stage=None):
        super().__init__()
        self.backbone = torch.nn.Sequential(stage or torch.nn.Identity())
        self.backbone.feature_info = [{"module": "0"}]
        self.spec = SimpleNamespace(arch="plain")

    def forward(self, images):
        return self.backbone(images).mean((1, 2, 3))


def test_a_map_is_the_mean_of_squared_activations_of_length_one():
    """Two channels at two positions: means of squares 3 and 4, and their length is 5."""
    network = Plain()
    with Maps(network) as maps:
        network(torch.tensor([[[[1.0, 2.0]], [[5.0**0.5, 2.0]]]]))
    assert maps.take()[0].tolist() == [pytest.approx([0.6, 0.8])]


def test_channels_may_come_last():
    """As above, with positions before channels, which timm's account of the stage numbers."""
    network = Plain()
    network.backbone.feature_info[0]["num_chs"] = 2
    with Maps(network) as maps:
        network(torch.tensor([[[[1.0, 5.0**0.5]], [[2.0, 2.0]], [[0.0, 0.0]]]]))
    assert maps.take()[0].tolist() == [pytest.approx([0.6, 0.8, 0.0])]


def test_the_stages_of_a_resnet_are_its_four_and_the_stem_is_none_of_them(make_task):
    network = make_task().copy()
    with Maps(network) as maps, torch.no_grad():
        network(torch.zeros(3, 3, 32, 32, dtype=torch.uint8))
        taken = maps.take()
    assert len(taken) == 4
    assert all(len(found) == 3 for found in taken)


@pytest.fixture
def known():
    """A loss whose parts are known: the proxy says 40, and the only maps are those given."""

    def make(mine, theirs, **settings):
        asked = []

        def blind(images):
            asked.append(len(images))
            return torch.full((len(images),), 40.0)

        own, other = (SimpleNamespace(take=lambda found=found: [torch.tensor(found)]) for found in (mine, theirs))
        return lambda predicted, batch: Blindspot(**settings).loss(predicted, batch, blind, own, other), asked

    return make


def batch_of(ages, forget):
    return Batch(torch.zeros(len(ages), 3, 2, 2), torch.tensor(ages), torch.tensor(forget))


def test_the_loss_by_hand(known):
    """A quarter is forgotten: .75 * mean(5, 1, 3) + .25 * (10 + 50 * mean(.36, .04)) = 2.25 + 2.5 + 2.5."""
    loss, asked = known([[9.0, 9.0], [0.6, 0.8], [9.0, 9.0], [9.0, 9.0]], [[0.0, 1.0]])
    batch = batch_of([35.0, 20.0, 50.0, 60.0], [False, True, False, False])
    assert loss(torch.tensor([30.0, 50.0, 51.0, 57.0]), batch).item() == pytest.approx(7.25)
    assert asked == [1], "the proxy sees forgotten faces alone"


def test_a_batch_without_forgotten_faces_is_plain_training(known):
    loss, asked = known([[0.6, 0.8], [0.6, 0.8]], [[0.0, 1.0]])
    assert loss(torch.tensor([30.0, 51.0]), batch_of([35.0, 50.0], [False, False])).item() == pytest.approx(3)
    assert not asked


def test_the_proxy_never_sees_a_forgotten_face_and_learns_from_the_others(make_task):
    blind = [weights_digest(proxy(make_task(spoilt=parts), 1e-2, 1)) for parts in ((), ("forget",), ("retain",))]
    assert blind[0] == blind[1] != blind[2]


def test_the_proxy_is_no_start_of_the_retrained_reference(make_task):
    """That starts from the member's seed."""
    task = make_task()
    assert not proxy(task, 1e-12, 1).head[-1].weight.allclose(task.fresh(task.seed).head[-1].weight)


def test_a_network_without_stages_is_refused_before_anything_is_trained(make_task):
    task = make_task()
    task.model.backbone.feature_info = None
    with pytest.raises(InputError, match="timm names no stages of test_resnet"):
        Blindspot().unlearn(task)
    assert not task.meter.retain


def test_stages_without_positions_are_refused_with_what_to_choose():
    network = Plain(torch.nn.Flatten())
    with Maps(network), pytest.raises(InputError, match="plain has none; choose a convolutional network, as resnet50"):
        network.backbone(torch.ones(1, 2, 2, 2))
