"""What a user decides, as the steps take it: the defaults of all entry points stand here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from unlearning.commands import MODEL_NAME as MODEL_NAME
from unlearning.data.settings import CONTRADICTIONS as CONTRADICTIONS
from unlearning.data.settings import DUPLICATES as DUPLICATES
from unlearning.data.settings import NEAR_DUPLICATES as NEAR_DUPLICATES
from unlearning.data.settings import DataSettings
from unlearning.errors import InputError
from unlearning.evaluation.study import ALPHA
from unlearning.experiments.plan import STUDIES as STUDIES
from unlearning.models.aggregate import Aggregate
from unlearning.models.spec import ModelSpec
from unlearning.naming import check_model_name, choose
from unlearning.steps.checks import check_gates, check_method, check_rule, listed
from unlearning.steps.checks import parse_numbers as parse_numbers
from unlearning.steps.checks import parse_whole_numbers as parse_whole_numbers
from unlearning.training.recipe import PRESETS, Recipe
from unlearning.training.slices import SlicePlan, epochs_per_slice

FORGET_SET = "20-28"
PRESET = "scratch"
SCHEMES = ("whole", "sisa")

GATES = "F > original.F, Forgetting > original.Forgetting, test_mae <= 1.1 * retrained.test_mae"


@dataclass(frozen=True)
class TrainSettings:
    """A training run.

    Args:
        data: where the faces come from.
        model: what network.
        preset: name of the recipe to start from.
        changes: values that replace the preset's; None keeps it.
        seeds: one member of the ensemble each; one number for ``sisa``.
        name: registered model.
        scheme: ``whole`` trains every member on all faces, ``sisa`` in shards and slices.
        shards: members of ``sisa``; each sees the faces of one shard only.
        slices: parts that ``sisa`` adds to a shard's training one after the other.
        shard_by: what deals faces to shards, ``hash`` or ``age``.
        aggregate: ``mean`` or ``median`` of the members' predictions.
    """

    data: DataSettings = field(default_factory=DataSettings)
    model: ModelSpec = field(default_factory=ModelSpec)
    preset: str = PRESET
    changes: dict = field(default_factory=dict)
    seeds: tuple[int, ...] = (0,)
    name: str = MODEL_NAME
    scheme: str = "whole"
    shards: int = SlicePlan.shards
    slices: int = SlicePlan.slices
    shard_by: str = SlicePlan.by
    aggregate: str = Aggregate.by

    def __post_init__(self):
        check_model_name(self.name)
        if self.scheme not in SCHEMES:
            raise InputError(f"scheme={self.scheme!r} is unknown; legal: {', '.join(SCHEMES)}")
        self.recipe()
        Aggregate(self.aggregate)
        for name, usual in (("shards", SlicePlan.shards), ("slices", SlicePlan.slices), ("shard_by", SlicePlan.by)):
            if self.scheme == "whole" and getattr(self, name) != usual:
                raise InputError(f"{name}={getattr(self, name)} means nothing with scheme=whole; add -P scheme=sisa")
        if self.scheme == "sisa":
            self.plan().seeds(self.seeds)

    def recipe(self) -> Recipe:
        """The preset with the user's changes."""
        return replace(choose(PRESETS, self.preset, "preset"), **{k: v for k, v in self.changes.items() if v is not None})

    def plan(self) -> SlicePlan | None:
        """Shards and slices of ``sisa``; None for the training as a whole."""
        if self.scheme == "whole":
            return None
        epochs = epochs_per_slice(self.recipe().epochs, self.slices)
        return SlicePlan(self.shards, self.slices, self.shard_by, epochs, self.data.min_age, self.data.max_age)


@dataclass(frozen=True)
class RetrainSettings:
    """A retraining run.

    Args:
        forget_set: a forget rule.
        model: the version whose recipe, network and data are taken.
        epochs: other number of epochs than it had; 0 keeps it.
        seeds: other seeds than its members had; empty keeps them.
        weights: where the local file of first weights lies now, if the original started from one.
        name: registered model.
    """

    forget_set: str = FORGET_SET
    model: str = "original"
    epochs: int = 0
    seeds: tuple[int, ...] = ()
    weights: str = ""
    name: str = MODEL_NAME

    def __post_init__(self):
        check_rule(self.forget_set)


@dataclass(frozen=True)
class UnlearnSettings:
    """An unlearning run.

    Args:
        method: a name of METHODS.
        params: the method's own settings, as ``lr=1e-4 offset_max=5``.
        forget_set: a forget rule.
        epochs: register a version after each of these many epochs; empty for the method's own number.
        model: where to start: an alias, a number or an MLflow model URI; empty for the champion, or the version before it
            that still remembers the forget set.
        alpha: scale of Forgetting, in years.
        name: registered model.
    """

    method: str = "ft"
    params: str = ""
    forget_set: str = FORGET_SET
    epochs: tuple[int, ...] = ()
    model: str = ""
    alpha: float = ALPHA
    name: str = MODEL_NAME

    def __post_init__(self):
        check_method(self.method, self.params, self.epochs)
        check_rule(self.forget_set)


