"""First weights from a local file: what fits is taken, what does not is named, and no code in it ever runs."""

import os
import pickle
from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.torch import save_file

from unlearning.errors import InputError
from unlearning.models.build import build
from unlearning.models.ensemble import weights_digest
from unlearning.models.first_weights import file_digest, fill
from unlearning.models.timm_backbone import import_timm


@pytest.fixture(scope="module")
def published() -> dict[str, torch.Tensor]:
    """What timm saves of a classifier of ten classes."""
    with torch.random.fork_rng():
        torch.manual_seed(99)
        return import_timm().create_model("test_resnet", num_classes=10).state_dict()


@pytest.fixture
def start(spec, tmp_path):
    """Build with the given weights in a file of the given name."""

    def from_file(state, name: str = "weights.safetensors", seed: int = 0):
        path = tmp_path / name
        save_file(state, path) if path.suffix == ".safetensors" else torch.save(state, path)
        return build(replace(spec, weights=str(path)), seed)

    return from_file


def backbone_is(network, state: dict) -> bool:
    own = network.backbone.state_dict()
    return all(torch.equal(own[key], state[key]) for key in own)


def test_the_head_above_is_drawn_from_the_seed(spec, start, published):
    network, fresh = start(published, seed=5), build(spec, 5)
    assert weights_digest(network.head) == weights_digest(fresh.head)
    assert weights_digest(network.backbone) != weights_digest(fresh.backbone)
    assert weights_digest(start(published, seed=6).head) != weights_digest(fresh.head)


def test_a_file_in_our_naming_fills_backbone_and_head(spec, start):
    other = build(spec, 7)
    state = {key: value.contiguous() for key, value in other.state_dict().items()}
    assert weights_digest(start(state)) == weights_digest(other)


def under(prefix: str) -> Callable[[dict], dict]:
    return lambda state: {prefix + key: value for key, value in state.items()}


WRAPS = {
    "plain": lambda state: state,
    "state_dict": lambda state: {"epoch": 3, "state_dict": state},
    "timm": lambda state: {"state_dict": state, "args": Namespace(lr=0.1), "arch": "test_resnet", "metric": 0.7},
    "model": lambda state: {"model": state},
    "model_state_dict": lambda state: {"model_state_dict": state, "loss": 0.1},
    "module.": under("module."),
    "_orig_mod.": under("_orig_mod."),
    "_orig_mod.module.": under("_orig_mod.module."),
    "model.": lambda state: {"state_dict": under("model.")(state), "pytorch-lightning_version": "2"},
}


@pytest.mark.parametrize("wrap", WRAPS.values(), ids=WRAPS)
def test_a_file_that_torch_saved_from_tensors_alone_is_read(start, published, wrap):
    assert backbone_is(start(wrap(published), "checkpoint.pth.tar"), published)


@pytest.mark.parametrize("name", ["state_dict_ema", "model_ema"])
def test_averaged_weights_are_taken_before_others_and_that_is_told(spec, published, tmp_path, name):
    averaged = {key: value + 1 if value.is_floating_point() else value for key, value in published.items()}
    torch.save({"state_dict": published, "model": published, name: averaged}, tmp_path / "w.pth.tar")
    network = build(spec, 0)
    assert fill(network, replace(spec, weights=str(tmp_path / "w.pth.tar"))) == name
    assert backbone_is(network, averaged)


@pytest.mark.parametrize("name", ["w.pth", "w"])
def test_safetensors_are_known_by_their_content(spec, published, tmp_path, name):
    save_file(published, tmp_path / name)
    assert backbone_is(build(replace(spec, weights=str(tmp_path / name)), 0), published)


