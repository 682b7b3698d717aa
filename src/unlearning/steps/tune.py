"""tune: search a method's settings on validation faces, and register what the best ones make."""

from __future__ import annotations

import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import optuna
import pandas as pd

from unlearning.commands import spelt
from unlearning.errors import InputError
from unlearning.evaluation.table import prediction_table
from unlearning.evaluation.validation import validation_scores
from unlearning.experiments import search
from unlearning.experiments.spread import alone
from unlearning.experiments.spread import place as spread_out
from unlearning.finding import RETRAINED
from unlearning.jobs import unfinished
from unlearning.jobs.forgetting import folder_of, forget
from unlearning.jobs.job import Job
from unlearning.jobs.unfinished import NOTE, work
from unlearning.methods import METHODS
from unlearning.methods.card import check_knobs
from unlearning.methods.params import idle
from unlearning.models.ensemble import Ensemble, load_model
from unlearning.progress import say
from unlearning.registry.version import Version
from unlearning.settings.forgetting import TuneSettings, UnlearnSettings
from unlearning.steps.unlearn import Request, mark, open_request, unlearn
from unlearning.tracking import finished, runs, temporary
from unlearning.versions.files import predictions_of


def tune(settings: TuneSettings) -> Version:
    """Try settings until ``trials`` of them ran, log each as a nested run, and register a version made with the best."""
    kind = METHODS[settings.method]
    name = f"tune {kind.name} {settings.forget_set}"
    with runs.run("tune", name):
        request = _open(settings)
        record = _record(settings, request)
        with work(finished.fingerprint("tune", record=record), "tune", name, request.job.parent.data.digest) as place:
            runs.log_settings("tune", asdict(settings))
            with search.record_in_words(*record):
                kept = partial(_place_of, place)
                study = search.open_study(*record, settings.objective, settings.seed, lambda number: kept(number).is_dir())
                search.begin_with_defaults(study, kind, idle(request.job.parent.spec.target))
                _run_trials(study, settings, request, place)
                best, trials = _best(study), study.trials
            runs.log_settings("best", best.params)
            runs.log_numbers({"best": best.value, "best_trial": best.number, "trials": len(trials)})
            rows = [{"trial": t.number, "state": t.state.name.lower(), "value": t.value} | t.params for t in trials]
            runs.log_table(pd.DataFrame(rows), "trials.csv")
            say(f"tune: trial {best.number} is the best of {len(trials)}, {settings.objective} {best.value:.4f} on validation")
            found = " ".join(f"{name}={value!r}".replace("'", "") for name, value in best.params.items())
            return unlearn(replace(request.settings, params=found))[0]


def _open(settings: TuneSettings) -> Request:
    own = {name: getattr(settings, name) for name in ("method", "forget_set", "epochs", "model", "alpha", "name")}
    return open_request(UnlearnSettings(**own, reference=RETRAINED))  # what is searched for is nearness to it


def _best(study: optuna.Study) -> optuna.trial.FrozenTrial:
    complete = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    if not complete:
        raise InputError(
            f"none of the trials came to an end: see the tag trial.reason of the nested runs, or try more: {spelt(trials=40)}"
        )
    return study.best_trial


def _record(settings: TuneSettings, request: Request) -> tuple[str, str]:
    """Folder and name of the study: the same method, model, forget set, code, objective and seed continue one."""
    job = request.job
    key = mark(request.settings, job.parent.version, request.reference, job.forget_set)
    folder = f"{job.parent.version.model}-{job.parent.version.number}"
    return folder, f"{settings.method}-{settings.objective}-seed-{settings.seed}-{key}"


def _place_of(place: Path, number: int) -> Path:
    """Where a trial keeps how far it is."""
    return place / f"trial-{number}"


