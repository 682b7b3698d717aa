"""What becomes of an ensemble in an ONNX file."""

from dataclasses import replace

import onnx
import pytest
import torch

from unlearning.errors import InputError
from unlearning.models import onnx_file
from unlearning.models.aggregate import Aggregate
from unlearning.models.build import build
from unlearning.models.ensemble import Ensemble
from unlearning.models.onnx_file import TOLERANCE, difference, to_onnx


@pytest.fixture
def ensemble(spec) -> Ensemble:
    """Four members of which one takes no part; their ages are far from each other, and their median is not their mean."""
    spec = replace(spec, output="linear", age_mean=35.0, age_std=9.0)
    members = tuple(build(spec, seed).eval() for seed in range(4))
    with torch.no_grad():
        for number, member in enumerate(members):
            member.head[-1].weight.mul_(50 * (number + 1) ** 2)
    return Ensemble(spec, (0, 1, 2, 3), members, Aggregate("median", without=(1,)))


@pytest.mark.slow
def test_the_file_gives_the_ages_of_the_ensemble_whatever_its_output_and_its_aggregate(ensemble):
    file = to_onnx(ensemble, {"version": "age/1"})
    assert difference(file, ensemble) <= TOLERANCE
    assert difference(file, replace(ensemble, aggregate=Aggregate("mean"))) > 0.1, "any file would do"
    model = onnx.load_from_string(file)
    assert {one.key: one.value for one in model.metadata_props} == {"version": "age/1"}
    assert b".py" not in file, "PyTorch notes the places of its sources, and of ours"


def test_what_does_not_fit_into_one_file_is_refused_before_it_is_written(ensemble, monkeypatch):
    monkeypatch.setattr(onnx_file, "MOST_BYTES", 1_000_000)
    with pytest.raises(InputError, match=r"the weights take 0\.0 GB"):
        to_onnx(ensemble, {})
