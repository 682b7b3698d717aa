"""The search for a method's settings: what optuna is told, and where it remembers what it has tried."""

from __future__ import annotations

import logging
from dataclasses import fields
from pathlib import Path

import optuna

from unlearning.data.cache import cache_folder
from unlearning.errors import InputError
from unlearning.faults import first_line, is_full, library_of

DIRECTIONS = {"F": "maximize", "distance": "minimize"}


def open_study(folder: str, name: str, objective: str, seed: int) -> optuna.Study:
    """The study of this name, begun or found again in an SQLite file of the cache; trials that were killed count as failed.

    The seed is moved by the number of trials, so that a study that goes on does not draw its first trials again.
    """
    logging.getLogger("optuna").setLevel(logging.WARNING)
    place = cache_folder() / "searches" / folder
    place.mkdir(parents=True, exist_ok=True)
    storage = _storage(place / f"{name}.db")
    pruner = optuna.pruners.MedianPruner(n_startup_trials=4, n_warmup_steps=1)
    study = optuna.create_study(
        study_name=name, storage=storage, direction=DIRECTIONS[objective], load_if_exists=True, pruner=pruner
    )
    for trial in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    study.sampler = optuna.samplers.TPESampler(seed=seed + len(study.trials), n_startup_trials=6)
    return study


def _storage(path: Path) -> optuna.storages.RDBStorage:
    """The record of earlier trials; InputError when it is damaged."""
    try:
        return optuna.storages.RDBStorage(f"sqlite:///{path}")
    except Exception as error:
        if library_of(error) not in ("optuna", "sqlalchemy") or is_full(error):
            raise
        raise InputError(
            f"the record of earlier trials {path} cannot be used: {first_line(error)}; delete it, and the search begins anew"
        ) from error


def begin_with_defaults(study: optuna.Study, kind: type) -> None:
    """Let the first trial be the method as it is."""
    if not study.trials:
        study.enqueue_trial({entry.name: entry.default for entry in fields(kind) if entry.metadata.get("search")})


def suggest(trial: optuna.Trial, kind: type) -> dict[str, object]:
    """A value for every setting that declares a range."""
    return {entry.name: _draw(trial, entry) for entry in fields(kind) if entry.metadata.get("search")}


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
