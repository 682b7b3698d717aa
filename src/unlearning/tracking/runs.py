"""MLflow runs: one run a step, readable in the UI, that says what it was made from and why it failed."""

import getpass
import json
import math
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import TypeVar

import mlflow
import numpy as np
import pandas as pd
from pyarrow import ArrowException

from unlearning.digests import sha256_of
from unlearning.errors import InputError
from unlearning.naming import printable
from unlearning.secrets import without_secrets
from unlearning.tracking import addresses, answers, artifacts, sealed, temporary
from unlearning.tracking.abandoned import LEFT_TAGS, PROCESS, end_abandoned
from unlearning.tracking.answers import breakdown, first_line, impatience, in_words, is_silence, refused_in_words, store_errors
from unlearning.tracking.code import code_commit, code_digest
from unlearning.tracking.own_experiments import deleted_in_words
from unlearning.tracking.processes import identity
from unlearning.tracking.reasons import tag_reason
from unlearning.tracking.store import RUN_ID, STEP, prepare_store

Made = TypeVar("Made")
PACKAGES = ("mlflow", "torch", "timm", "lightning-fabric", "numpy", "pandas", "pillow", "scipy")
_stands: dict[str, set[tuple[str, int]]] = {}  # what was logged before a run that is open was opened again
_afterwards: dict[str, list[Callable[[], None]]] = {}
OWN_EXPERIMENT = (
    "ask who runs it for the right EDIT on the experiment, or take one of your own: MLFLOW_EXPERIMENT_NAME=NAME; status alone "
    "needs no run: age-unlearning status"
)


@contextmanager
def run(step: str, name: str, parent: str = "", again: str = "") -> Iterator[mlflow.ActiveRun]:
    """A run of ``step``, nested when another one is open or ``parent`` names one that is open in another process.

    ``again`` names one that was not finished, and goes on: what it has logged stands, and is not logged twice. An exception
    leaves it FAILED, with the reason as a tag. Runs of processes that were killed are ended on the way.
    """
    nested = mlflow.active_run() is not None
    if not nested:
        prepare_store()
    with refused_in_words("read, and open no run in this experiment", OWN_EXPERIMENT), deleted_in_words():
        began = {"run_id": again} if again else {"run_name": printable(name), "parent_run_id": parent or None}
        # A run that a process is killed in before its next write says whose it was.
        own = {STEP: step, PROCESS: identity(), "mlflow.runName": printable(name), "code.digest": code_digest()}
        opened = mlflow.start_run(nested=nested, tags=own | _versions(), **began)
    if again:
        _stands[again] = _logged_before(again)
    with opened as active:
        for name in active.data.tags.keys() & LEFT_TAGS:  # it was given up, and begins after all
            mlflow.delete_tag(name)
        if not nested:
            addresses.begin(active.info)
            addresses.describe(active.info.experiment_id)
            end_abandoned()
        try:
            yield active
        except BaseException as error:
            broken = breakdown(error)
            with impatience() if is_silence(error) else nullcontext():  # a server that is gone cannot be told
                tag_reason(active_id(), f"{type(error).__name__}: {broken or in_words(error) or first_line(error)}")
            if broken:
                raise InputError(broken) from error
            raise
    for act in _afterwards.pop(opened.info.run_id, ()):
        act()


def when_ended(act: Callable[[], None]) -> None:
    """Do something once the run that is open has ended well."""
    _afterwards.setdefault(active_id(), []).append(act)


def continues(earlier: str, name: str) -> Callable[[], None]:
    """Let the run that is open say that another one goes on in its place; the answer removes it, when it has ended.

    One that ``mlflow run`` has opened stays: its user looks for it.
    """
    own, begun_here = active_id(), mlflow.active_run().data.tags.get("mlflow.source.type") != "PROJECT"
    set_tags({"mlflow.runName": f"continues {name}", "continues": earlier})
    addresses.go_on(own, earlier)
    return partial(mlflow.delete_run, own) if begun_here else lambda: None


def _logged_before(run_id: str) -> set[tuple[str, int]]:
    """(metric, step) of all points of a run."""
    client = mlflow.MlflowClient()
    names = client.get_run(run_id).data.metrics
    return {(name, point.step) for name in names for point in client.get_metric_history(run_id, name)}


def launched() -> bool:
    """Has ``mlflow run`` opened a run for this process, or this process one of its own?"""
    return mlflow.active_run() is not None or RUN_ID in os.environ


def run_if_launched(step: str, name: str) -> AbstractContextManager:
    """A run for what only reads: where ``mlflow run`` has opened one, or another step; else none."""
    return run(step, name) if launched() else nullcontext()


def leave_launcher() -> None:
    """Let this process open runs of its own, although ``mlflow run`` has launched its parent."""
    os.environ.pop(RUN_ID, None)


def active_id() -> str:
    """The id of the run that is open."""
    return mlflow.active_run().info.run_id


def rename(name: str) -> None:
    """Call the run that is open by what is known only now."""
    mlflow.set_tag("mlflow.runName", printable(name))


def describe(text: str) -> None:
    """Markdown above the run that is open."""
    mlflow.set_tag(addresses.NOTE, text)


def set_tags(values: dict[str, str]) -> None:
    """Tags of the run that is open."""
    mlflow.set_tags({name: printable(value) for name, value in values.items()})


@cache
def _versions() -> dict[str, str]:
    return {"packages": " ".join(f"{name}=={version_of(name)}" for name in PACKAGES), "code.commit": code_commit()}


