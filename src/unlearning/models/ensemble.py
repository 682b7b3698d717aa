"""A registered version is an ensemble: N networks of one spec whose predictions are aggregated, by default to their mean."""

import hashlib
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from unlearning.errors import DamagedError, InputError
from unlearning.models.aggregate import MEAN, Aggregate
from unlearning.models.build import AgeNet, build
from unlearning.models.spec import ModelSpec

SPEC, SHA256 = "spec.json", "sha256"


@dataclass(frozen=True)
class Ensemble:
    """Members in the order of their seeds, in eval mode; ``aggregate`` makes one prediction of theirs."""

    spec: ModelSpec
    seeds: tuple[int, ...]
    members: tuple[AgeNet, ...]
    aggregate: Aggregate = MEAN

    def predict(self, images: torch.Tensor) -> torch.Tensor:
        """The members' answers, ages of shape (batch, members), from uint8 pictures of shape (batch, 3, side, side)."""
        with torch.inference_mode():
            return torch.stack([self.spec.target.answers(member(images)) for member in self.members], dim=1)


def member_file(index: int) -> str:
    """The name of a member's weights in a saved folder."""
    return f"member-{index}.safetensors"


def save_member(network: AgeNet, folder: Path, index: int) -> None:
    """Write one member's weights."""
    save_weights(network.state_dict(), folder / member_file(index))


def save_weights(state: dict[str, torch.Tensor], path: Path) -> None:
    """Write weights with their own digest; safetensors wants them contiguous."""
    path.parent.mkdir(parents=True, exist_ok=True)
    state = {name: tensor.detach().cpu().contiguous() for name, tensor in state.items()}
    save_file(state, path, {SHA256: digest_of(state)})


def load_weights(path: Path) -> dict[str, torch.Tensor]:
    """Read what ``save_weights`` wrote, or DamagedError; a file of an earlier version has no digest, and is not checked."""
    try:
        with safe_open(path, "pt") as file:
            state, kept = {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except FileNotFoundError:
        raise
    except (OSError, SafetensorError) as error:
        raise DamagedError(f"{path.name} cannot be read: {error}") from error
    if kept.get(SHA256, digest := digest_of(state)) != digest:
        raise DamagedError(f"the weights in {path.name} are not those that were saved")
    return state


def save_spec(
    folder: Path, spec: ModelSpec, seeds: tuple[int, ...], training: dict[str, Any], aggregate: Aggregate = MEAN
) -> None:
    """Write ``spec.json``: what to build, the members' seeds, how they were trained, and how they are aggregated.

    The local path of first weights is private and left out; ``training`` may hold their digest.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = {"model": replace(spec, weights="").as_dict(), "seeds": seeds, "training": training}
    content["aggregate"] = asdict(aggregate)
    content[SHA256] = _spec_digest(content)
    (folder / SPEC).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def read_spec(folder: Path) -> dict[str, Any]:
    """The content of ``spec.json``.

    Raises:
        InputError: the folder holds no model of ours.
        DamagedError: the content is not what was written; a file of an earlier version of the project does not tell.
    """
    try:
        content: dict[str, Any] = json.loads((folder / SPEC).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"no model of this project: {SPEC} is missing or unreadable in it") from error
    if isinstance(content, dict) and content.get(SHA256, digest := _spec_digest(content)) != digest:
        raise DamagedError(f"the saved model is damaged: {SPEC} does not say what was written")
    return content


def _spec_digest(content: dict[str, Any]) -> str:
    text = json.dumps({name: value for name, value in content.items() if name != SHA256}, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def load_model(folder: Path) -> Ensemble:
    """Read what ``save_spec`` and ``save_member`` wrote; no pickle is read. InputError where that cannot be used."""
    content = read_spec(folder)
    with _damaged_in_words():
        spec, seeds = ModelSpec.from_dict(content["model"]), tuple(content["seeds"])
        aggregate = Aggregate.from_spec(content)
        if not set(range(len(seeds))) - set(aggregate.without):
            raise InputError("the saved model is damaged: it has no members")
        members = []
        for index in range(len(seeds)):
            network = build(replace(spec, pretrained=False), seed=0)
            network.load_state_dict(load_weights(folder / member_file(index)))
            members.append(network.eval())
        return Ensemble(spec, seeds, tuple(members), aggregate)


@contextmanager
def _damaged_in_words() -> Iterator[None]:
    """Whatever a damaged file makes of reading it, in one line."""
    try:
        yield
    except (KeyError, TypeError, AttributeError, OSError, RuntimeError, DamagedError) as error:
        raise DamagedError(f"the saved model is damaged: {error}".splitlines()[0]) from error


def weights_digest(network: torch.nn.Module) -> str:
    """sha256 over names, shapes and bytes of all weights and buffers: equal digests are bit-identical models."""
    return digest_of(network.state_dict())


def weights_digests(folder: Path) -> list[str]:
    """The same of a saved ensemble's members in order, by their files alone; InputError where these are missing or damaged."""
    files = [folder / member_file(index) for index in range(len(read_spec(folder)["seeds"]))]
    with _damaged_in_words():
        return [digest_of(load_weights(file)) for file in files]


def digest_of(state: dict[str, torch.Tensor]) -> str:
    """The same of a network's ``state_dict``."""
    digest = hashlib.sha256()
    for name, tensor in sorted(state.items()):
        digest.update(f"{name}{tuple(tensor.shape)}{tensor.dtype}".encode())
        digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()
