"""Training in shards and slices (SISA), as all other modules ask for it: nothing here does anything for a model without a plan.

Where checkpoints lie, what forgetting will cost, and which checkpoints must go.
"""

import math
from collections.abc import Callable
from dataclasses import replace
from itertools import count, filterfalse, islice
from pathlib import Path

from unlearning.commands import command
from unlearning.errors import DamagedError, InputError
from unlearning.jobs.job import Job
from unlearning.methods.sisa import Sisa
from unlearning.models.aggregate import Aggregate
from unlearning.models.ensemble import load_weights, save_weights
from unlearning.progress import say
from unlearning.registry.version import Version
from unlearning.tracking import artifacts, runs
from unlearning.training.recipe import Recipe
from unlearning.training.slices import Forecast, SlicePlan, Slices, epochs_per_slice, foresee
from unlearning.versions.line import line_of, versions_of
from unlearning.versions.lineage import Parent

FOLDER = "sisa"


def path_of(shard: int, number: int) -> str:
    """The artifact that holds a shard's weights from before a slice."""
    return f"{FOLDER}/shard-{shard}/before-slice-{number}.safetensors"


def member_seeds(plan: SlicePlan | None, seeds: tuple[int, ...]) -> tuple[int, ...]:
    """The seeds of an ensemble's members: one for each shard, made of one seed, or those that were asked for."""
    return plan.seeds(seeds) if plan else seeds


def require_free(asked: tuple[int, ...], seeds: tuple[int, ...], plan: SlicePlan | None, name: str = "seeds") -> None:
    """InputError where further references would have a seed of the original's, as the first has: one seed is one witness."""

    def taken(seed: int) -> bool:
        return not set(seeds).isdisjoint(member_seeds(plan, (seed,)))

    if any(map(taken, asked)):
        given, used = (",".join(map(str, some)) for some in (asked, filter(taken, asked)))
        free = ",".join(map(str, islice(filterfalse(taken, count()), len(asked))))
        known = f"the version that is followed, and so its reference, was trained with {used}"
        raise InputError(f"{name}={given}: {known}; free: {name}={free}")


def plan_for(parent: Parent, recipe: Recipe) -> SlicePlan | None:
    """The shards and slices of the version that a retraining follows, with as many passes as the recipe asks for."""
    return parent.plan and replace(parent.plan, epochs=epochs_per_slice(recipe.epochs, parent.plan.slices))


def log(plan: SlicePlan | None) -> None:
    """Log the plan of a training."""
    runs.log_settings("sisa", plan.as_dict() if plan else {})


def announce(plan: SlicePlan | None) -> None:
    """Log the plan of an original's training and say what it means."""
    log(plan)
    if plan is None:
        return
    say(
        f"train: {plan.shards} members, each on its own shard (by {plan.by}), {plan.epochs} passes at each of {plan.slices} "
        f"slices, without early stopping"
    )
    if plan.by == "age":
        say("train: shard_by=age: a member knows one band of ages only, so their aggregate errs far more than shard_by=hash")


def tags_of(plan: SlicePlan | None) -> dict[str, str]:
    """What a version says of its shards and slices."""
    if plan is None:
        return {}
    return {"scheme": "sisa", "shards": str(plan.shards), "slices": str(plan.slices), "shard_by": plan.by}


def saver(place: Path, shard: int, keep_first: bool) -> Callable:
    """Writes a shard's checkpoints below ``place``, as they will lie in the run.

    The fresh network before slice 0 can be made again from its seed, and is written only where it began from a file of weights.
    """

    def save(number: int, weights: dict) -> None:
        if number or keep_first:
            save_weights(weights, place / path_of(shard, number))

    return save


def log_checkpoints(place: Path) -> None:
    """Leave the checkpoints that were written below ``place`` on the active run."""
    if (place / FOLDER).exists():
        artifacts.log_folder(place / FOLDER, FOLDER)


def kept_by(version: Version, plan: SlicePlan) -> set[tuple[int, int]]:
    """(shard, slice) of every checkpoint that a version's run still holds."""
    held = set(artifacts.listed(version.run_id, FOLDER))
    return {(s, n) for s in range(plan.shards) for n in range(plan.slices) if path_of(s, n) in held}


def slices_of(parent: Parent, shard: int, place: Path) -> Slices | None:
    """A member's slices: checkpoints are read from the parent's run, and new ones written below ``place``."""
    if parent.plan is None:
        return None
    kept = kept_by(parent.version, parent.plan)

    def load(number: int):
        if (shard, number) not in kept:
            return None
        try:
            return load_weights(runs.download(parent.version.run_id, path_of(shard, number)))
        except (InputError, FileNotFoundError) as error:
            if number == 0:
                raise
            if isinstance(error, DamagedError):
                say(f"sisa: {path_of(shard, number)} of {parent.version.label}: {error}; an older one serves")
            return None  # another request has deleted it meanwhile, or it is damaged; an older one serves

    return Slices(parent.plan, shard, load, saver(place, shard, bool(parent.weights_digest)))


