"""First weights from a local file, as people have them: safetensors, or what torch, timm and trainers around them save.

No code in a file is run: what holds more than tensors, numbers and timm's own settings is refused.
"""

import argparse
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load_file

from unlearning.commands import spelt
from unlearning.digests import sha256_of
from unlearning.errors import InputError
from unlearning.models.spec import ModelSpec
from unlearning.models.timm_backbone import import_timm

Weights = dict[str, torch.Tensor]

# Parts of a training's checkpoint that hold weights, the first that is there is taken; averages over the steps before others.
AVERAGES = ("state_dict_ema", "model_ema")
PARTS = (*AVERAGES, "state_dict", "model_state_dict", "model")
LFS_POINTER = b"version https://git-lfs.github.com/spec/"


def file_digest(path: str) -> str:
    """sha256 of a file of weights; empty for no file. InputError when there is none under that name."""
    return sha256_of(_existing(path)) if path else ""


def fill(network: torch.nn.Module, spec: ModelSpec) -> str:
    """Fill the backbone (and the head, where the file has it) from the spec's file; returns its part taken, if not all.

    Keys of a head, ours or a classifier's, may be missing or surplus; anything else that does not match is an InputError, and
    so are numbers that are not finite.
    """
    path = spec.weights
    backbone: Any = network.get_submodule("backbone")  # a timm model, of which more is asked than a module has
    state, part = read_weights(path)
    if not any(key.startswith("backbone.") for key in state):
        state = {f"backbone.{key}": value for key, value in state.items()}
    classifier = backbone.pretrained_cfg.get("classifier") or ()
    names = (classifier,) if isinstance(classifier, str) else classifier
    surplus = tuple(f"backbone.{name}." for name in names)
    state = {key: value for key, value in state.items() if not (surplus and key.startswith(surplus))}
    there = {name: tuple(value.shape) for name, value in network.state_dict().items()}
    sizes = {name: tuple(value.shape) for name, value in state.items()}
    wrong = [f"{name} has shape {size}, not {there[name]}" for name, size in sizes.items() if there.get(name, size) != size]
    wrong += [f"{name} is not in the network" for name in sizes if name not in there]
    wrong += [f"{k} is missing" for k in there if k.startswith("backbone.") and k not in sizes and "num_batches" not in k]
    if wrong:
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise InputError(f"the weights of {path} do not fit {spec.arch}: {'; '.join(wrong[:5])}{more}")
    spoilt = [key for key, value in state.items() if not value.isfinite().all()]
    if spoilt:
        raise InputError(
            f"{len(spoilt)} of the {len(state)} weights of {path} hold numbers that are not finite, {spoilt[0]} the first: "
            f"they are of a training that diverged; give another file with {spelt(weights='FILE')}"
        )
    network.load_state_dict(state, strict=False)
    return part


def read_weights(path: str) -> tuple[Weights, str]:
    """The named tensors of a file, without the prefixes that wrappers of a network add, and the part that holds them.

    What a file is, its content says and not its name; InputError for one that holds anything else.
    """
    file = _existing(path)
    with file.open("rb") as opened:
        start = opened.read(len(LFS_POINTER))
    if start == LFS_POINTER:
        raise InputError(
            f"the weights file {path} is a Git LFS pointer and not the weights; fetch them in its repository with: git lfs pull"
        )
    try:
        if start[8:9] == b"{":
            content: Any = load_file(file)
        else:  # what torch saved, of tensors and plain values only; timm's checkpoints hold their settings as a Namespace too
            with torch.serialization.safe_globals([argparse.Namespace]):
                content = torch.load(file, map_location="cpu", weights_only=True)
    except Exception as error:  # damaged bytes make torch's parsers raise errors of every type
        foreign = type(error).__name__ == "UnpicklingError"
        reason = "holds more than tensors, so it is not loaded" if foreign else f"cannot be read: {error}"
        raise InputError(f"the weights file {path} {reason}".splitlines()[0]) from error
    part = ""
    if isinstance(content, dict):
        part = next((name for name in PARTS if isinstance(content.get(name), dict)), "")
    state = content[part] if part else content
    named = isinstance(state, dict) and all(isinstance(k, str) and isinstance(v, torch.Tensor) for k, v in state.items())
    if not named or not state:
        raise InputError(f"the weights file {path} holds no named tensors (a state_dict)")
    state = import_timm().models.clean_state_dict(state)
    if all(key.startswith("model.") for key in state):  # a trainer's module around the network, which may be compiled
        state = import_timm().models.clean_state_dict({key.removeprefix("model."): value for key, value in state.items()})
    return state, part


def _existing(path: str) -> Path:
    """The file under that name; ``~`` is one's home."""
    file = Path(path).expanduser()
    if not file.is_file():
        why = "is a folder" if file.is_dir() else "does not exist"
        raise InputError(f"the weights file {path} {why}; give a safetensors or timm file with {spelt(weights='FILE')}")
    return file
