"""The search for a method's settings: what optuna is told, and where it remembers what it has tried."""

import logging
import shlex
from collections.abc import Callable, Container, Iterator
from contextlib import contextmanager
from dataclasses import Field, fields
from pathlib import Path

import optuna

from unlearning.data.cache import cache_folder
from unlearning.errors import InputError
from unlearning.faults import first_line, is_full, library_of

DIRECTIONS = {"F": "maximize", "distance": "minimize"}


def open_study(
    folder: str, name: str, objective: str, seed: int, kept: Callable[[int], bool] = lambda number: False
) -> optuna.Study:
    """The study of this name, begun or found again in an SQLite file of the cache.

    Trials that were killed count as failed, but for those by whose numbers ``kept`` knows of a checkpoint. The seed is moved
    by the number of trials, so that a study that goes on does not draw its first trials again.
    """
    logging.getLogger("optuna").setLevel(logging.WARNING)
    path = _record(folder, name)
    path.parent.mkdir(parents=True, exist_ok=True)
    storage = _storage(path)
    pruner = optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=1)
    study = optuna.create_study(
        study_name=name, storage=storage, direction=DIRECTIONS[objective], load_if_exists=True, pruner=pruner
    )
    for trial in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
        if not kept(trial.number):
            study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.trials), n_startup_trials=6)
    return study


def _record(folder: str, name: str) -> Path:
    return cache_folder() / "searches" / folder / f"{name}.db"


def _storage(path: Path) -> optuna.storages.RDBStorage:
    """The record of earlier trials; InputError when it is damaged."""
    try:
        return optuna.storages.RDBStorage(f"sqlite:///{path}")
    except Exception as error:
        if library_of(error) not in ("optuna", "sqlalchemy") or is_full(error):
            raise
        raise _unusable(path, error) from error


@contextmanager
def record_in_words(folder: str, name: str) -> Iterator[None]:
    """What the record of trials refuses, by the name of its file: it is SQLite's error, and could be of the tracking store."""
    try:
        yield
    except optuna.exceptions.StorageInternalError as error:
        if is_full(error):
            raise
        raise _unusable(_record(folder, name), error) from error


def _unusable(path: Path, error: Exception) -> InputError:
    said = first_line(error.__cause__ or error)
    begin = f"delete it, and the search begins anew: rm {shlex.quote(str(path))}"
    then = "type the same command again when the other search has ended" if "is locked" in said else begin
    return InputError(f"the record of earlier trials {path} cannot be used: {said}; {then}")


def begin_with_defaults(study: optuna.Study, kind: type, without: Container[str] = ()) -> None:
    """Let the first trial be the method as it is."""
    if not study.trials:
        study.enqueue_trial({entry.name: entry.default for entry in _searched(kind, without)})


def _searched(kind: type, without: Container[str]) -> list[Field]:
    """The settings of a method that declare a range, but for some."""
    return [entry for entry in fields(kind) if entry.metadata.get("search") and entry.name not in without]


def next_trials(study: optuna.Study, count: int) -> list[optuna.Trial]:
    """Those that were killed and go on, then new ones."""
    killed = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,))[:count]
    again = [optuna.Trial(study, one._trial_id) for one in killed]  # the one way to a trial that is in the record
    return [*again, *(study.ask() for _ in range(count - len(again)))]


def suggest(trial: optuna.Trial, kind: type, without: Container[str] = ()) -> dict[str, object]:
    """A value for every setting that declares a range, but for some."""
    return {entry.name: _draw(trial, entry) for entry in _searched(kind, without)}


def _draw(trial: optuna.Trial, entry):
    search, log = entry.metadata["search"], entry.metadata["log"]
    if entry.type == "int":
        return trial.suggest_int(entry.name, *search, log=log)
    if entry.type == "float":
        return trial.suggest_float(entry.name, *search, log=log)
    return trial.suggest_categorical(entry.name, list(search))


def finished(study: optuna.Study) -> int:
    """Trials that ran to an end, pruned ones included."""
    states = (optuna.trial.TrialState.COMPLETE, optuna.trial.TrialState.PRUNED)
    return len(study.get_trials(deepcopy=False, states=states))
