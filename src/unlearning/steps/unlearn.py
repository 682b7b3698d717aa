"""unlearn: load a registered version, make it forget, register what comes out."""

from __future__ import annotations

import tempfile
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import pandas as pd

from unlearning.data.faces import FaceSet
from unlearning.data.forget import ForgetSet, check, forget_mask, retain_mask
from unlearning.errors import DivergedError, InputError
from unlearning.evaluation.case import Case
from unlearning.methods import METHODS
from unlearning.methods.params import make_method
from unlearning.methods.task import Method, UnlearningTask
from unlearning.models.build import build
from unlearning.models.ensemble import save_member, save_spec
from unlearning.naming import choose
from unlearning.serving.age_model import MODEL_ARTIFACT
from unlearning.steps import forget_sets
from unlearning.steps.ensemble import epoch_logger
from unlearning.steps.lineage import Parent, find_version, open_parent, predictions_of, retrained_reference
from unlearning.steps.prepare import face_set
from unlearning.steps.progress import say, training_bar
from unlearning.steps.publish import Draft, publish
from unlearning.steps.reuse import mark_finished
from unlearning.steps.settings import UnlearnSettings
from unlearning.tracking import moves, registry, runs
from unlearning.tracking.registry import Version
from unlearning.training.precision import make_fabric


@dataclass(frozen=True)
class Job:
    """One unlearning, opened and checked: everything that training and registering need.

    Args:
        settings: what the user asked for.
        method: the method with its settings.
        forget_set: who is to be forgotten.
        parent: the version to start from.
        reference: the retrained version to be measured against.
        faces: all faces.
    """

    settings: UnlearnSettings
    method: Method
    forget_set: ForgetSet
    parent: Parent
    reference: Version
    faces: FaceSet

    @property
    def retain(self) -> FaceSet:
        """Faces to keep: without the forget set, and without what was forgotten before."""
        return self.faces.where(retain_mask(self.faces.frame, [self.forget_set, *self.parent.forgotten]))

    @property
    def forget(self) -> FaceSet:
        """Faces to forget."""
        return self.faces.where(forget_mask(self.faces.frame, self.forget_set))

    def alias(self, epochs: int) -> str:
        return f"{self.method.name}-{self.forget_set.name}-e{epochs}"


def unlearn(settings: UnlearnSettings) -> list[Version]:
    """Forget, and register one version for each number of epochs asked for."""
    with runs.run("unlearn", f"{settings.method} {settings.forget_set}"), tempfile.TemporaryDirectory() as place:
        job = open_job(settings)
        _log_settings(job)
        seconds = forget(job, Path(place))
        table = predictions_of(job.reference)
        made = [_register(job, epochs, Path(place), seconds[epochs], table) for epochs in settings.epochs]
        mark_finished(mark(settings, job.parent.version, job.reference, job.forget_set), made)
    for version in made:
        scores = "  ".join(f"{name} {float(version.tag(name)):.3f}" for name in ("Utility", "Forgetting", "F"))
        say(f"unlearn: {settings.name} {version.label} registered, {scores}")
    return made


def mark(settings: UnlearnSettings, parent: Version, reference: Version, forget: ForgetSet) -> str:
    """The fingerprint of an unlearning: its settings, where it starts, what it is measured against, whom, and the code."""
    method = asdict(make_method(choose(METHODS, settings.method, "method"), settings.params))
    own = asdict(settings) | {"model": parent.source, "params": method, "forget_set": forget.sha256}
    return runs.fingerprint("unlearn", settings=own, reference=reference.source, digest=parent.tag("data_digest"))


def open_job(settings: UnlearnSettings) -> Job:
    """Check everything before the first step is taken: method, rule, model, data and reference."""
    method = make_method(choose(METHODS, settings.method, "method"), settings.params)
    parent = open_parent(find_version(settings.name, settings.model or registry.CHAMPION))
    forget = forget_sets.read_rule(settings.forget_set, parent.data, parent.version)
    while not settings.model and _remembers_nothing(parent, forget) and parent.version.tag("parent_version", "none") != "none":
        parent = open_parent(find_version(settings.name, parent.version.tag("parent_version")))
    if _remembers_nothing(parent, forget):
        raise InputError(
            f"{parent.version.label} has already forgotten {forget.rule}; start from one that remembers it: -P model=original"
        )
    check(parent.data.manifest, forget, parent.forgotten)
    reference = retrained_reference(parent.version, forget)
    return Job(settings, method, forget, parent, reference, face_set(parent.data))


