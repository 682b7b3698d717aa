"""What was made, and what makes it quickly: the weights of versions, drawn pictures, a small training, quick experiments."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from unlearning.data.settings import DataSettings
from unlearning.experiments.presets import PRESETS
from unlearning.models.ensemble import load_model, weights_digest
from unlearning.models.spec import ModelSpec
from unlearning.settings.training import TrainSettings
from unlearning.versions.files import model_folder


def weights(version) -> list[str]:
    """The digest of every member's weights."""
    return [weights_digest(member) for member in load_model(model_folder(version)).members]


def drawn() -> list[Path]:
    """The files of the 160 drawn faces, by name."""
    return sorted(next(Path(os.environ["UNLEARNING_CACHE"]).glob("drawn/160-*/")).glob("*.jpg"))


def quicken(patch: pytest.MonkeyPatch, epochs: int = 1, **data) -> None:
    """Let the demonstration of the study's experiments take seconds, on the 160 drawn faces."""
    own = {"data": DataSettings(drawn_faces=160, **data), "changes": {"epochs": epochs, "precision": "32-true"}}
    patch.setitem(PRESETS, "demo", replace(PRESETS["demo"], **own))


def small(epochs: int = 1, **more) -> TrainSettings:
    """A training of seconds, on the 160 drawn faces."""
    settings = {"data": DataSettings(drawn_faces=160), "model": ModelSpec("test_resnet", 32)}
    return TrainSettings(**settings | {"changes": {"epochs": epochs, "precision": "32-true"}} | more)
