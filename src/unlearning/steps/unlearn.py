"""unlearn: load a registered version, make it forget, register what comes out."""

from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path

import pandas as pd

from unlearning.commands import command
from unlearning.data.faces import face_set
from unlearning.data.forget import ForgetSet, check, forget_mask
from unlearning.data.labels import labels_of
from unlearning.errors import InputError
from unlearning.evaluation.case import Case
from unlearning.evaluation.numbers.forgetting import share_left
from unlearning.evaluation.registry import HEADLINES
from unlearning.finding import AUTO, RETRAINED
from unlearning.jobs import scheme, unfinished
from unlearning.jobs.ensemble import warn_of_first_weights
from unlearning.jobs.forgetting import Cost, folder_of, forget
from unlearning.jobs.job import Job
from unlearning.jobs.reuse import mark_finished, reuse_or
from unlearning.jobs.unfinished import work
from unlearning.methods import METHODS
from unlearning.methods.params import epochs_of, make_method, modules_of, require_support
from unlearning.methods.retrain import Retrain
from unlearning.progress import say
from unlearning.registry import moves
from unlearning.registry.lookup import find_version, one_look
from unlearning.registry.version import CHAMPION, GONE, ORIGINAL, Version
from unlearning.settings.forgetting import UnlearnSettings
from unlearning.tracking import finished, runs
from unlearning.versions import forget_sets
from unlearning.versions.files import predictions_of
from unlearning.versions.findings import require_reference, standing
from unlearning.versions.line import find_original, line_of, versions_of
from unlearning.versions.lineage import Parent, first_spec, open_parent
from unlearning.versions.publish import Draft, publish
from unlearning.versions.references import beside
from unlearning.versions.witnesses import reference_costs

SHARED = ("methods/task.py", "methods/card.py", "jobs/forgetting.py", "jobs/scheme.py", "steps/unlearn.py")


@dataclass(frozen=True)
class Request:
    """One unlearning, opened and checked.

    Args:
        kind: of the reference that the versions will be measured against.
        reference: the retrained version, where they are measured against one.
    """

    settings: UnlearnSettings
    job: Job
    kind: str
    reference: Version | None

    @property
    def alpha(self) -> float:
        """The scale of Forgetting."""
        return self.settings.alpha or self.job.parent.spec.target.alpha

    def alias(self, epochs: int) -> str:
        return f"{self.job.method.name}-{self.job.forget_set.name}-e{epochs}"


def unlearn(settings: UnlearnSettings) -> list[Version]:
    """Forget, and register one version for each number of epochs asked for."""
    name = f"{settings.method} {settings.forget_set}"
    with runs.run("unlearn", name):
        request = open_request(settings)
        parent, reference = request.job.parent.version, request.reference
        made_of = mark(settings, parent, reference, request.job.forget_set)
        with work(made_of, "unlearn", name, request.job.parent.data.digest) as place:
            warn_of_first_weights("unlearn", request.job.parent.weights_digest)
            _log_settings(request)
            scheme.foretell(request.job)
            table = predictions_of(reference) if reference else None  # first: it may be purged while the method works
            costs = forget(request.job, place)
            _log_memory_left(request.job, table)
            made = [_register(request, epochs, place, costs[epochs], table) for epochs in request.job.epochs]
            scheme.finish(request.job, costs[request.job.epochs[0]].seconds, reference)
            mark_finished(made_of, made)
    for version in made:
        names = ("Utility", "Forgetting", "F") if reference else ("test_mae", "forget_mae")
        scores = "  ".join(f"{name} {version.number_in(name):.3f}" for name in names)
        say(f"unlearn: {version.model} {version.label} registered, {scores}")
    return made


def unlearn_or_reuse(
    settings: UnlearnSettings, parent: Version, reference: Version | None, forget: ForgetSet, force: bool = False
) -> list[Version]:
    """The versions of a finished run with this ``mark``; without one, or with ``force``, new ones."""
    made = mark(settings, parent, reference, forget)
    return reuse_or(f"unlearn ({settings.method})", made, settings.name, force, lambda: unlearn(settings))


def mark(settings: UnlearnSettings, parent: Version, reference: Version | None, forget: ForgetSet) -> str:
    """The fingerprint of an unlearning: its settings, where it starts, what it is measured against, whom, and the code."""
    kind = METHODS[settings.method]
    method = make_method(kind, settings.params)
    own = asdict(settings) | {"model": parent.source, "params": asdict(method), "forget_set": forget.sha256}
    own |= {"epochs": epochs_of(method, settings.epochs), "alpha": settings.alpha or parent.target.alpha}
    code, digest = (*SHARED, *modules_of(kind)), parent.tag("data_digest")
    beside = reference.source if reference else settings.reference
    return finished.fingerprint("unlearn", code=code, settings=own, reference=beside, digest=digest)


