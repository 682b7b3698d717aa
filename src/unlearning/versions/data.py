"""The faces that a version was trained on: their account, and their pixels, found again and verified."""

import pandas as pd

from unlearning.commands import command
from unlearning.data.manifest import DataSet
from unlearning.data.manifest import prepare as prepare_data
from unlearning.data.settings import DataSettings
from unlearning.errors import InputError
from unlearning.once import once
from unlearning.progress import track
from unlearning.registry.version import Version
from unlearning.tracking import runs

MANIFEST, REJECTED, SETTINGS = "data/manifest.csv", "data/rejected.csv", "data/settings.json"
TEXTS = ("id", "file", "subject", "copy_of", "near", "step", "reason", "signal")


@once(4)
def account_of(run_id: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Manifest and rejected files as a run of ``prepare`` logged them; no image folder is needed."""
    return runs.read_table(run_id, MANIFEST, TEXTS), runs.read_table(run_id, REJECTED, TEXTS)


def data_of(version: Version, side: int) -> DataSet:
    """The faces a version was trained on, found again by its lineage and verified by its digest."""
    digest, run_id = version.tag("data_digest"), version.tag("data_run")
    settings = runs.read_json(run_id, SETTINGS, DataSettings.from_dict)
    try:
        data = prepare_data(settings, side, track)
    except InputError as error:
        raise InputError(
            f"{version.label} was trained on data {digest}, and now there is none: {error}; bring the folder back, or "
            f"train on another one: {command('train', version.model, data_dir='FOLDER')}"
        ) from error
    if data.digest != digest:
        raise InputError(
            f"{version.label} was trained on data {digest}, but {settings.data_dir or 'the drawn folder'} now gives data "
            f"{data.digest}; bring the files back, or train anew: "
            f"{command('train', version.model, **({'data_dir': settings.data_dir} if settings.data_dir else {}))}"
        )
    return data
