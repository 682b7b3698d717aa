"""A model as data: only possible specs exist, and a spec survives its file."""

from __future__ import annotations

import json
import math

import pytest

from unlearning.errors import InputError
from unlearning.models.spec import ModelSpec

OTHER = ModelSpec("resnet10t", 64, False, "some/file.safetensors", "linear", 0.1, 0.0, 80.0, 38.5, 11.25)


@pytest.mark.parametrize("spec", [ModelSpec(), OTHER])
def test_a_spec_survives_json(spec):
    assert ModelSpec.from_dict(json.loads(json.dumps(spec.as_dict()))) == spec


def test_a_field_that_is_not_said_has_its_default():
    assert ModelSpec.from_dict({"arch": "resnet10t"}) == ModelSpec("resnet10t")


def test_a_field_of_a_newer_version_is_refused_by_name():
    with pytest.raises(InputError, match=r"unknown fields \['colour', 'heads'\]; a newer version wrote it"):
        ModelSpec.from_dict(ModelSpec().as_dict() | {"heads": 2, "colour": "grey"})


@pytest.mark.parametrize("side", [0, -48, 15, 1025])
def test_an_impossible_side_is_named_with_the_legal_ones(side):
    with pytest.raises(InputError, match=f"image_size={side} is not possible; legal: 16 to 1024 pixels"):
        ModelSpec(image_size=side)


@pytest.mark.parametrize("output", ["", "softmax", "Sigmoid"])
def test_an_unknown_output_is_named_with_the_legal_ones(output):
    with pytest.raises(InputError, match=f"output='{output}' is unknown; legal: sigmoid, linear"):
        ModelSpec(output=output)


@pytest.mark.parametrize("name", ["dropout_features", "dropout_hidden"])
@pytest.mark.parametrize("rate", [-0.1, 1.0, 50, math.nan, math.inf])
def test_what_is_no_dropout_rate_is_named(name, rate):
    with pytest.raises(InputError, match=f"{name}={rate} is not a rate"):
        ModelSpec(**{name: rate})


def test_two_sources_of_first_weights_exclude_each_other():
    with pytest.raises(InputError, match="exclude each other; give one of them"):
        ModelSpec(pretrained=True, weights="some.safetensors")
