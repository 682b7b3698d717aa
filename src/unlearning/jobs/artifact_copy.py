"""Unfinished work beside its run in the artifact store (``checkpoints=artifacts``), so that another machine can go on with it.

Two copies take turns, and each ends with a list of its files' digests: whenever a machine is taken away, one of them is whole.
A run that is at work says so all the time; one that is silent may be gone on with, on whatever machine it was.
"""

import json
import os
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath

import mlflow
from mlflow.entities import Run
from mlflow.exceptions import MlflowException

from unlearning.data.unfinished import LOCK, NOTE
from unlearning.digests import sha256_of
from unlearning.errors import InputError
from unlearning.progress import say
from unlearning.tracking import artifacts, runs, temporary
from unlearning.tracking.answers import first_line, store_errors
from unlearning.tracking.paging import every, experiment_ids
from unlearning.training import ongoing

VARIABLE, ARTIFACTS = "UNLEARNING_CHECKPOINTS", "artifacts"
FOLDER, LIST, TURNS = "unfinished", "whole.json", 2
MARK, DATA, SEEN = "unfinished", "unfinished.data", "unfinished.seen"
BEAT, SILENCE = 15.0, 60.0  # seconds: between two signs of life, and without one until a run counts as left


def asked() -> bool:
    """Are checkpoints to lie in the artifact store, too?"""
    return os.environ.get(VARIABLE) == ARTIFACTS


@contextmanager
def kept(folder: Path, mark: str, digest: str) -> Iterator[None]:
    """Within, what is written to the folder of the run that is open is copied beside the run, which says that it is at work.

    A purge finds it by ``digest``, that of the data.
    """
    if not asked():
        yield
        return
    run_id, ended = runs.active_id(), threading.Event()
    runs.set_tags({MARK: mark, DATA: digest})
    copy = _Copy(folder, run_id)
    pulse = threading.Thread(target=_beat, args=(run_id, ended), daemon=True)
    pulse.start()
    ongoing.when_written.append(copy.put)
    try:
        yield
    finally:
        ongoing.when_written.remove(copy.put)
        ended.set()
        pulse.join()
    runs.when_ended(lambda: erase(run_id))


def _beat(run_id: str, ended: threading.Event) -> None:
    beats = 0
    while not ended.wait(BEAT if beats else 0):
        beats += 1
        with suppress(MlflowException):  # a store that is away hears the next one
            mlflow.MlflowClient().set_tag(run_id, SEEN, f"{time.time():.0f}")


class _Copy:
    """The copies of one run's folder."""

    def __init__(self, folder: Path, run_id: str):
        self.folder, self.run_id = folder, run_id
        self.turn = max((turn for turn, _ in _lists(run_id)), default=-1) + 1
        self.sent: list[dict[str, str]] = [{} for _ in range(TURNS)]

    def put(self) -> None:
        """Bring the older copy up to date: its list says last what is in it. A store that is away does not end the training."""
        turn = self.turn % TURNS
        place, files = f"{FOLDER}/{turn}", _digests(self.folder)
        client = mlflow.MlflowClient()
        try:
            for name in [name for name, digest in files.items() if self.sent[turn].get(name) != digest]:
                parent = Path(place, name).parent.as_posix()
                client.log_artifact(self.run_id, str(self.folder / name), parent)
            client.log_dict(self.run_id, {"turn": self.turn, "files": files}, f"{place}/{LIST}")
        except store_errors() as error:
            self.sent[turn] = {}
            say(f"the checkpoint could not be copied to the artifact store: {first_line(error)}")
            return
        self.sent[turn] = files
        self.turn += 1


def _digests(folder: Path) -> dict[str, str]:
    """sha256 of what is written whole, by its path."""
    files = [path for path in folder.rglob("*") if path.is_file() and path.name != LOCK and path.suffix != ".part"]
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in files}


def _lists(run_id: str) -> list[tuple[int, dict[str, str]]]:
    """(turn, files) of the copies that a run has, the newest first; one whose list is half written is none."""
    found = []
    for name in artifacts.listed(run_id, FOLDER):
        if name.endswith(LIST):
            path = runs.download(run_id, name)
            with suppress(ValueError, KeyError, TypeError):
                found.append(_as_list(json.loads(path.read_text(encoding="utf-8"))))
    return sorted(found, key=lambda one: one[0], reverse=True)


def _as_list(content: dict) -> tuple[int, dict[str, str]]:
    """ValueError for a name that leads out of the folder: whoever may log artifacts would write anywhere."""
    places = [PurePosixPath(name) for name in content["files"]]
    if any(place.is_absolute() or ".." in place.parts for place in places):
        raise ValueError("a name leads out of the folder")
    return int(content["turn"]), dict(content["files"])


def fetch(mark: str, folder: Path) -> None:
    """Bring the newest whole copy of a step's unfinished work to its folder, where this machine has none."""
    if not asked() or (folder / NOTE).exists():
        return
    query, order = f"tags.{MARK} = '{mark}' and attributes.status != 'FINISHED'", ["attributes.start_time DESC"]
    for found in mlflow.MlflowClient().search_runs(experiment_ids(), query, order_by=order):
        for turn, files in _lists(found.info.run_id):
            if _bring(found.info.run_id, turn, files, folder):
                say(f"its checkpoint was fetched from the artifacts of run {found.info.run_id}")
                return


def _bring(run_id: str, turn: int, files: dict[str, str], folder: Path) -> bool:
    """One copy, whole or not at all; false for one that was being written when its machine went."""
    with temporary.folder() as place:
        for name, digest in files.items():
            path = Path(place) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            try:
                shutil.copy(runs.download(run_id, f"{FOLDER}/{turn % TURNS}/{name}"), path)
            except InputError:
                return False
            if sha256_of(path) != digest:
                return False
        shutil.copytree(place, folder, dirs_exist_ok=True)
    return True


def is_left(found: Run) -> bool:
    """Has a run that copies its work given no sign of life for a while? Its own clock tells, and no other machine's."""
    seen = found.data.tags.get(SEEN)
    if not seen:
        return False
    say(f"waiting for a minute to see whether another machine is at work in run {found.info.run_id}")
    begun = time.monotonic()
    while time.monotonic() - begun < SILENCE:
        time.sleep(min(BEAT, SILENCE) / 5)
        if mlflow.MlflowClient().get_run(found.info.run_id).data.tags.get(SEEN) != seen:
            return False
    return True


def erase(run_id: str) -> None:
    """Remove a run's copies, which are of no use any more; says what the store does not delete."""
    left = artifacts.erase(run_id, artifacts.listed(run_id, FOLDER))
    client = mlflow.MlflowClient()
    for name in (SEEN,) if left else (MARK, DATA, SEEN):
        with suppress(MlflowException):
            client.delete_tag(run_id, name)
    if left:
        say(f"the store did NOT delete the checkpoints of run {run_id}, do it by hand: {', '.join(left)}")


def everywhere(digest: str = "%") -> list[Run]:
    """The runs that hold unfinished work, on data with this digest or on any."""
    return every(mlflow.MlflowClient().search_runs, experiment_ids(), f"tags.{DATA} LIKE '{digest}'")
