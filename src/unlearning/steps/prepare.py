"""prepare: read or draw the faces, split them, and log the account of every file."""

from __future__ import annotations

from unlearning.data.faces import FaceSet
from unlearning.data.manifest import SPLITS, DataSet
from unlearning.data.manifest import prepare as prepare_data
from unlearning.data.settings import DataSettings
from unlearning.steps.progress import say, track
from unlearning.tracking import runs

MANIFEST, REJECTED, SETTINGS = "data/manifest.csv", "data/rejected.csv", "data/settings.json"


def prepare(settings: DataSettings, side: int, force: bool = False) -> tuple[DataSet, str]:
    """Prepare the faces and return them with the run that holds their account: a finished one, or with ``force`` a new one."""
    if force:
        with runs.run("prepare", "prepare"):
            data = prepare_data(settings, side, track)
            return data, _log(data, settings, _mark(data, settings))
    data = prepare_data(settings, side, track)
    done = runs.find_finished(_mark(data, settings))
    if done:
        say(f"prepare: reused run {done['run_id']} (same files, settings and code), data {data.digest}")
        return data, done["run_id"]
    with runs.run("prepare", "prepare"):
        return data, _log(data, settings, _mark(data, settings))


def _mark(data: DataSet, settings: DataSettings) -> str:
    return runs.fingerprint("prepare", settings=settings.as_dict(), digest=data.digest, rejected=len(data.rejected))


def _log(data: DataSet, settings: DataSettings, mark: str) -> str:
    source = settings.data_dir or f"{settings.drawn_faces} drawn faces"
    runs.rename(f"prepare {data.digest}")
    runs.log_settings("data", settings.as_dict() | {"digest": data.digest})
    runs.log_table(data.manifest, MANIFEST)
    runs.log_table(data.rejected, REJECTED)
    runs.log_json(settings.as_dict(), SETTINGS)
    counts = data.manifest.split.value_counts().to_dict() | {"rejected": len(data.rejected)}
    runs.log_numbers({f"faces_{name}": float(count) for name, count in counts.items()})
    for name in SPLITS:
        runs.log_dataset(data.manifest[data.manifest.split == name], name, name, data.digest)
    runs.mark_finished(mark)
    say(f"prepare: {len(data.manifest)} faces from {source}, {len(data.rejected)} files left out, data {data.digest}")
    return runs.active_id()


def face_set(data: DataSet) -> FaceSet:
    """All prepared faces."""
    return FaceSet(data.manifest, data.pixels)
