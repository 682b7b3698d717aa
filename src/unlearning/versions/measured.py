"""What an audit measures beyond one prediction table: on many seeds' tables, on planted signals, and on models themselves."""

import math
from dataclasses import dataclass
from statistics import mean, stdev

import numpy as np

from unlearning.data.ages import parse_ranges
from unlearning.data.faces import FaceSet, face_set
from unlearning.data.forget import ForgetSet, forget_mask
from unlearning.data.settings import DataSettings
from unlearning.errors import InputError
from unlearning.evaluation.case import Case
from unlearning.evaluation.on_models.activations import likeness
from unlearning.evaluation.on_models.attribution import explained
from unlearning.evaluation.on_models.handed import FLOOR, ORIGINAL, RETRAINED, SECOND, VERSION, Measured
from unlearning.evaluation.on_models.many_seeds import of_seeds
from unlearning.evaluation.on_models.relearn import RelearnTime, lesson_of, ratio, relearn_time
from unlearning.evaluation.on_models.signals import confusion, patch_effect
from unlearning.models.build import AgeNet
from unlearning.progress import say, track
from unlearning.registry.version import Version
from unlearning.tracking import runs
from unlearning.training.precision import make_fabric
from unlearning.versions.data import SETTINGS
from unlearning.versions.lineage import Parent, open_parent
from unlearning.versions.references import Beside

OF_MODELS = ("activation_distance", "cka", "relearn_steps", "relearn_ratio", "patch_effect")
OF_MODELS += ("attribution_distance", "planted_share")
STANDARD_ERRORS = 2


def measure(version: Version, found: Beside, forget: ForgetSet, case: Case, full: bool) -> Measured:
    """Everything; with ``full`` also what needs the models."""
    measured = measure_tables(version, case)
    return measured | measure_models(version, found, forget) if full else measured


def measure_tables(version: Version, case: Case) -> Measured:
    """What prediction tables tell beside the audit's own numbers: many seeds' distributions, and confused labels."""
    roles = (VERSION, ORIGINAL, RETRAINED, SECOND)
    tables = {role: getattr(case, role) for role in roles if getattr(case, role) is not None}
    own, about = case.version, case.about
    copies = own.id.isin(about.id[about.copy_of != ""])
    members = (own.split == "train") & own.id.isin(case.forget.ids) & ~copies
    found = of_seeds(tables, members.to_numpy(), scale=case.target.scale) if RETRAINED in tables else Measured()
    planted = planted_in(version)
    return found | _confused(tables, planted) if planted.confuse else found


def planted_in(version: Version) -> DataSettings:
    """How a version's data was made: with a planted signal, or without."""
    return runs.read_json(version.tag("data_run"), SETTINGS, DataSettings.from_dict)


def _confused(tables: dict, planted: DataSettings) -> Measured:
    found = {role: confusion(table, parse_ranges(planted.confuse, 2)) for role, table in tables.items()}
    faces = sum(found[VERSION].faces)
    share = found[RETRAINED if RETRAINED in found else VERSION].both
    floor = STANDARD_ERRORS * math.sqrt(2 * share * (1 - share) / faces) if faces else math.nan
    numbers = {
        "confusion": {role: one.both for role, one in found.items()} | {FLOOR: floor},
        "confusion_pull": {role: one.pull for role, one in found.items()},
    }
    remark = f"{planted.confuse_fraction:.0%} of the training faces of {planted.confuse} had ages of the other range"
    return Measured(numbers, dict.fromkeys(numbers, remark))


@dataclass(frozen=True)
class Opened:
    """The first members of an audit's versions by role, and the faces that they were trained on."""

    members: dict[str, AgeNet]
    faces: FaceSet
    own: Parent

    def others(self) -> dict[str, AgeNet]:
        return {role: member for role, member in self.members.items() if role != RETRAINED}


def measure_models(version: Version, found: Beside, forget: ForgetSet) -> Measured:
    """Activations, relearn time, what carries the age, and an injected patch: this loads models, and changes none.

    All are measured on the first member of each version, against the first of the retrained model; without a retrained model
    there is nothing to compare activations with. The faces have to be there.
    """
    opened = {VERSION: open_parent(version)} | {role: open_parent(one) for role, one in vars(found).items() if one}
    members = {role: parent.ensemble().members[0] for role, parent in opened.items()}
    own = opened[VERSION]
    models = Opened(members, face_set(own.data), own)
    measured = _relearned(models, forget) | _patched(models) | _explained(models, forget)
    if found.retrained is None:
        say("audit: without a retrained model activations are not measured")
        return measured
    return measured | _alike(models, forget)