@one_look()
def open_request(settings: UnlearnSettings) -> Request:
    """Check everything before the first step is taken: method, rule, model, data and reference."""
    method = make_method(METHODS[settings.method], settings.params)
    epochs = epochs_of(method, settings.epochs)
    version = find_version(settings.name, settings.model or CHAMPION)
    require_support(method, version.target)
    parent = open_parent(version)
    forget = forget_sets.read_rule(settings.forget_set, parent.data, parent.version)
    before = [] if settings.model else versions_of(line_of(parent.version), parent.version.model)[1:]
    for earlier in before:
        if _remembers_nothing(parent, forget) and earlier.tag("state") not in GONE:
            parent = open_parent(earlier)
    if _remembers_nothing(parent, forget):
        raise InputError(
            f"{parent.version.label} was made to forget {forget.rule} already; start from one that remembers it: "
            f"{command('unlearn', parent.version.model, model=ORIGINAL, method=method.name, forget_set=forget.rule)}"
        )
    check(parent.data.manifest, forget, parent.forgotten, parent.data.target)
    kind, reference = _reference(settings, parent.version, forget, method.card.exact)
    if method.name == Retrain.name:
        # The reference began with the same file, and later.
        moved = runs.read_parameter(reference.run_id, "model.weights") if reference else ""
        moved = moved if moved and Path(moved).expanduser().is_file() else ""
        parent = replace(parent, spec=first_spec(parent, moved, "put it there, and type the same command again"))
    return Request(settings, Job(method, epochs, forget, parent, face_set(parent.data)), kind, reference)


def _reference(settings: UnlearnSettings, parent: Version, forget: ForgetSet, exact: bool) -> tuple[str, Version | None]:
    """What the versions will be measured against; an exact method needs nothing, and takes what stands."""
    kind = standing(parent, forget, settings.reference) if exact else require_reference(parent, forget, settings.reference)
    scored = settings.reference in (AUTO, RETRAINED)  # scores need a retrained one, also where a cross-fitting judges
    return kind, beside(parent, forget).retrained if scored else None


def _remembers_nothing(parent: Parent, forget: ForgetSet) -> bool:
    """Has the version forgotten everybody in the set?"""
    return bool(forget.ids) and set(forget.ids) <= {face for earlier in parent.forgotten for face in earlier.ids}


def _log_settings(request: Request) -> None:
    job = request.job
    digest = job.parent.data.digest
    asked = {"model": job.parent.version.uri, "method": job.method.name, "epochs": job.epochs, "alpha": request.alpha}
    runs.log_settings("unlearn", asdict(request.settings) | asked)
    runs.log_settings("method", asdict(job.method))
    runs.log_settings("data", {"digest": digest})
    runs.log_dataset(job.retain.frame, f"retain {job.forget_set.name}", "retain", digest)
    runs.log_dataset(job.forget.frame, f"forget {job.forget_set.name}", "forget", digest)
    forget_sets.log([*job.parent.forgotten, job.forget_set])


def _log_memory_left(job: Job, retrained: pd.DataFrame | None) -> None:
    """How much of the forget set is remembered after every epoch, where a reference stands.

    It is told only here, from the errors that were logged meanwhile: what a method is given knows of no reference.
    """
    original = find_original(job.parent.version)
    if retrained is None or original is None:
        return
    known = [_error_on(job, table) for table in (retrained, predictions_of(original))]
    for seed in job.parent.seeds:
        for epoch, error in runs.curve(f"seed-{seed}/forget_mae").items():
            runs.log_numbers({f"seed-{seed}/forget_memory_left": share_left(known[0], error, known[1])}, step=epoch)


def _error_on(job: Job, table: pd.DataFrame) -> float:
    """Mean error of a version's members on the forget set, on average, in the target's unit."""
    rows = table[forget_mask(table, job.forget_set)]
    truth = job.parent.spec.target.truth(labels_of(rows).to_numpy())
    return float(rows.filter(like="member_").sub(truth, axis=0).abs().to_numpy().mean())


def _register(request: Request, epochs: int, place: Path, cost: Cost, reference_table: pd.DataFrame | None) -> Version:
    job = request.job
    forget, parent = job.forget_set, job.parent.version
    step, alias = "unlearned version", request.alias(epochs)
    with runs.run(step, alias), unfinished.run(place, f"run-e{epochs}.json", step, alias):
        runs.log_settings("unlearn", {"method": job.method.name, "forget_set": forget.rule, "epochs": epochs})
        forget_sets.log([*job.parent.forgotten, forget])
        runs.log_settings("method", asdict(job.method))
        runs.log_numbers({name: value for name, value in asdict(cost).items() if name not in HEADLINES})
        scheme.log_checkpoints(place)
        case_of = partial(
            Case,
            retrained=reference_table,
            forget=forget,
            forgotten=tuple(job.parent.forgotten),
            alpha=request.alpha,
            seconds=cost.seconds,
            samples=cost.retain_samples + cost.forget_samples,
            peak_memory_mb=cost.peak_memory_mb,
            **reference_costs(request.reference),
        )
        title = f"{job.method.name} made version {parent.number} forget {forget.rule} in {epochs} epochs."
        move = partial(moves.install_candidate, alias=alias)
        draft = Draft(parent.model, title, folder_of(place, epochs), _tags(request, epochs, cost), case_of, move)
        return publish(draft, job.faces, runs.active_id())


def _tags(request: Request, epochs: int, cost: Cost) -> dict[str, str]:
    job, parent = request.job, request.job.parent.version
    forgotten = [forget.name for forget in (*job.parent.forgotten, job.forget_set)]
    return {
        "role": "unlearned",
        "state": "candidate",
        "method": job.method.name,
        "exact": str(job.method.card.exact).lower(),
        "params": " ".join(f"{name}={value}" for name, value in asdict(job.method).items()),
        "forgotten": ",".join(forgotten),
        "epochs": str(epochs),
        "alpha": f"{request.alpha:g}",
        "data_digest": job.parent.data.digest,
        "data_run": parent.tag("data_run"),
        "parent_version": str(parent.number),
        "reference": request.kind,
        "reference_version": str(request.reference.number) if request.reference else "none",
        **{name: f"{value:.6g}" for name, value in asdict(cost).items()},
        **scheme.tags_after(job),
        **forget_sets.tags(job.forget_set),
    }
