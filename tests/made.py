"""What was made: the weights of versions, and drawn pictures."""

import os
from pathlib import Path

from unlearning.models.ensemble import load_model, weights_digest
from unlearning.versions.files import model_folder


def weights(version) -> list[str]:
    """The digest of every member's weights."""
    return [weights_digest(member) for member in load_model(model_folder(version)).members]


def drawn() -> list[Path]:
    """The files of the 160 drawn faces, by name."""
    return sorted(next(Path(os.environ["UNLEARNING_CACHE"]).glob("drawn/160-*/")).glob("*.jpg"))
