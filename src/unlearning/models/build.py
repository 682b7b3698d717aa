"""Build the network that a spec describes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import nn

from unlearning.errors import InputError
from unlearning.models.spec import ModelSpec
from unlearning.models.timm_backbone import create_backbone


class AgeNet(nn.Module):
    """uint8 pictures, shape (batch, 3, side, side) -> float32 ages in years, shape (batch,).

    The normalisation of the backbone's pretraining is part of the network, so training, unlearning and serving share it.
    The head runs in float32 under any autocast: bfloat16 near 40 years has steps of a quarter year.
    """

    def __init__(self, spec: ModelSpec):
        super().__init__()
        self.spec = spec
        self.backbone = create_backbone(spec.arch, spec.pretrained)
        self.head = _head(self.backbone.num_features, spec)
        config = self.backbone.pretrained_cfg
        self.register_buffer("mean", 255 * torch.tensor(config["mean"]).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", 255 * torch.tensor(config["std"]).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = self.backbone((images - self.mean) / self.std)
        with torch.autocast(images.device.type, enabled=False):
            raw = self.head(features.float()).squeeze(1)
        if self.spec.output == "sigmoid":
            return torch.sigmoid(raw) * self.spec.max_age
        return raw * self.spec.age_std + self.spec.age_mean


def _head(features: int, spec: ModelSpec) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(features, 512),
        nn.Dropout(spec.dropout_features),
        nn.Linear(512, 256),
        nn.ReLU(),
        nn.Dropout(spec.dropout_hidden),
        nn.Linear(256, 128),
        nn.ReLU(),
        nn.Linear(128, 1),
    )


def build(spec: ModelSpec, seed: int) -> AgeNet:
    """A network with fresh weights drawn from ``seed``, or with the weights that the spec names under a fresh head."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = AgeNet(spec)
    if spec.weights:
        _load_local(network, Path(spec.weights))
    return network.to(memory_format=torch.channels_last)


def _load_local(network: AgeNet, path: Path) -> None:
    """Fill the backbone (and the head, where the file has it) from a safetensors file or one that timm saved.

    Keys of a head, ours or a classifier's, may be missing or surplus; anything else that does not match is an InputError.
    """
    state = _read_weights(path)
    if not any(key.startswith("backbone.") for key in state):
        state = {f"backbone.{key}": value for key, value in state.items()}
    classifier = network.backbone.pretrained_cfg.get("classifier") or ()
    names = (classifier,) if isinstance(classifier, str) else classifier
    surplus = tuple(f"backbone.{name}." for name in names)
    state = {key: value for key, value in state.items() if not (surplus and key.startswith(surplus))}
    own = network.state_dict()
    wrong = [f"{k} has shape {tuple(v.shape)}, not {tuple(own[k].shape)}" for k, v in state.items() if _differs(k, v, own)]
    wrong += [f"{k} is not in the network" for k in state if k not in own]
    wrong += [f"{k} is missing" for k in own if k.startswith("backbone.") and k not in state and "num_batches" not in k]
    if wrong:
        more = f" and {len(wrong) - 5} more" if len(wrong) > 5 else ""
        raise InputError(f"the weights of {path} do not fit {network.spec.arch}: {'; '.join(wrong[:5])}{more}")
    network.load_state_dict(state, strict=False)


def _differs(key: str, value: torch.Tensor, own: dict) -> bool:
    return key in own and value.shape != own[key].shape


def file_digest(path: str) -> str:
    """sha256 of a file of weights; empty for no file. InputError when there is none under that name."""
    if not path:
        return ""
    _require_file(Path(path))
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def _require_file(path: Path) -> None:
    if not path.is_file():
        raise InputError(f"the weights file {path} does not exist; give a safetensors or timm file with -P weights=FILE")


def _read_weights(path: Path) -> dict[str, torch.Tensor]:
    _require_file(path)
    try:
        if path.suffix == ".safetensors":
            return load_file(path)
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # damaged bytes make torch's parsers raise errors of every type
        foreign = type(error).__name__ == "UnpicklingError"
        reason = "holds more than tensors, so it is not loaded" if foreign else f"cannot be read: {error}"
        raise InputError(f"the weights file {path} {reason}".splitlines()[0]) from error
    state = state.get("state_dict", state) if isinstance(state, dict) else state
    if not isinstance(state, dict) or not all(isinstance(k, str) and isinstance(v, torch.Tensor) for k, v in state.items()):
        raise InputError(f"the weights file {path} holds no named tensors (a state_dict)")
    return state
