"""crossfit: what models that never saw a face say of it, for every face at once, so that a later request trains nothing."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from time import perf_counter

import numpy as np
import pandas as pd

from unlearning.data.faces import face_set
from unlearning.errors import InputError
from unlearning.experiments.spread import alone, place
from unlearning.jobs import unfinished
from unlearning.jobs.crossfit import Kept, deal_folds, fold_predictions, joined
from unlearning.jobs.ensemble import Training
from unlearning.jobs.forecast import foretell
from unlearning.jobs.unfinished import NOTE, work
from unlearning.models.spec import ModelSpec
from unlearning.naming import NEVER_SEEN_TABLE
from unlearning.progress import say
from unlearning.registry.lookup import find_version
from unlearning.registry.version import Version
from unlearning.settings.training import CrossfitSettings
from unlearning.tracking import finished, runs, temporary
from unlearning.training import group, ongoing
from unlearning.versions.line import original_of
from unlearning.versions.lineage import Parent, first_spec, open_parent
from unlearning.versions.never_seen import ORIGINAL, STEP

CODE = ("jobs/crossfit.py", "jobs/ensemble.py", "steps/crossfit.py")
DEALT = 0  # one deal for all seeds: their predictions of a face differ by what training does, and not by whom it saw


def crossfit(settings: CrossfitSettings) -> pd.DataFrame:
    """Train a model for each fold and seed, and log one table with what they say of the faces that they never saw."""
    name, is_alone = f"crossfit {settings.folds} folds", alone(settings.spread, settings.workers)
    if group.size() > 1 and not is_alone:
        raise InputError("several devices train one fold after the other; legal with them: workers=1 and spread=processes")
    with runs.run(STEP, name):
        parent = open_parent(original_of(find_version(settings.name, settings.model)))
        check(parent)
        made_of = mark(settings, parent)
        done = finished.find_finished(made_of)
        if done:
            say(f"crossfit: reused run {done['run_id']} (same original, data, folds, seeds and code)")
            return runs.read_table(done["run_id"], NEVER_SEEN_TABLE)
        with work(made_of, STEP, name, parent.data.digest) as folder:
            runs.log_settings("crossfit", asdict(settings))
            faces = face_set(parent.data).frame
            _foretell(settings, parent)
            folds = deal_folds(faces, settings.folds, DEALT)
            here = _fold if is_alone else _elsewhere
            act = partial(here, folds, parent.version, runs.active_id(), Kept(folder))
            table = joined(faces, folds, _train(settings, act))
            runs.log_table(table, NEVER_SEEN_TABLE)
            runs.set_tags({ORIGINAL: parent.version.source, "data_digest": parent.data.digest})
            finished.mark_finished(made_of)
    say(
        f"crossfit: {len(table)} faces, each predicted by {len(settings.seeds)} models that never saw it; requests for single "
        f"faces of {parent.version.label} need no retraining now"
    )
    return table


def _foretell(settings: CrossfitSettings, parent: Parent) -> None:
    """Each face is shown in every fold but its own."""
    training = Training(face_set(parent.data), parent.spec, parent.recipe, settings.seeds, "")
    foretell(STEP, training, parent.recipe.epochs * len(settings.seeds) * (settings.folds - 1), networks=1)


def check(parent: Parent) -> None:
    """InputError for an original that forgets exactly, or whose first weights are gone."""
    if parent.plan:
        label = parent.version.label
        raise InputError(f"{label} was trained in shards (scheme=sisa): it forgets exactly, and needs no reference")
    _first_spec(parent)


def _first_spec(parent: Parent) -> ModelSpec:
    """The folds' networks begin as the original's did."""
    return first_spec(parent, "", "put it back: each fold's model begins with it, as the original did")


def mark(settings: CrossfitSettings, parent: Parent) -> str:
    """The fingerprint of a cross-fitting: how many folds and which seeds, the original that it follows, its data, the code."""
    own = {"folds": settings.folds, "original": parent.version.source, "seeds": settings.seeds}
    return finished.fingerprint("crossfit", code=CODE, settings=own, digest=parent.data.digest)


def _train(settings: CrossfitSettings, act: Callable) -> Iterator[tuple[int, pd.DataFrame]]:
    """(seed, predictions) of every fold, in the order in which they are done; says how long the rest will take."""
    jobs = [(seed, fold) for seed in settings.seeds for fold in range(settings.folds)]
    start, new = perf_counter(), 0
    with place(settings.spread, settings.workers) as run_jobs:
        for done, ((seed, fold), (predictions, was_trained)) in enumerate(run_jobs(act, jobs), 1):
            new += was_trained
            minutes = (perf_counter() - start) / max(new, 1) * (len(jobs) - done) / 60
            ongoing.tell_written()  # of a fold that another process has trained
            say(f"crossfit: seed {seed}, fold {fold}: {done} of {len(jobs)} models done, about {minutes:.0f} minutes to go")
            yield seed, predictions


def _elsewhere(*job) -> tuple[pd.DataFrame, bool]:
    """In a process of its own the fold's run becomes a child of the cross-fitting's all the same."""
    runs.leave_launcher()
    with temporary.private():
        return _fold(*job)


def _fold(folds: np.ndarray, original: Version, run_id: str, kept: Kept, seed: int, fold: int) -> tuple[pd.DataFrame, bool]:
    """The predictions of one fold's model, and whether it was trained now."""

    def make() -> pd.DataFrame:
        name, place = f"seed {seed}, fold {fold}", kept.place(seed, fold)
        with runs.run("fold", name, run_id), unfinished.run(place, NOTE, "fold", name):
            parent = open_parent(original)
            start = _first_spec(parent), parent.recipe, seed
            return fold_predictions(face_set(parent.data), folds == fold, f"fold {fold}", start, place)

    was_there = kept.has(seed, fold)
    return kept(seed, fold, make), not was_there
