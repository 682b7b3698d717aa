"""Where every method works: other networks, outputs, optimisers and precisions, and forget sets of any size."""

from dataclasses import replace
from itertools import product

import pytest
import torch
from test_method_conformance import runs

from backbones import KINDS, each_kind
from unlearning.data.faces import FaceSet
from unlearning.methods import METHODS
from unlearning.methods.last_blocks import LastBlocksAnew
from unlearning.models.blocks import blocks
from unlearning.models.build import build
from unlearning.models.spec import ModelSpec
from unlearning.training.precision import make_fabric
from unlearning.training.predict import predict


def check(method, task):
    """The method gives another network with finite weights, or at least other statistics, and leaves the model."""
    before = {name: value.clone() for name, value in task.model.state_dict().items()}
    network = method().unlearn(task)
    after = network.state_dict()
    assert all(torch.equal(value, before[name]) for name, value in task.model.state_dict().items())
    assert all(torch.isfinite(value).all() for value in after.values())
    assert any(not torch.equal(after[name], before[name]) for name in before)
    return network


@pytest.fixture
def few(make_task):
    """Eight faces: four to train on, one to validate with, and three to forget, one of them for validation."""
    task, frame = make_task(), make_task.faces.frame
    parts = [faces.part(part).frame.id for faces in (task.retain, task.forget) for part in ("train", "validation")]
    chosen = {name for ids, count in zip(parts, (4, 1, 2, 1), strict=True) for name in ids[:count]}
    return FaceSet(frame[frame.id.isin(chosen)], make_task.faces.pixels)


LINEAR = ModelSpec("resnet10t", 32, output="linear")


@pytest.fixture(scope="module")
def linear():
    return build(LINEAR, seed=0).eval()


@runs
def test_another_network_output_optimizer_and_precision_are_no_obstacle(method, make_task, few, linear):
    recipe = replace(make_task.recipe, optimizer="sgd", lr=1e-4, schedule="constant", epochs=1, precision="bf16-mixed")
    maker = replace(make_task, faces=few, spec=LINEAR, original=linear, recipe=recipe, fabric=make_fabric("bf16-mixed"))
    check(method, maker())


@pytest.mark.parametrize(("name", "arch"), [*product(("reset", "ssd"), KINDS.values()), ("reset", "resnet50")])
def test_networks_of_every_kind_forget(name, make_task, few, arch):
    """One that trains, after layers were drawn anew, and one that looks at gradients; euk is tried on them below."""
    spec = ModelSpec(arch, 32)
    check(METHODS[name], replace(make_task, faces=few, spec=spec, original=build(spec, seed=0).eval())())


@each_kind
def test_blocks_that_are_drawn_anew_keep_no_weight_of_the_model_and_the_others_stay(make_task, few, arch):
    """Also scales of layers, positions and tokens, which are weights of no layer that PyTorch knows."""
    spec = ModelSpec(arch, 32)
    original = build(spec, seed=0).eval()
    with torch.no_grad():
        for weight in original.parameters():
            weight.mul_(1.01).add_(0.002)
    network = LastBlocksAnew(lr=1e-12, k=1).unlearn(replace(make_task, faces=few, spec=spec, original=original)())
    anew = {id(weight) for piece in blocks(network)[-2:] for part in piece for weight in part.parameters()}
    for own, old in zip(network.parameters(), original.parameters(), strict=True):
        moved = (own - old).abs().median() > 5e-4
        assert moved if id(own) in anew else torch.equal(own, old)


@runs
def test_a_single_face_can_be_forgotten(method, make_task):
    task = make_task()
    alone = task.forget.part("train")
    check(method, replace(task, forget=alone.where(alone.frame.index == 0)))


@runs
def test_nine_faces_of_ten_can_be_forgotten(method, make_task):
    task, frame = make_task(), make_task.faces.frame
    kept = task.retain.part("train").frame.id[: len(frame) // 20]
    retain = task.retain.where(task.retain.frame.id.isin(kept) | (task.retain.frame.split == "validation"))
    gone = frame.id.isin([*task.forget.frame.id, *task.retain.part("train").frame.id]) & ~frame.id.isin(kept)
    assert len(retain.part("train")) < 0.1 * gone.sum()
    network = check(method, replace(task, retain=retain, forget=make_task.faces.where(gone)))
    assert predict(network, make_task.faces).abs().max() < 1000, "no absurd years"