def _run_trials(study: optuna.Study, settings: TuneSettings, request: Request, place: Path) -> None:
    """Rounds of as many trials as there are workers; the study is told of a round in the order of its numbers."""
    if before := search.finished(study):
        say(f"tune: {before} of {settings.trials} trials were made before")
    is_alone, kind = alone(settings.spread, settings.workers), METHODS[settings.method]
    without = idle(request.job.parent.spec.target)
    with spread_out(settings.spread, settings.workers) as run_jobs:
        while (left := settings.trials - search.finished(study)) > 0:
            trials = {one.number: one for one in search.next_trials(study, min(left, settings.workers))}
            here, there = (
                partial(_here, settings, request, place, trials),
                partial(_elsewhere, settings, runs.active_id(), place),
            )
            jobs = [(number, search.suggest(trial, kind, without)) for number, trial in trials.items()]
            for (number, values), tried in sorted(run_jobs(here if is_alone else there, jobs), key=lambda made: made[0][0]):
                state = optuna.trial.TrialState.PRUNED if tried.value is None else optuna.trial.TrialState.COMPLETE
                study.tell(number, tried.value, state)
                shutil.rmtree(_place_of(place, number))
                done, left = search.finished(study), settings.trials - search.finished(study)
                say(f"tune: trial {number} {tried.in_words(settings.objective)} {values}; {done} done, {left} left")


def _here(settings: TuneSettings, request: Request, place: Path, trials: dict, number: int, values: dict) -> Tried:
    """A trial in this process; one that is behind the others is given up."""
    with _trial_run(place, number, "") as own:
        return _try(settings, request, own, values, trials[number])


def _elsewhere(settings: TuneSettings, run_id: str, place: Path, number: int, values: dict) -> Tried:
    """A trial in a process of its own, whose run becomes a child of the search's all the same."""
    runs.leave_launcher()
    with temporary.private(), _trial_run(place, number, run_id) as own:
        return _try(settings, _open(settings), own, values, None)


@contextmanager
def _trial_run(place: Path, number: int, parent: str) -> Iterator[Path]:
    """The run of a trial, and where it keeps how far it is. One that breaks unforeseen goes on another time."""
    name, own = f"trial {number}", _place_of(place, number)
    own.mkdir(parents=True, exist_ok=True)
    with runs.run("trial", name, parent), unfinished.run(own, NOTE, "trial", name):
        yield own


@dataclass(frozen=True)
class Tried:
    """What became of a trial: the objective's value; None where it was given up or failed, for a reason."""

    value: float | None = None
    reason: str = ""

    def in_words(self, objective: str) -> str:
        if self.value is not None:
            return f"gives {objective} {self.value:.4f},"
        return "failed" if self.reason else "pruned"


def _try(settings: TuneSettings, request: Request, place: Path, values: dict, trial: optuna.Trial | None) -> Tried:
    """Make the model forget with these settings and score it; ``trial`` hears of every epoch, and may give it up."""
    assert request.reference
    try:
        job = replace(request.job, method=METHODS[settings.method](**values))
        check_knobs(job.method)
        runs.log_settings("method", asdict(job.method))
        scores = _score(trial, job, settings, predictions_of(request.reference), place)
    except InputError as error:
        return _failed(str(error))
    except optuna.TrialPruned:
        runs.set_tags({"trial.state": "pruned"})
        return Tried()
    value = scores[settings.objective]
    if math.isnan(value):
        return _failed(f"{settings.objective} has no value for these settings, so that nothing can be chosen by it")
    runs.log_numbers({f"validation_{name}": value for name, value in scores.items()})
    runs.set_tags({"trial.state": "complete"})
    return Tried(value)


def _failed(reason: str) -> Tried:
    runs.set_tags({"trial.state": "failed", "trial.reason": reason[:500]})
    return Tried(reason=reason)


def _score(
    trial: optuna.Trial | None, job: Job, settings: TuneSettings, reference: pd.DataFrame, place: Path
) -> dict[str, float]:
    """The scores of the unlearned ensemble on validation faces; the test set is not even predicted."""
    named = job.faces.frame.id.isin(job.forget_set.ids)
    faces, target = job.faces.where((job.faces.frame.split == "validation") | named), job.parent.spec.target

    def scores_of(ensemble: Ensemble) -> dict[str, float]:
        table = prediction_table(ensemble, faces)
        retrained = reference[reference.id.isin(table.id)]
        return validation_scores(table, retrained, job.forget_set, settings.alpha or target.alpha, target)

    def watch(step: int, member) -> None:
        if trial is None:
            return
        first = Ensemble(job.parent.spec, job.parent.seeds[:1], (member,))
        if step not in trial.storage.get_trial(trial._trial_id).intermediate_values:  # an epoch may be done twice, after a kill
            trial.report(scores_of(first)[settings.objective], step)
        if trial.should_prune():
            raise optuna.TrialPruned

    forget(job, place, watch)
    return scores_of(load_model(folder_of(place, job.epochs[0])))