def test_a_tilde_is_ones_home(spec, published, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    torch.save(published, tmp_path / "w.pth")
    assert backbone_is(build(replace(spec, weights="~/w.pth"), 0), published)
    assert file_digest("~/w.pth") == file_digest(str(tmp_path / "w.pth"))


@pytest.mark.parametrize("spoilt", [torch.nan, torch.inf])
def test_numbers_that_are_not_finite_are_refused_by_the_name_of_the_weight(start, published, spoilt):
    one = published["bn1.weight"].clone()
    one[3] = spoilt
    with pytest.raises(InputError, match=r"^1 of the \d+ weights of .* not finite, backbone\.bn1\.weight the first"):
        start(published | {"bn1.weight": one})


@pytest.mark.parametrize("name", ["w.safetensors", "w.pth"])
def test_a_git_lfs_pointer_is_told_with_the_command_that_fetches_the_file(spec, tmp_path, name):
    (tmp_path / name).write_text(f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 94\n")
    with pytest.raises(InputError, match=rf"{name} is a Git LFS pointer and not the weights; .*: git lfs pull$"):
        build(replace(spec, weights=str(tmp_path / name)), 0)


def test_weights_of_half_precision_become_float32_and_counts_of_batches_may_be_missing(start, published):
    network = start({key: value.half() for key, value in published.items() if value.is_floating_point()})
    assert {p.dtype for p in network.parameters()} == {torch.float32}


def test_what_does_not_fit_is_named_and_of_many_faults_five_and_the_rest_counted(start, published):
    (own,) = published["bn1.weight"].shape
    neck = [rf"backbone\.neck\.{number} is not in the network" for number in range(5)]
    for state, words in (
        ({key: value for key, value in published.items() if key != "bn1.weight"}, r"backbone\.bn1\.weight is missing"),
        (published | {"neck.weight": torch.zeros(2)}, r"backbone\.neck\.weight is not in the network"),
        (published | {"bn1.weight": torch.zeros(3)}, rf"backbone\.bn1\.weight has shape \(3,\), not \({own},\)"),
        (published | {f"neck.{number}": torch.zeros(1) for number in range(8)}, "; ".join(neck) + " and 3 more"),
    ):
        with pytest.raises(InputError, match=rf"do not fit test_resnet: {words}$"):
            start(state)


class Trap:
    """Unpickling it makes a file."""

    def __init__(self, file: Path):
        self.file = file

    def __reduce__(self):
        return os.mkdir, (str(self.file),)


def dump(trap, path: Path, protocol: int = 2) -> None:
    path.write_bytes(pickle.dumps(trap, protocol))


@pytest.mark.parametrize("write", [dump, partial(dump, protocol=4), torch.save])
@pytest.mark.parametrize("name", ["weights.pth", "weights.safetensors"])
@pytest.mark.parametrize("wrap", [lambda trap: trap, lambda trap: {"state_dict": {"bn1.weight": trap}}])
def test_code_in_a_file_is_refused_and_does_not_run(spec, tmp_path, write, name, wrap):
    trapped = tmp_path / "trapped"
    write(wrap(Trap(trapped)), tmp_path / name)
    with pytest.raises(InputError, match=r"holds more than tensors, so it is not loaded|cannot be read"):
        build(replace(spec, weights=str(tmp_path / name)), 0)
    assert not trapped.exists()


def test_a_file_without_named_tensors_is_refused(start):
    nested = {"epoch": 3, "network": {"conv1.0.weight": torch.zeros(3)}}
    tensor = torch.zeros(3)
    for content in (None, tensor, [tensor], {1: tensor}, {"state_dict": None}, {"conv1.0.weight": 3}, nested):
        with pytest.raises(InputError, match=r"the weights file .* holds no named tensors"):
            start(content, "weights.pth")


def test_a_missing_file_and_a_folder_are_no_weights(spec, tmp_path):
    for path, what in ((tmp_path / "nowhere.safetensors", "does not exist"), (tmp_path, "is a folder")):
        with pytest.raises(InputError, match=rf"{path} {what}; give a safetensors or timm file with -P weights=FILE"):
            build(replace(spec, weights=str(path)), 0)


@settings(derandomize=True, max_examples=15, deadline=None)
@given(st.sampled_from(["w.safetensors", "w.pth"]), st.binary(max_size=60))
def test_random_bytes_are_refused(spec, workplace, name, content):
    path = workplace / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"weights file .* (cannot be read|holds more than tensors|is a Git LFS pointer)"):
        build(replace(spec, weights=str(path)), 0)


@pytest.mark.parametrize("name", ["w.safetensors", "w.pth"])
@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_a_file_that_is_cut_off_is_refused(start, spec, published, tmp_path, name, share):
    start(published, name)
    path = tmp_path / name
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(InputError, match=r"cannot be read|holds more than tensors"):
        build(replace(spec, weights=str(path)), 0)
