"""tune: search a method's settings on validation faces, and register what the best ones make."""

from __future__ import annotations

import shutil
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import optuna
import pandas as pd

from unlearning.errors import DivergedError, InputError
from unlearning.evaluation.table import prediction_table
from unlearning.evaluation.validation import validation_scores
from unlearning.experiments import search
from unlearning.finding import RETRAINED
from unlearning.jobs import unfinished
from unlearning.jobs.forgetting import folder_of, forget
from unlearning.jobs.job import Job
from unlearning.jobs.unfinished import NOTE, work
from unlearning.methods import METHODS
from unlearning.methods.card import check_knobs
from unlearning.models.ensemble import Ensemble, load_model
from unlearning.naming import choose
from unlearning.progress import say
from unlearning.registry.version import Version
from unlearning.steps.settings import TuneSettings, UnlearnSettings
from unlearning.steps.unlearn import Request, mark, open_request, unlearn
from unlearning.tracking import finished, runs
from unlearning.versions.files import predictions_of


def tune(settings: TuneSettings) -> Version:
    """Try settings until ``trials`` of them ran, log each as a nested run, and register a version made with the best."""
    kind = choose(METHODS, settings.method, "method")
    name = f"tune {kind.name} {settings.forget_set}"
    with runs.run("tune", name):
        own = {name: getattr(settings, name) for name in ("method", "forget_set", "epochs", "model", "alpha", "name")}
        request = open_request(UnlearnSettings(**own, reference=RETRAINED))  # what is searched for is nearness to it
        record = _record(settings, request)
        with work(finished.fingerprint("tune", record=record), "tune", name, request.job.parent.data.digest) as place:
            runs.log_settings("tune", asdict(settings))
            with search.record_in_words(*record):
                kept = partial(_place_of, place)
                study = search.open_study(*record, settings.objective, settings.seed, lambda number: kept(number).is_dir())
                search.begin_with_defaults(study, kind)
                _run_trials(study, settings, request, place)
                best, trials = _best(study), study.trials
            runs.log_settings("best", best.params)
            runs.log_numbers({"best": best.value, "best_trial": best.number, "trials": len(trials)})
            rows = [{"trial": t.number, "state": t.state.name.lower(), "value": t.value} | t.params for t in trials]
            runs.log_table(pd.DataFrame(rows), "trials.csv")
            say(f"tune: trial {best.number} is the best of {len(trials)}, {settings.objective} {best.value:.4f} on validation")
            found = " ".join(f"{name}={value!r}".replace("'", "") for name, value in best.params.items())
            return unlearn(replace(request.settings, params=found))[0]


def _best(study: optuna.Study) -> optuna.trial.FrozenTrial:
    complete = study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
    if not complete:
        raise InputError(
            "none of the trials came to an end: see the tag trial.reason of the nested runs, or try more: -P trials=40"
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
    assert request.reference
    table = predictions_of(request.reference)
    before = search.finished(study)
    if before:
        say(f"tune: {before} of {settings.trials} trials were made before")
    while search.finished(study) < settings.trials:
        trial = search.next_trial(study)
        name, own = f"trial {trial.number}", _place_of(place, trial.number)
        own.mkdir(exist_ok=True)
        with runs.run("trial", name), unfinished.run(own, NOTE, "trial", name):
            state = _try(study, trial, settings, request, table, own)
        shutil.rmtree(own)
        done, left = search.finished(study), settings.trials - search.finished(study)
        say(f"tune: trial {trial.number} {state} {trial.params}; {done} done, {left} left")


def _try(
    study: optuna.Study, trial: optuna.Trial, settings: TuneSettings, request: Request, reference: pd.DataFrame, place: Path
) -> str:
    """Run one trial and tell the study what became of it, in one word. One that breaks unforeseen goes on another time."""
    values = search.suggest(trial, choose(METHODS, settings.method, "method"))
    try:
        job = replace(request.job, method=METHODS[settings.method](**values))
        check_knobs(job.method)
        runs.log_settings("method", asdict(job.method))
        scores = _score(trial, job, settings, reference, place)
    except (InputError, DivergedError) as error:
        runs.set_tags({"trial.state": "failed", "trial.reason": str(error)[:500]})
        study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        return "failed"
    except optuna.TrialPruned:
        runs.set_tags({"trial.state": "pruned"})
        study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        return "pruned"
    runs.log_numbers({f"validation_{name}": value for name, value in scores.items()})
    runs.set_tags({"trial.state": "complete"})
    study.tell(trial, scores[settings.objective])
    return f"gives {settings.objective} {scores[settings.objective]:.4f},"


def _score(trial: optuna.Trial, job: Job, settings: TuneSettings, reference: pd.DataFrame, place: Path) -> dict[str, float]:
    """The scores of the unlearned ensemble on validation faces; the test set is not even predicted."""
    named = job.faces.frame.id.isin(job.forget_set.ids)
    faces = job.faces.where((job.faces.frame.split == "validation") | named)

    def scores_of(ensemble: Ensemble) -> dict[str, float]:
        table = prediction_table(ensemble, faces)
        retrained = reference[reference.id.isin(table.id)]
        return validation_scores(table, retrained, job.forget_set, settings.alpha)

    def watch(step: int, member) -> None:
        alone = Ensemble(job.parent.spec, job.parent.seeds[:1], (member,))
        if step not in trial.storage.get_trial(trial._trial_id).intermediate_values:  # an epoch may be done twice, after a kill
            trial.report(scores_of(alone)[settings.objective], step)
        if trial.should_prune():
            raise optuna.TrialPruned

    forget(job, place, watch)
    return scores_of(load_model(folder_of(place, job.epochs[0])))
