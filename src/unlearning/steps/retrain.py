"""retrain: the reference, trained by the original's recipe on everything but the forget set."""

from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

from unlearning.commands import command
from unlearning.data.faces import FaceSet, face_set
from unlearning.data.forget import ForgetSet, check, retain_mask
from unlearning.errors import InputError
from unlearning.evaluation.case import Case
from unlearning.jobs import scheme
from unlearning.jobs.ensemble import Training, standardised, train_ensemble, warn_of_first_weights
from unlearning.jobs.forecast import foretell
from unlearning.jobs.reuse import mark_finished, reuse_or
from unlearning.jobs.unfinished import work
from unlearning.models.spec import ModelSpec
from unlearning.naming import MODEL_ARTIFACT
from unlearning.progress import say
from unlearning.registry import moves
from unlearning.registry.lookup import find_version
from unlearning.registry.version import VARIANT, Version
from unlearning.settings.training import RetrainSettings
from unlearning.tracking import finished, runs
from unlearning.versions import forget_sets
from unlearning.versions.lineage import Parent, first_spec, open_parent
from unlearning.versions.publish import Draft, publish
from unlearning.versions.references import is_fair, retrained_reference

CODE = ("jobs/ensemble.py", "steps/retrain.py")


def retrain(settings: RetrainSettings, manifest: ForgetSet | None = None) -> Version:
    """Train as the original was trained, without the forget set; register the result as ``retrained-SET``.

    What the version that is followed has forgotten before is left out too. ``manifest``: who is to be forgotten, where that
    was decided before; the rule is not read again then.
    """
    name = f"retrained without {settings.forget_set}"
    name += f", seeds {','.join(map(str, settings.seeds))}" if settings.seeds else ""
    with runs.run("retrain", name):
        parent = open_parent(find_version(settings.name, settings.model))
        scheme.require_free(settings.seeds, parent.seeds, parent.plan)
        forget = manifest or forget_sets.read_rule(settings.forget_set, parent.data, parent.version)
        before = [earlier for earlier in parent.forgotten if earlier.sha256 != forget.sha256]
        check(parent.data.manifest, forget, before, parent.data.target)
        made_of = mark(settings, parent.version, forget)
        with work(made_of, "retrain", name, parent.data.digest) as place:
            version = _retrain(settings, parent, [*before, forget], place)
            mark_finished(made_of, [version])
    say(f"retrain: {version.model} {version.label} registered, test {version.target.error_in_words(version.tag('test_mae'))}")
    return version


def _retrain(settings: RetrainSettings, parent: Parent, forgotten: list[ForgetSet], place: Path) -> Version:
    *before, forget = forgotten
    forget_sets.log(forgotten)
    faces, digest = face_set(parent.data), parent.data.digest
    training = _training(settings, parent, faces.where(retain_mask(faces.frame, forgotten)), forget.rule)
    training.log(digest, seeds=training.seeds, forget_set=forget.rule)
    scheme.log(training.plan)
    runs.log_dataset(training.faces.frame, f"retain {forget.name}", "retain", digest)
    folder = place / MODEL_ARTIFACT
    foretell("retrain", training)
    took = train_ensemble(training, folder)
    title = f"The retrained reference for {forget.rule}: as version {parent.version.number}, but it never saw these faces."
    known = {"seconds": took.seconds, "retrained_seconds": took.seconds, "forgotten": tuple(before)}
    known |= {"samples": took.samples, "retrained_samples": took.samples}
    move = partial(moves.install_reference, forget_set=forget.name)
    tags = _tags(parent, training, forgotten)
    draft = Draft(parent.version.model, title, folder, tags, lambda table: Case(table, table, forget, **known), move)
    return publish(draft, faces, runs.active_id())


def _training(settings: RetrainSettings, parent: Parent, retained: FaceSet, rule: str) -> Training:
    """As the original was trained, on the faces that are left."""
    recipe = replace(parent.recipe, epochs=settings.epochs or parent.recipe.epochs)
    plan = scheme.plan_for(parent, recipe)
    seeds = scheme.member_seeds(plan, settings.seeds) if settings.seeds else parent.seeds
    spec = standardised(_start(parent, settings), retained, plan)
    return Training(retained, spec, recipe, seeds, f"retrained without {rule}", plan, parent.aggregate.by)


def _tags(parent: Parent, training: Training, forgotten: list[ForgetSet]) -> dict[str, str]:
    return {
        "role": "retrained",
        "state": "reference",
        "forgotten": ",".join(one.name for one in forgotten),
        "epochs": str(training.recipe.epochs),
        "data_digest": parent.data.digest,
        "data_run": parent.version.tag("data_run"),
        "parent_version": str(parent.version.number),
        **({VARIANT: f"-seeds-{'-'.join(map(str, training.seeds))}"} if training.seeds != parent.seeds else {}),
        **scheme.tags_of(training.plan),
        **forget_sets.tags(forgotten[-1]),
    }


def retrain_or_reuse(settings: RetrainSettings, original: Version, forget: ForgetSet, force: bool = False) -> Version:
    """The reference of a finished run with this ``mark``; without one, or with ``force``, a new one."""
    return reuse_or("retrain", mark(settings, original, forget), settings.name, force, lambda: [retrain(settings, forget)])[0]


def mark(settings: RetrainSettings, original: Version, forget: ForgetSet) -> str:
    """The fingerprint of a retraining: its settings, the version it follows, the forget set, and the code."""
    own = asdict(settings) | {"model": original.source, "forget_set": forget.sha256}
    return finished.fingerprint("retrain", code=CODE, settings=own, digest=original.tag("data_digest"))


def _start(parent: Parent, settings: RetrainSettings) -> ModelSpec:
    """The original's network from the original's first weights; a local file is found again by its digest."""
    if not parent.weights_digest:
        return parent.spec
    warn_of_first_weights("retrain", parent.weights_digest)
    again = command("retrain", parent.version.model, forget_set=settings.forget_set, weights="FILE")
    return first_spec(parent, settings.weights, f"say where it lies: {again}")


def ensure_reference(parent: Version, forget: ForgetSet) -> Version:
    """The model retrained without a forget set and without all that a version has forgotten before."""
    try:
        found = retrained_reference(parent, forget)
    except InputError:
        found = None
    if found and is_fair(found, parent, forget):
        return found
    return retrain_or_reuse(RetrainSettings(forget.rule, str(parent.number), name=parent.model), parent, forget)