def _alike(models: Opened, forget: ForgetSet) -> Measured:
    forgotten = models.faces.where(forget_mask(models.faces.frame, forget))
    distances, similarities = {RETRAINED: 0.0}, {RETRAINED: 1.0}
    others = models.others()
    for role, member in track(list(others.items()), len(others), "activations"):
        found = likeness(member, models.members[RETRAINED], forgotten)
        distances[role], similarities[role] = found.distance, min(found.cka.values())
    return Measured({"activation_distance": distances, "cka": similarities})


def _relearned(models: Opened, forget: ForgetSet) -> Measured:
    """Steps to relearn, and their ratio to the retrained model's; a number that is only a bound has a remark that says so."""
    original = models.members.get(ORIGINAL, models.members[VERSION])
    try:
        lesson = lesson_of(original, models.faces, forget, models.own.recipe)
    except InputError as reason:
        say(f"audit: relearn time is not known: {reason}")
        return Measured()
    fabric, members = make_fabric(models.own.recipe.precision), models.members
    times = {
        role: relearn_time(fabric, member, lesson) for role, member in track(list(members.items()), len(members), "relearning")
    }
    numbers = {"relearn_steps": {role: time.mean for role, time in times.items()}}
    remarks = {"relearn_steps": _steps_in_words(times[VERSION], lesson.target, models.own.spec.target.unit)}
    if RETRAINED not in times:
        return Measured(numbers, remarks, {"relearn_steps": "at least"} if any(times[VERSION].censored) else {})
    numbers["relearn_steps"][FLOOR] = _noise(times[RETRAINED]) * times[RETRAINED].mean
    ratios = {role: ratio(time, times[RETRAINED])[0] for role, time in times.items() if role != RETRAINED}
    numbers["relearn_ratio"] = ratios | {RETRAINED: 1.0, FLOOR: _noise(times[RETRAINED])}
    bound = ratio(times[VERSION], times[RETRAINED])[1]
    stopped = any(times[VERSION].censored + times[RETRAINED].censored)
    bounds = dict.fromkeys(numbers, bound) if stopped else {}
    return Measured(numbers, remarks | ({"relearn_ratio": BOUNDS[bound]} if bound else {}), bounds)


BOUNDS = {
    "at least": "at least so much: the version still had not relearned when it was stopped",
    "at most": "at most so much: the retrained model still had not relearned when it was stopped",
    "unknown": "neither relearned before it was stopped, or the retrained model never errs more than the original",
}


def _steps_in_words(time: RelearnTime, target: float, unit: str) -> str:
    until = f"{target:.2f} {unit}".rstrip()
    told = f"{', '.join(map(str, time.steps))} steps in {len(time.steps)} shuffles, until the error is {until}"
    stopped = sum(time.censored)
    return f"{told}; stopped at {time.cap} steps in {stopped} of them, so at least so many" if stopped else told


def _noise(time: RelearnTime) -> float:
    """What the shuffles alone make of a ratio of two models alike: two standard errors."""
    spread = stdev(time.steps) / mean(time.steps) if len(time.steps) > 1 and any(time.steps) else math.nan
    return STANDARD_ERRORS * spread * math.sqrt(2 / len(time.steps)) if math.isfinite(spread) else 0.0


def _patched(models: Opened) -> Measured:
    planted = planted_in(models.own.version)
    if not planted.inject:
        return Measured()
    found = {role: patch_effect(member, models.faces) for role, member in models.members.items()}
    direction = np.sign(planted.inject_years)
    own = found[VERSION]
    floor = STANDARD_ERRORS * own.spread * math.sqrt(2 / own.faces) if own.faces else math.nan
    values = {role: float(direction * one.years) for role, one in found.items()}
    remark = f"training faces of {planted.inject} carried the patch, and {planted.inject_years} years more than their age"
    return Measured({"patch_effect": values | {FLOOR: floor}}, {"patch_effect": remark})


def _explained(models: Opened, forget: ForgetSet) -> Measured:
    """What carries the age; of a forget set of too few people nothing is said."""
    try:
        injected = bool(planted_in(models.own.version).inject)
        return explained(models.members, models.faces, forget, models.own.forgotten, injected)
    except InputError as reason:
        say(f"audit: what carries the {models.own.spec.target.name} is not measured: {reason}")
        return Measured()
