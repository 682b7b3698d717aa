"""Two processes that train one network do what one device does."""

import pickle
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

from pair import in_two_processes
from unlearning.data.faces import Batches
from unlearning.errors import InputError
from unlearning.models.build import build
from unlearning.models.ensemble import weights_digest
from unlearning.training import group
from unlearning.training.fit import fit


def losses_of(make, path: Path) -> None:
    """Train, and leave the loss of every step and the digest of the weights in a file for each process."""
    network, batches, recipe, penalty = make()
    random, seen = torch.Generator().manual_seed(0), []

    def loss(predicted, batch):
        labels = torch.where(batch.forget, 60 * torch.rand(len(batch.ages), generator=random), batch.ages)
        weights = sum(weight.abs().sum() for weight in network.parameters())
        value = (predicted - labels).abs().mean() + penalty * weights + predicted[batch.forget].sum().square() / 1e4
        seen.append(value.item())
        return value

    fabric = group.make_fabric("32-true")
    fit(fabric, network, batches, loss, recipe, seed=0)
    path.with_suffix(f".{fabric.global_rank}").write_bytes(pickle.dumps((seen, weights_digest(network))))


def make(spec, recipe, retain, forget):
    """A network, and batches of both sets whose shares differ: 15 faces, 7 and 8."""
    batches = Batches(retain, forget, 15, recipe.flip, recipe.shift, 0)
    return build(spec, seed=0), batches, recipe, 1e-4


def train_each(works: dict, folder: Path) -> None:
    for name, work in works.items():
        losses_of(work, folder / name)


@pytest.mark.slow  # two processes that each import PyTorch
def test_the_losses_of_two_processes_are_those_of_one_device(spec, recipe, faces, tmp_path):
    """The loss holds random labels, a penalty on weights and a term across faces; shares of a batch are 7 and 8 faces.

    A batch norm takes its statistics from a share, so a network with some agrees among the processes only. So does dropout,
    whose masks are drawn for a share: there is none here.
    """
    train = faces.part("train")
    old = train.frame.age.to_numpy() > 50
    still = {"dropout_features": 0.0, "dropout_hidden": 0.0}
    shown = replace(recipe, epochs=1), train.where(~old), train.where(old)
    works = {arch: partial(make, replace(spec, arch=arch, **still), *shown) for arch in ("test_vit", "test_resnet")}
    in_two_processes(partial(train_each, works, tmp_path), tmp_path)
    losses_of(works["test_vit"], tmp_path / "alone")
    told = {path.name: pickle.loads(path.read_bytes()) for path in tmp_path.glob("*.[01]")}
    assert all(told[f"{arch}.0"] == told[f"{arch}.1"] for arch in works)
    assert told["test_vit.0"][0] == pytest.approx(told["alone.0"][0], rel=1e-5)


def test_batch_norms_over_processes_need_a_gpu(monkeypatch):
    monkeypatch.setenv(group.SYNC, "true")
    if torch.cuda.is_available():
        pytest.skip("there is one")
    with pytest.raises(InputError, match=r"sync_batchnorm=true needs GPUs"), group.together():
        pass
