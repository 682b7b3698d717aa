"""A registered version is an ensemble: N networks of one spec whose predictions are aggregated, by default to their mean."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from unlearning.errors import InputError
from unlearning.models.aggregate import MEAN, Aggregate
from unlearning.models.build import AgeNet, build
from unlearning.models.spec import ModelSpec

SPEC = "spec.json"


@dataclass(frozen=True)
class Ensemble:
    """Members in the order of their seeds, in eval mode; ``aggregate`` makes one prediction of theirs."""

    spec: ModelSpec
    seeds: tuple[int, ...]
    members: tuple[AgeNet, ...]
    aggregate: Aggregate = MEAN

    def predict(self, images: torch.Tensor) -> torch.Tensor:
        """Ages in years, shape (batch, members), from uint8 pictures of shape (batch, 3, side, side)."""
        with torch.inference_mode():
            return torch.stack([member(images) for member in self.members], dim=1)


def member_file(index: int) -> str:
    """The name of a member's weights in a saved folder."""
    return f"member-{index}.safetensors"


def save_member(network: AgeNet, folder: Path, index: int) -> None:
    """Write one member's weights; safetensors wants them contiguous."""
    folder.mkdir(parents=True, exist_ok=True)
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in network.state_dict().items()}
    save_file(state, folder / member_file(index))


def save_spec(folder: Path, spec: ModelSpec, seeds: tuple[int, ...], training: dict, aggregate: Aggregate = MEAN) -> None:
    """Write ``spec.json``: what to build, the members' seeds, how they were trained, and how they are aggregated.

    A local path of first weights is nobody else's business and is left out; ``training`` may hold their digest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = {"model": replace(spec, weights="").as_dict(), "seeds": seeds, "training": training}
    content["aggregate"] = asdict(aggregate)
    (folder / SPEC).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read_spec(folder: Path) -> dict:
    """The content of ``spec.json``; InputError when the folder holds no model of ours."""
    try:
        return json.loads((folder / SPEC).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"no model of this project: {SPEC} is missing or unreadable in it") from error


def load_model(folder: Path) -> Ensemble:
    """Read what ``save_spec`` and ``save_member`` wrote; no pickle is read.

    Raises:
        InputError: files are missing or do not fit the spec.
    """
    content = read_spec(folder)
    try:
        spec, seeds = ModelSpec.from_dict(content["model"]), tuple(content["seeds"])
        aggregate = Aggregate.from_spec(content)
        if not set(range(len(seeds))) - set(aggregate.without):
            raise InputError("the saved model is damaged: it has no members")
        return Ensemble(spec, seeds, tuple(_load_member(spec, folder, index) for index in range(len(seeds))), aggregate)
    except (KeyError, TypeError, AttributeError, OSError, RuntimeError, SafetensorError) as error:
        raise InputError(f"the saved model is damaged: {error}".splitlines()[0]) from error


def _load_member(spec: ModelSpec, folder: Path, index: int) -> AgeNet:
    network = build(replace(spec, pretrained=False), seed=0)
    network.load_state_dict(load_file(folder / member_file(index)))
    return network.eval()


def weights_digest(network: torch.nn.Module) -> str:
    """sha256 over names, shapes and bytes of all weights and buffers: equal digests are bit-identical models."""
    digest = hashlib.sha256()
    for name, tensor in sorted(network.state_dict().items()):
        digest.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