def version_of(package: str) -> str:
    """The version that is installed; MLflow may be there as ``mlflow-skinny``, which leaves out its pages and some packages."""
    return mlflow.__version__ if package == "mlflow" else version(package)


def user() -> str:
    """Who is acting."""
    return getpass.getuser()


def log_settings(prefix: str, values: dict) -> None:
    """Resolved settings as parameters ``prefix.name``: the bare names are taken by what ``mlflow run`` logs, quoted.

    In a run that was opened again those stand that it began with.
    """
    told = {f"{prefix}.{name}": printable(without_secrets(str(value))) for name, value in values.items()}
    if active_id() in _stands:
        told = {name: text for name, text in told.items() if name not in mlflow.get_run(active_id()).data.params}
    mlflow.log_params(told)


def log_numbers(values: dict[str, float], step: int | None = None, **more) -> None:
    """Metrics of the run (and, with ``model_id``, of the logged model); no point that stands already, and no NaN."""
    known = _stands.get(active_id(), set())
    new = {name: value for name, value in values.items() if math.isfinite(value) and (name, step or 0) not in known}
    mlflow.log_metrics(new, step=step, **more)


def curve(name: str) -> dict[int, float]:
    """The points of a metric of the run that is open, by step."""
    return {point.step: point.value for point in mlflow.MlflowClient().get_metric_history(active_id(), name)}


def log_json(content: dict, name: str) -> None:
    """A dictionary as an artifact."""
    mlflow.log_dict(content, name)
    sealed.follow(active_id(), name)


def log_text(text: str, name: str) -> None:
    """A text as an artifact."""
    mlflow.log_text(printable(text), name)
    if name.endswith(".html"):
        addresses.note_page(mlflow.active_run().info, name)


def log_table(table: pd.DataFrame, name: str) -> str:
    """A table as an artifact, CSV or parquet by the name's ending; returns its sha256."""
    with temporary.folder() as folder:
        path = Path(folder) / Path(name).name
        table.to_csv(path, index=False) if path.suffix == ".csv" else table.to_parquet(path, index=False)
        mlflow.log_artifact(str(path), str(Path(name).parent) if "/" in name else None)
        digest = sha256_of(path)
    sealed.follow(active_id(), name)
    return digest


def log_dataset(frame: pd.DataFrame, name: str, context: str, digest: str) -> None:
    """A part of the data as an input of the run: labels only, no pixels, no file names."""
    labels = frame[[name for name in ("age", "gender", "race", "label") if name in frame]].astype(np.float64)
    dataset = mlflow.data.from_pandas(labels, name=name, digest=f"{digest[:16]}-{len(frame)}")
    mlflow.log_input(dataset, context=context)


def download(run_id: str, name: str) -> Path:
    """An artifact on this machine: the store's own file, or a copy that goes with this process; InputError for none.

    One that was sealed is opened with the key at hand.
    """
    try:
        with temporary.private():
            run = mlflow.MlflowClient().get_run(run_id)
            return sealed.opened(run, name) or Path(artifacts.store_of(run).download_artifacts(name))
    except store_errors() as error:
        raise InputError(f"the artifact {name} of run {run_id} cannot be read: {first_line(error)}") from error


def read_table(
    run_id: str,
    name: str,
    texts: tuple[str, ...] = (),
    needs: tuple[str, ...] = (),
    check: Callable[[Path], None] = lambda path: None,
) -> pd.DataFrame:
    """A table that ``log_table`` wrote; InputError where it is not there, cannot be read, or lacks a column that it ``needs``.

    Args:
        texts: columns of a CSV file that hold text even where it looks like numbers.
        check: is shown the file before it is read, and raises where it is not the one that is wanted.
    """
    path = download(run_id, name)
    check(path)
    with _readable(run_id, name):
        if path.suffix == ".csv":
            table = pd.read_csv(path, keep_default_na=False, dtype=dict.fromkeys(texts, str))
        else:
            table = pd.read_parquet(path)
        missing = [column for column in needs if column not in table.columns]
        if missing:
            raise ValueError(f"it has no column {' and no column '.join(missing)}")
    return table


def read_json(run_id: str, name: str, into: Callable[[dict], Made] = dict) -> Made:
    """What ``log_json`` wrote, as ``into`` makes it; InputError when it is gone or damaged, or ``into`` cannot use it."""
    path = download(run_id, name)
    with _readable(run_id, name):
        content = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(content, dict):
            raise TypeError(f"it holds {content!r:.40} and no names with values")
        return into(content)


@contextmanager
def _readable(run_id: str, name: str) -> Iterator[None]:
    """A damaged artifact in a sentence, whichever library finds it out."""
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, OSError, ArrowException) as error:
        said = f"{error} is missing" if isinstance(error, KeyError) else first_line(error)
        raise InputError(
            f"the artifact {name} of run {run_id} cannot be used, it is damaged or of another version of this project: {said}; "
            f"put it back from a copy of the store, or make anew what this run made: mlflow runs describe --run-id {run_id}"
        ) from error


def read_parameter(run_id: str, name: str) -> str:
    """A parameter of a run; empty when it has none of that name, or is gone."""
    found = find_run(run_id)
    return found.data.params.get(name, "") if found else ""


def find_run(run_id: str) -> mlflow.entities.Run | None:
    """A run, also one that was deleted in the UI; None where it is gone for good, or there is no id."""
    return answers.or_none(mlflow.MlflowClient().get_run, run_id) if run_id else None
