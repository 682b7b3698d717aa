"""Artifacts that name forgotten people, sealed: the store has them under a key, and only who holds the key can read them.

The sealed file lies under ``sealed/``, the tag ``sealed`` of the run names what was sealed, then the plain file is deleted: in
this order, so that a process may die anywhere and the next one goes on, and there is always a whole file to be read.
"""

import json
import os
import uuid
from pathlib import Path

import mlflow
import pandas as pd
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from mlflow.entities import Run, ViewType
from pyarrow import ArrowException

from unlearning.certificates import keys
from unlearning.certificates.keys import VARIABLE, load_key
from unlearning.errors import InputError
from unlearning.naming import NEVER_SEEN_TABLE, PREDICTION_TABLE
from unlearning.tracking import temporary
from unlearning.tracking.answers import first_line, store_errors
from unlearning.tracking.artifacts import refusals, store_of
from unlearning.tracking.paging import every
from unlearning.tracking.store import STEP

TAG, FOLDER = "sealed", "sealed"
TABLES = (PREDICTION_TABLE, NEVER_SEEN_TABLE, "data/manifest.csv", "data/rejected.csv")
FORGET = "forget/"
FOLDERS = ("data", "forget")
UNREADABLE = (OSError, ValueError, TypeError, KeyError, ArrowException)
opened_here: list[str] = []


def opened(run: Run, name: str) -> Path | None:
    """A sealed artifact of a run, opened in this process's temporary folder; None for one that was not sealed.

    Raises:
        InputError: there is no key at hand, or it is another one, or the file was changed.
    """
    if name not in _names(run):
        return None
    run_id = run.info.run_id
    if not os.environ.get(VARIABLE, "").strip():
        raise InputError(
            f"{name} of run {run_id} names people whose forgetting is certified, and was sealed; only who holds the signing "
            f"key can work with it: export {VARIABLE}=FILE"
        )
    content = _unsealed(run, name, load_key())
    if content is None:
        raise InputError(
            f"{name} of run {run_id} was sealed with another key than the one that {VARIABLE} names, or was changed since"
        )
    path = temporary.own_folder() / "opened" / uuid.uuid4().hex / Path(name).name
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    opened_here.append(str(path))
    return path


def follow(run_id: str, name: str) -> None:
    """Seal what was just logged, if this process works with what was sealed: otherwise it would name the people again.

    Raises:
        InputError: the store refused.
    """
    if opened_here and _names_faces(name):
        refused = seal(mlflow.MlflowClient().get_run(run_id), name, load_key())
        if refused:
            raise InputError(f"not sealed: {'; '.join(refused)}")


def _names(run: Run) -> set[str]:
    return set(run.data.tags.get(TAG, "").split(",")) - {""}


def _unsealed(run: Run, name: str, private_key: Ed25519PrivateKey) -> bytes | None:
    return keys.unseal(private_key, _fetched(run, f"{FOLDER}/{name}"), _place(run, name))


def _place(run: Run, name: str) -> str:
    return f"{run.info.run_id}/{name}"


def _fetched(run: Run, name: str) -> bytes:
    with temporary.folder() as place:
        return Path(store_of(run).download_artifacts(name, place)).read_bytes()


def our_runs() -> list[Run]:
    """All runs of this project in the store, also those that somebody has deleted."""
    client = mlflow.MlflowClient()
    experiments = [one.experiment_id for one in every(client.search_experiments, view_type=ViewType.ALL)]
    found = every(client.search_runs, experiments, "", ViewType.ALL)
    return [run for run in found if STEP in run.data.tags]


def naming(run: Run, people: set[str]) -> list[str]:
    """The plain artifacts of a run that name some of these people; one that cannot be read could, so it counts.

    Raises:
        InputError: the store does not answer.
    """
    try:
        return [name for name in _candidates(run) if _may_name(run, name, people)]
    except store_errors() as error:
        raise InputError(f"the artifacts of run {run.info.run_id} cannot be read: {first_line(error)}") from error


def _candidates(run: Run) -> list[str]:
    """The plain artifacts of a run that name faces one by one."""
    store = store_of(run)
    top = store.list_artifacts()
    below = [info for folder in top if folder.path in FOLDERS for info in store.list_artifacts(folder.path)]
    return [info.path for info in (*top, *below) if _names_faces(info.path)]


def _names_faces(name: str) -> bool:
    return name in TABLES or name.startswith(FORGET)


def _may_name(run: Run, name: str, people: set[str]) -> bool:
    with temporary.folder() as place:
        path = Path(store_of(run).download_artifacts(name, place))
        try:
            return not people.isdisjoint(_ids(path))
        except UNREADABLE:
            return True


def _ids(path: Path) -> set[str]:
    if path.suffix == ".json":
        content = json.loads(path.read_text(encoding="utf-8"))
        return {*content["ids"], *content["test_ids"]}
    if path.suffix == ".csv":
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        return {*table["id"], *table["near"]}
    return set(pd.read_parquet(path, columns=["id"])["id"])


def seal(run: Run, name: str, private_key: Ed25519PrivateKey) -> list[str]:
    """Put a sealed file in the place of a plain one; returns what the store refused, in sentences."""
    store, client = store_of(run), mlflow.MlflowClient()
    try:
        content = _fetched(run, name)
        with temporary.folder() as place:
            path = Path(place) / Path(name).name
            path.write_bytes(keys.seal(private_key, content, _place(run, name)))
            store.log_artifact(str(path), str(Path(FOLDER, name).parent))
        if _unsealed(run, name, private_key) != content:
            return [f"{name} of run {run.info.run_id}: what was sealed does not come back as it was"]
        names = _names(client.get_run(run.info.run_id)) | {name}
        client.set_tag(run.info.run_id, TAG, ",".join(sorted(names)))
        store.delete_artifacts(name)
        is_left = name in _candidates(run)
    except refusals() as error:
        return [f"{name} of run {run.info.run_id}: {first_line(error)}"]
    return [f"{name} of run {run.info.run_id} is still there"] if is_left else []
