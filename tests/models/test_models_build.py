"""A model as data, and building: the same spec and seed give the same network, with the study's head on timm's backbone."""

import json
import math
from dataclasses import replace

import huggingface_hub.constants
import pytest
import torch
from torch import nn

from made import small
from unlearning.data.settings import DataSettings
from unlearning.errors import InputError
from unlearning.models import timm_backbone
from unlearning.models.build import build
from unlearning.models.ensemble import weights_digest
from unlearning.models.spec import ModelSpec
from unlearning.models.timm_backbone import import_timm
from unlearning.steps.train import training_of


def pictures(count: int = 4, side: int = 32) -> torch.Tensor:
    return torch.randint(0, 256, (count, 3, side, side), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_a_network_is_shown_a_picture_once_to_learn_how_wide_it_is(monkeypatch):
    first = build(ModelSpec("test_resnet", 40), 3)
    monkeypatch.setattr(timm_backbone, "_features", None)
    assert weights_digest(build(ModelSpec("test_resnet", 40), 3)) == weights_digest(first)


def answer(network: nn.Module, raw: float) -> None:
    """Let the head's last layer say ``raw`` whatever it sees."""
    nn.init.zeros_(network.head[-1].weight)
    nn.init.constant_(network.head[-1].bias, raw)


def test_the_head_is_the_studys(spec):
    layers = list(build(spec, 0).head)
    kinds = [nn.Linear, nn.Dropout, nn.Linear, nn.ReLU, nn.Dropout, nn.Linear, nn.ReLU, nn.Linear]
    assert [type(layer) for layer in layers] == kinds
    assert [layer.out_features for layer in layers if isinstance(layer, nn.Linear)] == [512, 256, 128, 1]
    assert [layer.in_features for layer in layers if isinstance(layer, nn.Linear)][1:] == [512, 256, 128]
    assert [layer.p for layer in layers if isinstance(layer, nn.Dropout)] == [0.5, 0.2]


@pytest.mark.parametrize(("raw", "age"), [(0, 30), (math.log(3), 45), (-math.log(3), 15), (-200, 0), (200, 60)])
def test_a_sigmoid_is_a_share_of_60_years(spec, raw, age):
    network = build(spec, 0).eval()
    answer(network, raw)
    assert network(pictures()).tolist() == pytest.approx([age] * 4, abs=1e-4)


@pytest.mark.parametrize(("asked", "answered"), [(60, 60.0), (50, 60.0), (80, 80.0)])
def test_the_sigmoid_of_a_new_model_reaches_every_age_that_is_asked_for(data, asked, answered):
    """Else a face of 75 would be wrong by 15 years in every model, whoever has forgotten it."""
    assert training_of(small(data=DataSettings(drawn_faces=160, max_age=asked)), data).spec.max_age == answered


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


def test_an_unknown_arch_is_answered_with_a_near_name_or_an_example(spec):
    for wrong, near in (("resnet-50", "resnet50"), ("test_resnett", "test_resnet")):
        with pytest.raises(InputError, match=rf"unknown arch '{wrong}' \(did you mean '{near}'\?\); legal: any name of timm"):
            build(replace(spec, arch=wrong), 0)
    with pytest.raises(InputError, match=r"unknown arch '~'; legal: any name of timm.list_models\(\), for example resnet50"):
        build(replace(spec, arch="~"), 0)


def test_weights_that_cannot_be_fetched_are_answered_with_the_two_ways_on(spec, monkeypatch, tmp_path):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(InputError, match=r"weights for 'test_resnet' .*-P weights=FILE, .*-P pretrained=false"):
        build(replace(spec, pretrained=True), 0)


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


OTHER = ModelSpec("resnet10t", 64, False, "some/file.safetensors", "linear", 0.1, 0.0, 80.0, 38.5, 11.25)


@pytest.mark.parametrize("spec", [ModelSpec(), OTHER])
def test_a_spec_survives_json(spec):
    assert ModelSpec.from_dict(json.loads(json.dumps(spec.as_dict()))) == spec


def test_a_field_that_is_not_said_has_its_default_and_one_of_a_newer_version_is_refused_by_name():
    assert ModelSpec.from_dict({"arch": "resnet10t"}) == ModelSpec("resnet10t")
    with pytest.raises(InputError, match=r"unknown fields \['colour', 'heads'\]; a newer version wrote it"):
        ModelSpec.from_dict(ModelSpec().as_dict() | {"heads": 2, "colour": "grey"})


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("image_size", (0, -48, 15, 1025), "={!r} is not possible; legal: 16 to 1024 pixels"),
        ("output", ("", "softmax", "Sigmoid"), "={!r} is unknown; legal: sigmoid, linear"),
        ("dropout_features", (-0.1, 1.0, 50, math.nan, math.inf), "={!r} is not a rate"),
        ("dropout_hidden", (-0.1, 1.0, 50, math.nan, math.inf), "={!r} is not a rate"),
    ],
)
def test_what_is_not_possible_is_named_with_what_is(name, values, words):
    for value in values:
        with pytest.raises(InputError, match=name + words.format(value)):
            ModelSpec(**{name: value})
    with pytest.raises(InputError, match="exclude each other; give one of them"):
        ModelSpec(pretrained=True, weights="some.safetensors")
