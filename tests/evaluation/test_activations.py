"""Features: the batched account against whole matrices, and what it must not see."""

import copy
import math

import numpy as np
import pytest
import torch

from unlearning.errors import InputError
from unlearning.evaluation.on_models import activations
from unlearning.evaluation.on_models.activations import Moments, likeness
from unlearning.models.blocks import stages
from unlearning.models.build import build
from unlearning.models.ensemble import weights_digest
from unlearning.models.spec import ModelSpec


@pytest.fixture(scope="module")
def networks(spec):
    return build(spec, seed=0).eval(), build(spec, seed=1).eval()


def table(rows, columns, seed=0):
    return torch.from_numpy(np.random.default_rng(seed).normal(3, 1, (rows, columns)))


def linear_cka(first, second):
    moments = Moments()
    moments.add(first, second)
    return moments.cka()


def gram_cka(first, second):
    """Linear CKA by the other formula: the products of all pairs of rows, each centred as a whole."""
    count = len(first)
    centre = np.eye(count) - np.full((count, count), 1 / count)
    one, other = (centre @ (x @ x.T).numpy() @ centre for x in (first, second))
    return (one * other).sum() / math.sqrt((one**2).sum() * (other**2).sum())


def test_cka_is_what_the_whole_matrix_of_pairs_gives_and_by_hand():
    first, second = table(40, 7), table(40, 5, seed=1) + table(40, 7)[:, :5]
    assert linear_cka(first, second) == pytest.approx(gram_cka(first, second), abs=1e-12)
    assert 0 < linear_cka(first, second) < 1
    # Columns (1, -1, 0, 0) and (1, 1, -1, -1) are orthogonal; the first beside their sum: 2^2 / (2 * 6).
    one, other = torch.tensor([[1.0], [-1], [0], [0]]), torch.tensor([[1.0], [1], [-1], [-1]])
    assert linear_cka(one, other) == 0
    assert linear_cka(one, one + other) == pytest.approx(1 / 3)


def test_features_are_like_themselves_turned_moved_and_scaled():
    features = table(50, 6)
    turn, _ = torch.linalg.qr(table(6, 6, seed=1))
    assert linear_cka(features, features) == pytest.approx(1)
    assert linear_cka(features, -3 * features @ turn + 100) == pytest.approx(1)
    other = table(50, 4, seed=2)
    assert linear_cka(features @ turn * 5 - 7, other) == pytest.approx(linear_cka(features, other))
    assert linear_cka(other, features) == pytest.approx(linear_cka(features, other))


@pytest.mark.parametrize("features", [torch.ones(9, 3) / 3, torch.empty(0, 3)])
def test_features_without_any_spread_are_like_nothing(features):
    assert math.isnan(linear_cka(features, table(len(features), 4)))


def test_parts_of_different_size_give_what_the_whole_gives():
    """The mean is over all rows: with means of parts a part that lies elsewhere would not count."""
    first, second = table(30, 4), table(30, 4, seed=1)
    first[20:] += 50
    second[20:] += 50
    moments = Moments()
    for part in (slice(0, 20), slice(20, 29), slice(29, 30)):
        moments.add(first[part], second[part])
    assert moments.cka() == pytest.approx(linear_cka(first, second))
    assert moments.cka() > 0.9
    assert linear_cka(first[:20], second[:20]) < 0.5


def whole(network, faces):
    """All features of some faces at once: of the last hidden layer, and of every stage, one row a position."""
    seen = {}
    images = faces.images(torch.arange(len(faces))).permute(0, 3, 1, 2)
    with torch.inference_mode():
        features = (images - network.mean) / network.std
        for name, module in network.backbone.named_children():
            if name in ("global_pool", "fc"):
                break
            features = module(features)
            seen[name] = features.permute(0, 2, 3, 1).flatten(0, 2).double()
        seen["head"] = network.head[:-1](network.backbone((images - network.mean) / network.std)).double()
    return seen


def test_the_likeness_of_two_networks_is_that_of_their_whole_features(networks, faces, monkeypatch):
    monkeypatch.setattr(activations, "BATCH", 48)
    some = faces.part("train")
    found, (first, second) = likeness(*networks, some), (whole(network, some) for network in networks)
    assert found.distance == pytest.approx((first["head"] - second["head"]).norm(dim=1).mean().item(), rel=1e-5)
    assert list(found.cka) == list(stages(networks[0]))
    for name, value in found.cka.items():
        assert value == pytest.approx(linear_cka(first[name], second[name]), rel=1e-5), name


def test_an_order_of_the_hidden_units_changes_the_distance_and_not_the_answers(networks, faces):
    """Two trainings order their units differently: that is why the distance needs the retrained models' beside it."""
    network = copy.deepcopy(networks[0])
    with torch.no_grad():
        for weight in (network.head[5].weight, network.head[5].bias):
            weight.copy_(weight.flip(0))
        network.head[7].weight.copy_(network.head[7].weight.flip(1))
    found = likeness(networks[0], network, faces.part("test"))
    assert found.distance > 0
    assert list(found.cka.values()) == pytest.approx([1] * 5)


def test_networks_stay_as_they_are(spec, faces):
    network, other = build(spec, seed=0).train(), build(spec, seed=1).eval()
    before = weights_digest(network), weights_digest(other)
    hooks = [len(module._forward_hooks) + len(module._forward_pre_hooks) for module in network.modules()]
    likeness(network, other, faces.part("test"))
    assert (weights_digest(network), weights_digest(other)) == before
    assert [len(module._forward_hooks) + len(module._forward_pre_hooks) for module in network.modules()] == hooks
    assert all(module.training for module in network.modules())
    assert not any(module.training for module in other.modules())


def test_dropout_and_batch_statistics_are_those_of_evaluation(spec, networks, faces):
    training = copy.deepcopy(networks[0]).train()
    assert likeness(training, networks[1], faces.part("test")) == likeness(*networks, faces.part("test"))


def test_without_a_face_nothing_is_known(networks, faces):
    found = likeness(*networks, faces.where([False] * len(faces)))
    assert math.isnan(found.distance)
    assert all(math.isnan(value) for value in found.cka.values())


def test_networks_of_two_architectures_are_refused(networks, faces):
    other = build(ModelSpec("test_efficientnet", 32), seed=0)
    with pytest.raises(InputError, match="test_resnet and test_efficientnet"):
        likeness(networks[0], other, faces)
