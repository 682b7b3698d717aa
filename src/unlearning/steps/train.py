"""train: the original model, which remembers everything."""

from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from unlearning.commands import command
from unlearning.data.faces import face_set
from unlearning.data.manifest import DataSet
from unlearning.errors import InputError
from unlearning.evaluation.case import Case
from unlearning.jobs import scheme
from unlearning.jobs.ensemble import Training, standardised, train_ensemble, try_out, warn_of_first_weights
from unlearning.jobs.forecast import foretell
from unlearning.jobs.reuse import mark_finished, reuse_or
from unlearning.jobs.unfinished import work
from unlearning.models.first_weights import file_digest
from unlearning.naming import MODEL_ARTIFACT
from unlearning.progress import say
from unlearning.registry import moves
from unlearning.registry.lookup import all_versions
from unlearning.registry.version import GONE, Version
from unlearning.settings.training import TrainSettings
from unlearning.steps.prepare import prepare
from unlearning.tracking import finished, runs
from unlearning.training.precision import resolve_precision
from unlearning.versions.publish import Draft, publish

CODE = ("jobs/ensemble.py", "steps/train.py")


def train(settings: TrainSettings) -> Version:
    """Prepare the faces, train on all training faces, register the model as ``original``, and return its version."""
    spec = settings.model
    name = f"original {spec.arch} {spec.image_size}px"
    with runs.run("train", name):
        require_one_target(settings)
        try_out(spec)
        warn_of_first_weights("train", file_digest(spec.weights))
        data, data_run = prepare(settings.data, spec.image_size)
        made_of = mark(settings, data.digest)
        with work(made_of, "train", name, data.digest) as place:
            version = _train(settings, data, data_run, place)
            mark_finished(made_of, [version])
    say(f"train: {settings.name} {version.label} registered, test {version.target.error_in_words(version.tag('test_mae'))}")
    return version


def require_one_target(settings: TrainSettings) -> None:
    """InputError where the versions of the registered model predict something else: who asks it expects one thing."""
    asked = settings.data.predicts
    known = [one.target for one in all_versions(settings.name) if one.tag("role") and one.tag("state") not in GONE]
    other = next((one for one in known if not one.is_like(asked)), None)
    if other:
        raise InputError(
            f"the versions of {settings.name} predict {other.axis}, and {asked.axis} is asked for; give it a model of its own: "
            f"{command('train', 'NAME', target=asked.name)}"
        )


def _train(settings: TrainSettings, data: DataSet, data_run: str, place: Path) -> Version:
    spec, training, folder = settings.model, training_of(settings, data), place / MODEL_ARTIFACT
    _log(settings, training, data.digest)
    foretell("train", training)
    took = train_ensemble(training, folder)
    title = f"The original: {spec.arch} at {spec.image_size} px, trained on all training faces of data {data.digest}."
    tags = _tags(training) | {"data_digest": data.digest, "data_run": data_run}
    case_of = partial(Case, seconds=took.seconds, samples=took.samples)
    draft = Draft(settings.name, title, folder, tags, case_of, moves.install_original)
    return publish(draft, training.faces, runs.active_id())


def training_of(settings: TrainSettings, data: DataSet) -> Training:
    """What the settings ask for, on prepared faces."""
    recipe, plan, faces = settings.recipe(), settings.plan(), face_set(data)
    oldest = max(settings.model.max_age, settings.data.max_age)  # what a sigmoid of 1 stands for has to reach them all
    spec = standardised(replace(settings.model, max_age=oldest).predicting(data.target), faces, plan)
    recipe = replace(recipe, precision=resolve_precision(recipe.precision))
    seeds = scheme.member_seeds(plan, settings.seeds)
    return Training(faces, spec, recipe, seeds, "original", plan, settings.aggregate)


def _log(settings: TrainSettings, training: Training, digest: str) -> None:
    asked = {name: getattr(settings, name) for name in ("preset", "seeds", "scheme", "aggregate")}
    training.log(digest, **asked)
    scheme.announce(training.plan)
    for part in ("train", "validation"):
        runs.log_dataset(training.faces.part(part).frame, part, part, digest)


def _tags(training: Training) -> dict[str, str]:
    return {
        "role": "original",
        "state": "remembers",
        "forget_set": "none",
        "forgotten": "none",
        "epochs": str(training.recipe.epochs),
        "parent_version": "none",
        **scheme.tags_of(training.plan),
    }


def train_or_reuse(settings: TrainSettings, digest: str, force: bool = False) -> Version:
    """The original of a finished run with this ``mark``; without one, or with ``force``, a new one."""
    return reuse_or("train", mark(settings, digest), settings.name, force, lambda: [train(settings)])[0]


def mark(settings: TrainSettings, digest: str) -> str:
    """The fingerprint of a training: its settings, the data, the code, and the content of a weights file."""
    weights = file_digest(settings.model.weights)
    return finished.fingerprint("train", code=CODE, settings=asdict(settings), digest=digest, weights=weights)
