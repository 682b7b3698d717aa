"""The files of a registered version, opened only when they are what was registered.

The tag ``sha256`` of a version holds a digest for each of its own files. One that was registered by an earlier version of the
project has none, and its files are taken as they are.
"""

from pathlib import Path

import pandas as pd

from unlearning.commands import command
from unlearning.data.labels import LABEL
from unlearning.digests import sha256_of
from unlearning.errors import DamagedError
from unlearning.naming import MODEL_ARTIFACT, PREDICTION_TABLE
from unlearning.once import once
from unlearning.registry.lookup import download_model
from unlearning.registry.version import TARGET, Version
from unlearning.tracking import runs

NEEDED = ("id", "split", "predicted")
SHA256 = "sha256"
TABLES_KEPT = 8


def digest_tags(digests: dict[str, str]) -> dict[str, str]:
    """The tag that a version remembers its files' digests by; none without any."""
    return {SHA256: " ".join(f"{name}={digest}" for name, digest in sorted(digests.items()))} if digests else {}


def digests_of(version: Version) -> dict[str, str]:
    """What the version remembers, by the name of the file."""
    return dict(pair.split("=", 1) for pair in version.tag(SHA256).split())


def digests_in(folder: Path) -> dict[str, str]:
    """The digests of the files of a saved ensemble."""
    return {path.name: sha256_of(path) for path in folder.iterdir()}


def model_folder(version: Version) -> Path:
    """The saved ensemble within a version's logged files; DamagedError where a file is not what was registered."""
    folder = download_model(version, f"artifacts/{MODEL_ARTIFACT}")
    kept = digests_of(version)
    found = digests_in(folder) if kept.keys() - {PREDICTION_TABLE} and folder.is_dir() else {}
    for name in sorted(kept.keys() - {PREDICTION_TABLE}):
        _require(kept[name], found.get(name, ""), name, f"{version.label} of {version.model}")
    return folder


def predictions_of(version: Version) -> pd.DataFrame:
    """A version's prediction table; DamagedError where it is not what was registered.

    Of several versions that are measured against one, that one's is read once.
    """
    label = f"{version.label} of {version.model}"
    needs = (*NEEDED, LABEL if version.tag(TARGET) else "age")
    return _predictions(version.run_id, digests_of(version).get(PREDICTION_TABLE, ""), label, needs)


@once(TABLES_KEPT)
def _predictions(run_id: str, kept: str, label: str, needs: tuple[str, ...]) -> pd.DataFrame:
    def check(path: Path) -> None:
        if kept:
            _require(kept, sha256_of(path), PREDICTION_TABLE, label)

    return runs.read_table(run_id, PREDICTION_TABLE, needs=needs, check=check)


def _require(kept: str, found: str, name: str, label: str) -> None:
    if found != kept:
        raise DamagedError(
            f"{name} of {label} is damaged: its content is not what was registered; put the file back from a backup of the "
            f"artifacts, or choose another version from: {command('status', label.rpartition(' of ')[2])}"
        )