AUDITS = {
    "": "no audit",
    "tables": "everything that prediction tables tell; no model is loaded",
    "full": "also what needs the models and the faces: activations and relearning",
}
OBJECTIVES = {
    "F": "Utility times Forgetting, the more the better",
    "distance": "mean distance to the retrained model's predictions, in years, the less the better",
}


@dataclass(frozen=True)
class TuneSettings:
    """A search for a method's settings.

    Args:
        method: a name of METHODS.
        trials: settings to try, those of an earlier call included.
        objective: a name of OBJECTIVES.
        forget_set: a forget rule.
        epochs: one number of passes; empty for the method's own.
        model: where to start, as for ``unlearn``.
        seed: of the search.
        alpha: scale of Forgetting, in years.
        name: registered model.
    """

    method: str = "ft"
    trials: int = 20
    objective: str = "F"
    forget_set: str = FORGET_SET
    epochs: tuple[int, ...] = ()
    model: str = ""
    seed: int = 0
    alpha: float = ALPHA
    name: str = MODEL_NAME

    def __post_init__(self):
        check_method(self.method, "", self.epochs)
        choose(OBJECTIVES, self.objective, "objective")
        if len(self.epochs) > 1:
            raise InputError("tune compares settings after one number of epochs; give one, as -P epochs=8")
        check_rule(self.forget_set)


@dataclass(frozen=True)
class EvaluateSettings:
    """An evaluation.

    Args:
        versions: aliases, numbers or model URIs joined by commas; ``all`` for everything made from the same data.
        forget_set: a forget rule; empty for each version's own.
        alpha: scale of Forgetting, in years.
        name: registered model.
        alphas: other scales to score it on as well.
        audit: a name of AUDITS.
    """

    versions: str = "champion"
    forget_set: str = ""
    alpha: float = ALPHA
    name: str = MODEL_NAME
    alphas: tuple[float, ...] = ()
    audit: str = ""

    def __post_init__(self):
        choose(AUDITS, self.audit, "audit")
        if not self.named:
            raise InputError(f"versions={self.versions!r} names none; give one or more, as -P versions=original,champion")
        check_rule(self.forget_set or FORGET_SET)

    @property
    def named(self) -> list[str]:
        """The versions, one by one; the champion alone for all."""
        return ["champion"] if self.versions == "all" else listed(self.versions)


@dataclass(frozen=True)
class CompareSettings:
    """A comparison of audits.

    Args:
        versions: aliases, numbers or model URIs joined by commas.
        forget_set: a forget rule; empty for that of the first version that has one.
        alpha: scale of Forgetting, in years.
        name: registered model.
    """

    versions: str = ""
    forget_set: str = ""
    alpha: float = ALPHA
    name: str = MODEL_NAME

    def __post_init__(self):
        if len(self.named) < 2:
            raise InputError(f"versions={self.versions!r}: give two or more, as -P versions=original,ft-20-28-e8")
        check_rule(self.forget_set or FORGET_SET)

    @property
    def named(self) -> list[str]:
        """The versions, one by one."""
        return listed(self.versions)


@dataclass(frozen=True)
class PromoteSettings:
    """A promotion.

    Args:
        version: an alias, a number or a model URI.
        gates: conditions joined by commas, or the path of a YAML file of them.
        force: promote although gates fail, or although it remembers what the champion has forgotten.
        name: registered model.
        dry_run: tell what the gates say, and promote nothing.
    """

    version: str
    gates: str = GATES
    force: bool = False
    name: str = MODEL_NAME
    dry_run: bool = False

    def __post_init__(self):
        check_gates(self.gates)


@dataclass(frozen=True)
class PipelineSettings:
    """The whole job.

    Args:
        train: the original; the retrained reference follows its recipe.
        forget_set: a forget rule.
        methods: names of METHODS joined by commas.
        epochs: register an unlearned version after each of these many epochs.
        alpha: scale of Forgetting, in years.
        gates: conditions of promotion, joined by commas.
        force: run finished steps again.
    """

    train: TrainSettings
    forget_set: str
    methods: str
    epochs: tuple[int, ...]
    alpha: float
    gates: str
    force: bool = False

    def __post_init__(self):
        for method in self.methods.split(","):
            check_method(method.strip())
        check_rule(self.forget_set)
        check_gates(self.gates)
