"""From a registered version back to its model, its data and its reference."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from unlearning.commands import command
from unlearning.data.forget import ForgetSet
from unlearning.data.manifest import DataSet
from unlearning.data.manifest import prepare as prepare_data
from unlearning.data.settings import DataSettings
from unlearning.errors import InputError
from unlearning.models.aggregate import MEAN, Aggregate
from unlearning.models.ensemble import SPEC, Ensemble, load_model, read_spec
from unlearning.models.spec import ModelSpec
from unlearning.progress import track
from unlearning.purge.rules import GONE
from unlearning.records import read_record
from unlearning.registry import lookup as registry
from unlearning.registry.lookup import Version
from unlearning.steps.prepare import SETTINGS
from unlearning.tracking import runs
from unlearning.training.recipe import Recipe
from unlearning.training.slices import SlicePlan
from unlearning.versions.files import model_folder
from unlearning.versions.files import predictions_of as predictions_of
from unlearning.versions.forget_sets import forgotten_by
from unlearning.versions.never_seen import left_out, never_saw


@dataclass(frozen=True)
class Parent:
    """A registered version, opened.

    Args:
        version: its entry in the registry.
        folder: local copy of its files.
        spec: what network it is.
        recipe: how it was trained.
        seeds: of its members.
        weights_digest: sha256 of the local file its training started from; empty without one.
        data: the faces it was trained on, verified by digest.
        plan: its shards and slices; None for a version that has none.
        aggregate: what makes one prediction of its members'.
    """

    version: Version
    folder: Path
    spec: ModelSpec
    recipe: Recipe
    seeds: tuple[int, ...]
    weights_digest: str
    data: DataSet
    plan: SlicePlan | None = None
    aggregate: Aggregate = MEAN

    def ensemble(self) -> Ensemble:
        """A fresh copy of the model."""
        with usable(self.version):
            return load_model(self.folder)

    @property
    def forgotten(self) -> list[ForgetSet]:
        """What it has forgotten so far."""
        return forgotten_by(self.version)


def find_version(name: str, reference: str) -> Version:
    """A version of ours by alias, number or model URI; InputError when there is none, it is not ours, or it was purged."""
    version = find_known(name, reference)
    if version.tag("state") in GONE:
        raise InputError(
            f"{version.label} of {version.model} was purged: its model and its predictions are gone, and its numbers stay; "
            f"choose another one from: {command('status', version.model)}"
        )
    return version


def find_known(name: str, reference: str) -> Version:
    """The same, also one that was purged: its entry, its run and its evidence are there."""
    version = registry.find(name, reference)
    if not {"role", "data_run", "data_digest"} <= version.tags.keys():
        raise InputError(
            f"{version.label} of {version.model} was not made by this project (its tags role, data_run and data_digest "
            f"are missing); choose another one from: {command('status', version.model)}"
        )
    return version


def open_parent(version: Version) -> Parent:
    """Load a version's description and its data.

    Raises:
        InputError: the version holds no model of ours, or its image folder is missing or has changed.
    """
    folder = model_folder(version)
    with usable(version):
        content = read_spec(folder)
        spec, training = ModelSpec.from_dict(content["model"]), content["training"]
        recipe, weights_digest = read_record(Recipe, training["recipe"]), training["weights_digest"]
        plan = read_record(SlicePlan, training["slices"]) if "slices" in training else None
        seeds, aggregate = tuple(content["seeds"]), Aggregate.from_spec(content)
    return Parent(version, folder, spec, recipe, seeds, weights_digest, data_of(version, spec.image_size), plan, aggregate)


@contextmanager
def usable(version: Version) -> Iterator[None]:
    """Damaged files of a version in a sentence that says whose they are and what to do."""
    try:
        yield
    except (InputError, KeyError, TypeError, AttributeError) as error:
        said = f"{error} is missing in {SPEC}" if isinstance(error, KeyError) else error
        raise InputError(
            f"the files of {version.label} of {version.model} cannot be used: {said}; put them back from a copy of the store, "
            f"or choose another version from: {command('status', version.model)}"
        ) from error


def data_of(version: Version, side: int) -> DataSet:
    """The faces a version was trained on, found again by its lineage and verified by its digest."""
    digest, run_id = version.tag("data_digest"), version.tag("data_run")
    settings = runs.read_json(run_id, SETTINGS, DataSettings.from_dict)
    try:
        data = prepare_data(settings, side, track)
    except InputError as error:
        raise InputError(
            f"{version.label} was trained on data {digest}, and now there is none: {error}; bring the folder back, or "
            f"train on another one: {command('train', version.model, data_dir='FOLDER')}"
        ) from error
    if data.digest != digest:
        raise InputError(
            f"{version.label} was trained on data {digest}, but {settings.data_dir or 'the drawn folder'} now gives data "
            f"{data.digest}; bring the files back, or train anew: "
            f"{command('train', version.model, **({'data_dir': settings.data_dir} if settings.data_dir else {}))}"
        )
    return data


def retrained_reference(version: Version, forget: ForgetSet) -> Version:
    """The retrained version that never saw the forget set; InputError gives the command that makes it.

    Of several, the one that also lacks what the version had forgotten before, and nothing else: it is the fair one.
    """
    known = [one for one in registry.versions(version.model) if one.tag("state") not in GONE]
    named = next((one for one in known if f"retrained-{forget.name}" in one.aliases), None)
    fair = [one for one in known if is_fair(one, version, forget)]
    if fair:
        return next((one for one in fair if one == named), fair[-1])
    asked = shlex.quote(forget.rule)
    start = {"model": version.number} if "hardest:" in forget.rule and version.tag("role") != "original" else {}
    again = command("retrain", version.model, forget_set=forget.rule, **start)
    if named is None:
        raise InputError(f"there is no retrained reference for the forget set {asked}; make it with: {again}")
    if named.tag("data_digest") != version.tag("data_digest"):
        raise InputError(
            f"{version.label} was trained on data {version.tag('data_digest')}, the retrained reference "
            f"{named.label} on data {named.tag('data_digest')}; make one for this data with: {again}"
        )
    return named


def is_fair(one: Version, version: Version, forget: ForgetSet) -> bool:
    """Did a retrained version never see a forget set and what a version had forgotten besides, and all else of its data?"""
    same = one.tag("forget_sha256") == forget.sha256 and one.tag("data_digest") == version.tag("data_digest")
    return same and never_saw(one) == left_out(version, forget)
