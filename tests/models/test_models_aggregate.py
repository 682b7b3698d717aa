"""Many ages become one, and old files mean the mean."""

import json

import pytest
import torch

from unlearning.errors import InputError
from unlearning.models.aggregate import Aggregate
from unlearning.models.build import build
from unlearning.models.ensemble import load_model, save_member, save_spec

AGES = torch.tensor([[20.0, 30.0, 70.0], [40.0, 10.0, 40.0]])


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [
        (Aggregate(), [40, 30]),
        (Aggregate("median"), [30, 40]),
        (Aggregate("mean", (2,)), [25, 25]),
        (Aggregate("median", (2,)), [25, 25]),
        (Aggregate("median", (0, 1)), [70, 40]),
    ],
)
def test_mean_and_median_of_the_members_that_take_part(aggregate, expected):
    assert aggregate(AGES).tolist() == expected


def test_the_median_of_four_is_the_mean_of_the_middle_two_and_another_aggregate_is_refused():
    assert Aggregate("median")(torch.tensor([[1.0, 100.0, 3.0, 5.0]])).tolist() == [4.0]
    with pytest.raises(InputError, match="aggregate='mode' is unknown; legal: mean, median"):
        Aggregate("mode")


@pytest.fixture
def folder(spec, tmp_path):
    for index in (0, 1):
        save_member(build(spec, index), tmp_path, index)
    save_spec(tmp_path, spec, (0, 1), {}, Aggregate("median", (1,)))
    return tmp_path


def rewrite(folder, **changes):
    content = json.loads((folder / "spec.json").read_text()) | changes | {"sha256": None}
    (folder / "spec.json").write_text(json.dumps({name: value for name, value in content.items() if value is not None}))


def test_the_aggregate_is_saved_with_the_model_and_a_file_that_says_nothing_means_the_mean_of_all(folder):
    assert load_model(folder).aggregate == Aggregate("median", (1,))
    rewrite(folder, aggregate=None)
    assert load_model(folder).aggregate == Aggregate("mean", ())


@pytest.mark.parametrize("content", [{"by": "mode"}, {"by": "mean", "without": [0, 1]}, {"voters": 3}, [], {"without": 7}])
def test_an_aggregate_that_cannot_be_is_refused(folder, content):
    rewrite(folder, aggregate=content)
    with pytest.raises(InputError, match=r"damaged|unknown"):
        load_model(folder)