def scheme_after(job: Job) -> tuple[dict, Aggregate]:
    """What the new version's ``spec.json`` says of slices and aggregation.

    A method that trains all members on all faces ends the isolation of the shards: the version has no slices any more.
    """
    if not _is_sliced(job):
        return {}, job.parent.aggregate
    return {"slices": job.parent.plan.as_dict()}, Aggregate(job.parent.aggregate.by, job.parent.plan.empty(job.retain))


def tags_after(job: Job) -> dict[str, str]:
    """What the new version says of its shards and slices."""
    return tags_of(job.parent.plan) if _is_sliced(job) else {}


def passes_of(job: Job) -> int:
    """Epochs to announce of a method whose passes nobody asks for: those of all slices, or the recipe's."""
    plan = job.parent.plan
    return plan.slices * plan.epochs if _is_sliced(job) else job.parent.recipe.epochs


def _is_sliced(job: Job) -> bool:
    """Is SISA at work, on a version that it can work on?"""
    return job.parent.plan is not None and job.method.name == Sisa.name


def foretell(job: Job) -> None:
    """Say and log what SISA will cost, before the first step; silent for other methods.

    Raises:
        InputError: a shard has to start from first weights that came from a file and were not kept.
    """
    plan, parent = job.parent.plan, job.parent
    if not _is_sliced(job):
        return
    kept = kept_by(parent.version, plan)
    found = foresee(plan, job.retain, job.forget, kept)
    lost = [shard for shard, start in found.starts.items() if start == 0 and (shard, 0) not in kept]
    if lost and parent.weights_digest:
        raise InputError(
            f"shard {lost[0]} of {parent.version.label} has to be trained from its first weights, which came from a file and "
            f"are missing in its run; train anew: "
            f"{command('train', parent.version.model, scheme='sisa', weights='FILE')}"
        )
    starts = {"first_touched_slices": _pairs(found.touched), "first_trained_slices": _pairs(found.starts)}
    gain = {"expected_speed_up": f"{found.speed_up:.4g}", "study_speed_up": found.study}
    runs.log_settings("sisa", plan.as_dict() | starts | {"faces_to_show": found.shown, "faces_anew": found.anew} | gain)
    say(in_words(plan, found, len(job.forget.part("train"))))


def _pairs(slices: dict[int, int]) -> str:
    return " ".join(f"{shard}:{number}" for shard, number in slices.items())


def in_words(plan: SlicePlan, found: Forecast, faces: int) -> str:
    """The forecast as one line for people."""
    where = ", ".join(f"shard {shard} from slice {start}" for shard, start in found.starts.items())
    again = sum(plan.slices - start for start in found.starts.values())
    gain = f"an expected speed-up of {found.speed_up:.3g} over" if found.shown else "nothing is left to train there, against"
    return (
        f"sisa: {faces} training faces lie in {len(found.touched)} of {plan.shards} shards; trained again are {again} of "
        f"{plan.shards * plan.slices} slices ({where}): {found.shown} of {found.anew} faces will be shown, {gain} "
        f"training all shards without them (the study's (R + 1) * S says {found.study})"
    )


def finish(job: Job, seconds: float, reference: Version | None) -> None:
    """When the new version stands: the speed-up that was measured, and no checkpoint left that has seen the forget set."""
    if _is_sliced(job):
        if reference:
            _tell_measured(seconds, reference)
        _erase_forgotten(job)


def _tell_measured(seconds: float, reference: Version) -> None:
    took = reference.number_in("seconds")
    if math.isnan(took):
        say(f"sisa: how long {reference.label} took is not known: its tag seconds is missing, so no speed-up was measured")
        return
    runs.log_numbers({"sisa/measured_speed_up": took / seconds})
    how = "by the same scheme" if reference.tag("scheme") == "sisa" else "not in slices"
    say(f"sisa: {seconds:.1f} s; {reference.label}, trained {how}, took {took:.1f} s: measured speed-up {took / seconds:.3g}")


def _erase_forgotten(job: Job) -> None:
    """Of the version that was unlearned and all before it; what the store does not delete is named, and tagged on the run."""
    left = []
    for version in versions_of(line_of(job.parent.version), job.parent.version.model):
        try:
            left += _erase_of(version, job)
        except InputError as error:
            left.append(f"those of {version.label} ({error})")
    if left:
        say(f"sisa: the store did NOT delete these, do it by hand: {', '.join(left)}")
        runs.set_tags({"sisa.not_deleted": ", ".join(left)[:5000]})


def _erase_of(version: Version, job: Job) -> list[str]:
    """Delete a version's checkpoints that have seen the forget set, say which, and return those that stayed."""
    plan = job.parent.plan
    touched = plan.touched(job.forget)
    seen = sorted((s, n) for s, n in kept_by(version, plan) if n > touched.get(s, plan.slices))
    stayed = artifacts.erase(version.run_id, [path_of(*place) for place in seen])
    gone = ", ".join(f"shard {s} before slice {n}" for s, n in seen if path_of(s, n) not in stayed)
    say(f"sisa: checkpoints of {version.label} that have seen the forget set, deleted: {gone or 'none'}")
    return [f"{path} of {version.label} (run {version.run_id})" for path in stayed]