def _remembers_nothing(parent: Parent, forget: ForgetSet) -> bool:
    """Has the version forgotten everybody in the set?"""
    return bool(forget.ids) and set(forget.ids) <= {face for earlier in parent.forgotten for face in earlier.ids}


def _log_settings(job: Job) -> None:
    digest = job.parent.data.digest
    runs.log_settings("unlearn", asdict(job.settings) | {"model": job.parent.version.uri, "method": job.method.name})
    runs.log_settings("method", asdict(job.method))
    runs.log_settings("data", {"digest": digest})
    runs.log_dataset(job.retain.frame, f"retain {job.forget_set.name}", "retain", digest)
    runs.log_dataset(job.forget.frame, f"forget {job.forget_set.name}", "forget", digest)
    forget_sets.log([*job.parent.forgotten, job.forget_set])


def forget(job: Job, place: Path) -> dict[int, float]:
    """Run the method on every member, save the ensemble at every milestone, and return the seconds up to each."""
    seconds = dict.fromkeys(job.settings.epochs, 0.0)
    for index, (member, seed) in enumerate(zip(job.parent.ensemble().members, job.parent.seeds, strict=True)):
        for epochs, took in _forget_member(job, place, index, member, seed).items():
            seconds[epochs] += took
    training = {"recipe": job.parent.recipe.as_dict(), "weights_digest": job.parent.weights_digest}
    training |= {"method": job.method.name, "params": asdict(job.method)}
    for epochs in job.settings.epochs:
        save_spec(folder_of(place, epochs), job.parent.spec, job.parent.seeds, training | {"epochs": epochs})
    return seconds


def folder_of(place: Path, epochs: int) -> Path:
    """Where the ensemble after so many epochs is saved."""
    return place / f"e{epochs}" / MODEL_ARTIFACT


def _forget_member(job: Job, place: Path, index: int, member, seed: int) -> dict[int, float]:
    seconds: dict[int, float] = {}
    log, last = epoch_logger(seed), max(job.settings.epochs)
    recipe = job.parent.recipe
    with training_bar(f"{job.method.name}, seed {seed}", last) as bar:

        def after_epoch(epoch, model):
            log(epoch)
            bar.after_epoch(epoch)
            if epoch.number in job.settings.epochs:
                save_member(model, folder_of(place, epoch.number), index)
                seconds[epoch.number] = epoch.seconds

        task = UnlearningTask(
            member,
            job.retain,
            job.forget,
            make_fabric(recipe.precision),
            seed,
            partial(build, job.parent.spec),
            recipe,
            last,
            after_epoch,
            bar.after_step,
        )
        try:
            job.method.unlearn(task)
        except DivergedError as error:
            raise DivergedError(f"{job.method.name}: {error}") from error
    return seconds


def _register(job: Job, epochs: int, place: Path, seconds: float, reference_table: pd.DataFrame) -> Version:
    forget, parent, name = job.forget_set, job.parent.version, job.settings.name
    with runs.run("unlearned version", job.alias(epochs)) as run:
        runs.log_settings("unlearn", {"method": job.method.name, "forget_set": forget.rule, "epochs": epochs})
        forget_sets.log([*job.parent.forgotten, forget])
        runs.log_settings("method", asdict(job.method))
        case_of = partial(
            Case,
            retrained=reference_table,
            forget=forget,
            forgotten=tuple(job.parent.forgotten),
            alpha=job.settings.alpha,
            seconds=seconds,
            retrained_seconds=float(job.reference.tag("seconds")),
        )
        title = f"{job.method.name} made version {parent.number} forget {forget.rule} in {epochs} epochs."
        move = partial(moves.install_candidate, alias=job.alias(epochs))
        draft = Draft(name, title, folder_of(place, epochs), _tags(job, epochs), case_of, move)
        return publish(draft, job.faces, run.info.run_id)


def _tags(job: Job, epochs: int) -> dict[str, str]:
    forgotten = [forget.name for forget in (*job.parent.forgotten, job.forget_set)]
    return {
        "role": "unlearned",
        "state": "candidate",
        "method": job.method.name,
        "params": " ".join(f"{name}={value}" for name, value in asdict(job.method).items()),
        "forgotten": ",".join(forgotten),
        "epochs": str(epochs),
        "alpha": f"{job.settings.alpha:g}",
        "data_digest": job.parent.data.digest,
        "data_run": job.parent.version.tag("data_run"),
        "parent_version": str(job.parent.version.number),
        "reference_version": str(job.reference.number),
        **forget_sets.tags(job.forget_set),
    }
