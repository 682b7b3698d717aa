"""A model as data: only possible specs exist, and a spec survives its file."""

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
