"""From a registered version back to its model, its data and its reference."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from unlearning.commands import command
from unlearning.data.forget import ForgetSet
from unlearning.data.manifest import DataSet
from unlearning.errors import DamagedError, InputError
from unlearning.models.aggregate import MEAN, Aggregate
from unlearning.models.ensemble import SPEC, Ensemble, load_model, read_spec
from unlearning.models.first_weights import file_digest
from unlearning.models.spec import ModelSpec
from unlearning.records import read_record
from unlearning.registry.version import Version
from unlearning.tracking import runs
from unlearning.training.recipe import Recipe
from unlearning.training.slices import SlicePlan
from unlearning.versions.data import data_of
from unlearning.versions.files import model_folder
from unlearning.versions.forget_sets import forgotten_by
from unlearning.versions.line import line_of


@dataclass(frozen=True)
class Parent:
    """A registered version, opened, with a local copy of its files and the faces that it was trained on.

    Args:
        weights_digest: sha256 of the local file its training started from; empty without one.
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


def open_parent(version: Version) -> Parent:
    """Load a version's description and its data; InputError where it is no model of ours, or its image folder has changed."""
    folder = model_folder(version)
    with usable(version):
        content = read_spec(folder)
        spec, training = ModelSpec.from_dict(content["model"]), content["training"]
        recipe, weights_digest = read_record(Recipe, training["recipe"]), training["weights_digest"]
        plan = read_record(SlicePlan, training["slices"]) if "slices" in training else None
        seeds, aggregate = tuple(content["seeds"]), Aggregate.from_spec(content)
    return Parent(version, folder, spec, recipe, seeds, weights_digest, data_of(version, spec.image_size), plan, aggregate)


def open_ensemble(version: Version) -> Ensemble:
    """A version's model alone, whatever has become of its data.

    Raises:
        InputError: the version holds no model of ours.
        DamagedError: a file is not what was registered.
    """
    folder = model_folder(version)
    with usable(version):
        return load_model(folder)


def first_spec(parent: Parent, path: str, then: str) -> ModelSpec:
    """The network that a version's training began with: its weights are fresh, or those of the original's file.

    ``path``: where that file lies now; empty for where it lay when the original was trained. InputError, which says what to do
    ``then``, where it is not there, or another.
    """
    if not parent.weights_digest:
        return parent.spec
    root = line_of(parent.version).original
    path = path or (runs.read_parameter(root.facts.tag("run_id"), "model.weights") if root else "")
    if not Path(path).expanduser().is_file() or file_digest(path) != parent.weights_digest:
        raise InputError(
            f"the original started from a weights file with sha256 {parent.weights_digest[:16]}..., and {path or 'none'} is "
            f"not that file; {then}"
        )
    return replace(parent.spec, weights=path)


@contextmanager
def usable(version: Version) -> Iterator[None]:
    """Damaged files of a version in a sentence that says whose they are and what to do."""
    try:
        yield
    except (InputError, KeyError, TypeError, AttributeError) as error:
        said = f"{error} is missing in {SPEC}" if isinstance(error, KeyError) else error
        kind = DamagedError if isinstance(error, DamagedError) else InputError
        raise kind(
            f"the files of {version.label} of {version.model} cannot be used: {said}; put them back from a copy of the store, "
            f"or choose another version from: {command('status', version.model)}"
        ) from error
