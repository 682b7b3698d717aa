"""Every method that makes passes does on two devices what it does on one."""

import pickle
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from test_method_conformance import PASSES

from pair import in_two_processes
from unlearning.models.build import build
from unlearning.models.ensemble import weights_digest
from unlearning.training import group
from unlearning.training.checkpoint import Checkpoints
from unlearning.training.predict import predict

METHODS = {name: method for name, method in PASSES.items() if name != "blindspot"}  # it says itself that it works on one

pytestmark = pytest.mark.slow


def unlearn(method, task, path: Path) -> None:
    """Do it, and leave the digest of the weights, and what the network says of everybody."""
    fabric = group.make_fabric("32-true")
    network = method().unlearn(replace(task, fabric=fabric, checkpoints=Checkpoints(fabric=fabric)))
    said = [predict(network, faces).numpy() for faces in (task.retain, task.forget)]
    path.with_suffix(f".{fabric.global_rank}").write_bytes(pickle.dumps((weights_digest(network), np.concatenate(said))))


def unlearn_by_all(methods: dict, task, folder: Path) -> None:
    for name, method in methods.items():
        unlearn(method, task, folder / name)


def test_a_method_makes_of_a_network_on_two_devices_what_it_makes_on_one(make_task, tmp_path):
    """A vision transformer without dropout: nothing in it is drawn or counted in a share of a batch."""
    spec = replace(make_task.spec, arch="test_vit", dropout_features=0.0, dropout_hidden=0.0)
    task = replace(make_task, spec=spec, original=build(spec, seed=0).eval())(epochs=1).silent()
    in_two_processes(partial(unlearn_by_all, METHODS, task, tmp_path), tmp_path)
    apart = {}
    for name, method in METHODS.items():
        (first, said), (second, _) = (pickle.loads((tmp_path / f"{name}.{rank}").read_bytes()) for rank in (0, 1))
        unlearn(method, task, tmp_path / "alone")
        _, alone = pickle.loads((tmp_path / "alone.0").read_bytes())
        assert first == second, name
        apart[name] = float(np.abs(said - alone).mean())
    assert max(apart.values()) < 0.01, apart
