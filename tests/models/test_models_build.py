"""Building: the same spec and seed give the same network, with the study's head on timm's backbone."""

from __future__ import annotations

import math
from dataclasses import replace

import huggingface_hub.constants
import pytest
import torch
from torch import nn

from unlearning.errors import InputError
from unlearning.models.build import build
from unlearning.models.ensemble import weights_digest
from unlearning.models.timm_backbone import create_backbone, import_timm


def pictures(count: int = 4, side: int = 32) -> torch.Tensor:
    return torch.randint(0, 256, (count, 3, side, side), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def answer(network: nn.Module, raw: float) -> None:
    """Let the head's last layer say ``raw`` whatever it sees."""
    nn.init.zeros_(network.head[-1].weight)
    nn.init.constant_(network.head[-1].bias, raw)


def test_the_same_spec_and_seed_build_the_same_weights(spec):
    assert weights_digest(build(spec, 3)) == weights_digest(build(spec, 3))


def test_another_seed_builds_other_weights(spec):
    assert len({weights_digest(build(spec, seed)) for seed in range(3)}) == 3


def test_building_leaves_the_global_random_state_alone(spec):
    before = torch.random.get_rng_state()
    build(spec, 3)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_the_random_state_before_does_not_matter(spec):
    first = weights_digest(build(spec, 3))
    torch.rand(7)
    assert weights_digest(build(spec, 3)) == first


def test_the_head_is_the_studys(spec):
    layers = list(build(spec, 0).head)
    kinds = [nn.Linear, nn.Dropout, nn.Linear, nn.ReLU, nn.Dropout, nn.Linear, nn.ReLU, nn.Linear]
    assert [type(layer) for layer in layers] == kinds
    assert [layer.out_features for layer in layers if isinstance(layer, nn.Linear)] == [512, 256, 128, 1]
    assert [layer.in_features for layer in layers if isinstance(layer, nn.Linear)][1:] == [512, 256, 128]
    assert [layer.p for layer in layers if isinstance(layer, nn.Dropout)] == [0.5, 0.2]


def test_the_spec_sets_the_rates_of_dropout(spec):
    head = build(replace(spec, dropout_features=0.3, dropout_hidden=0.0), 0).head
    assert [layer.p for layer in head if isinstance(layer, nn.Dropout)] == [0.3, 0.0]


def test_one_age_in_years_comes_out_for_every_picture(spec):
    ages = build(spec, 0).eval()(pictures(5))
    assert (ages.shape, ages.dtype) == ((5,), torch.float32)


@pytest.mark.parametrize("side", [16, 32, 50])
def test_a_sigmoid_gives_ages_from_0_to_60(spec, side):
    network = build(replace(spec, image_size=side), 0).eval()
    ages = network(pictures(8, side))
    assert 0 < ages.min() <= ages.max() < 60


@pytest.mark.parametrize(("raw", "age"), [(0, 30), (math.log(3), 45), (-math.log(3), 15), (-200, 0), (200, 60)])
def test_a_sigmoid_is_a_share_of_60_years(spec, raw, age):
    network = build(spec, 0).eval()
    answer(network, raw)
    assert network(pictures()).tolist() == pytest.approx([age] * 4, abs=1e-4)


@pytest.mark.parametrize(("raw", "age"), [(0, 38), (1, 48), (-2, 18), (5, 88)])
def test_a_linear_output_is_a_standardised_age(spec, raw, age):
    network = build(replace(spec, output="linear", age_mean=38.0, age_std=10.0), 0).eval()
    answer(network, raw)
    assert network(pictures()).tolist() == pytest.approx([age] * 4, abs=1e-4)


@pytest.mark.parametrize(
    ("arch", "black", "white"),
    [
        ("test_resnet", (-1, -1, -1), (1, 1, 1)),  # mean .5, std .5
        ("resnet10t", (-0.485 / 0.229, -0.456 / 0.224, -0.406 / 0.225), (0.515 / 0.229, 0.544 / 0.224, 0.594 / 0.225)),
    ],
)
def test_pixels_are_normalised_as_in_the_backbones_pretraining(spec, arch, black, white):
    network, seen = build(replace(spec, arch=arch), 0).eval(), []
    network.backbone.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0]))
    network(torch.stack([torch.full((3, 32, 32), level, dtype=torch.uint8) for level in (0, 255)]))
    assert seen[0][0, :, 5, 5].tolist() == pytest.approx(black, abs=1e-5)
    assert seen[0][1, :, 5, 5].tolist() == pytest.approx(white, abs=1e-5)


def test_the_normalisation_is_no_weight(spec):
    assert all(name.startswith(("backbone.", "head.")) for name in build(spec, 0).state_dict())


def test_the_head_answers_in_float32_under_autocast(spec):
    network = build(spec, 0).eval()
    answer(network, math.log(40.1 / 19.9))  # 40.1 years, which bfloat16 would round to 40
    with torch.autocast("cpu", torch.bfloat16):
        ages = network(pictures())
    assert ages.dtype == torch.float32
    assert ages.tolist() == pytest.approx([40.1] * 4, abs=1e-3)


def test_the_network_is_channels_last(spec):
    weight = next(p for p in build(spec, 0).parameters() if p.dim() == 4 and p.shape[2] > 1)
    assert weight.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(("wrong", "near"), [("resnet-50", "resnet50"), ("test_resnett", "test_resnet")])
def test_an_unknown_arch_is_answered_with_a_near_name(spec, wrong, near):
    with pytest.raises(InputError, match=rf"unknown arch '{wrong}' \(did you mean '{near}'\?\); legal: any name of timm"):
        build(replace(spec, arch=wrong), 0)


def test_an_arch_like_no_other_is_answered_with_an_example(spec):
    with pytest.raises(InputError, match=r"unknown arch '~'; legal: any name of timm.list_models\(\), for example resnet50"):
        build(replace(spec, arch="~"), 0)


def test_weights_that_cannot_be_fetched_are_answered_with_the_two_ways_on(spec, monkeypatch, tmp_path):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match=r"weights for 'test_resnet' .*-P weights=FILE, .*-P pretrained=false"):
        build(replace(spec, pretrained=True), 0)


def test_timm_can_be_imported_and_knows_the_studys_network():
    assert import_timm().is_model("resnet50")
    assert import_timm() is import_timm()


def test_a_backbone_gives_features_and_has_no_classifier():
    backbone, features = create_backbone("test_resnet", False, 32)
    assert backbone.eval()(torch.zeros(2, 3, 32, 32)).shape == (2, features)


@pytest.mark.parametrize("arch", ["test_resnet", "resnet50"])
def test_weights_are_those_that_timm_and_the_head_draw_from_the_seed_and_nothing_draws_between(spec, arch):
    with torch.random.fork_rng():
        torch.manual_seed(3)
        backbone = import_timm().create_model(arch, num_classes=0)
        first = nn.Linear(backbone.num_features, 512)
    network = build(replace(spec, arch=arch), 3)
    assert weights_digest(network.backbone) == weights_digest(backbone)
    assert weights_digest(network.head[0]) == weights_digest(first)


def test_a_network_of_one_size_is_made_for_the_size_that_is_asked_for_and_keeps_nothing_between_weights(spec):
    """levit_128s is of 224 px; in eval mode its layers kept positions that they had read from their weights."""
    network, seen = build(replace(spec, arch="levit_128s"), 0).eval(), pictures(3)
    before = network(seen)
    with torch.no_grad():
        for name, weight in network.named_parameters():
            if name.endswith("attention_biases"):
                weight.copy_(torch.arange(weight.numel()).view_as(weight))
    assert before.shape == (3,)
    assert (network(seen) - before).abs().max() > 1e-6


@pytest.mark.parametrize(("arch", "legal"), [("inception_v3", 96), ("dla34", 64)])
def test_a_size_that_a_network_cannot_take_is_answered_with_the_nearest_legal_one(spec, arch, legal):
    with pytest.raises(InputError, match=rf"{arch} cannot take pictures of 50 pixels \(.+\); .* -P image_size={legal}$"):
        build(replace(spec, arch=arch, image_size=50), 0)
