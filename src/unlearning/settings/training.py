"""What a user decides about training: the defaults of train, retrain and main stand here."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from unlearning.commands import MODEL_NAME, name_for
from unlearning.data.settings import DataSettings as DataSettings
from unlearning.declared import setting
from unlearning.errors import InputError
from unlearning.experiments.spread import PROCESSES, SPREADS
from unlearning.models.aggregate import AGGREGATES, Aggregate
from unlearning.models.spec import ModelSpec as ModelSpec
from unlearning.naming import check_model_name, choose
from unlearning.settings.checks import check_gates, check_method, check_rule
from unlearning.settings.forgetting import alpha_scale, conditions, forget_rule, model_name
from unlearning.targets import AGE
from unlearning.training.recipe import OPTIMIZERS, PRECISIONS, PRESETS, SCHEDULES, Recipe
from unlearning.training.slices import SHARD_BY, SlicePlan, epochs_per_slice

PRESET = "scratch"
SCHEMES = ("whole", "sisa")


@dataclass(frozen=True)
class PrepareSettings:
    """Where a folder is read.

    Args:
        spread: where files are read. {choices}; its machines have the folder and UNLEARNING_CACHE at the same paths.
    """

    spread: str = setting(PROCESSES, choices=SPREADS)

    def __post_init__(self):
        choose(SPREADS, self.spread, "spread")


@dataclass(frozen=True)
class RecipeChanges:
    """What a user may change of a preset; nothing keeps the preset's value.

    Args:
        batch_size: most faces in a step; empty for the preset's.
        lr: learning rate, the peak of one-cycle; empty for the preset's.
        optimizer: {names}; empty for the preset's.
        schedule: {names}; empty for the preset's.
        weight_decay: weight decay; empty for the preset's.
        patience: epochs without a better validation error before training stops; empty for the preset's.
        precision: auto (bf16-mixed where the processor has bfloat16 instructions, else 32-true), 32-true, bf16-mixed
            or 16-mixed.
        compile: true makes the network's steps by torch.compile, which takes a minute or two at first and needs a C++ compiler.
    """

    batch_size: int | None = None
    lr: float | None = None
    optimizer: str = setting("", choices=OPTIMIZERS)
    schedule: str = setting("", choices=SCHEDULES)
    weight_decay: float | None = None
    patience: int | None = None
    precision: str = setting("auto", choices=PRECISIONS)
    compile: bool = False


@dataclass(frozen=True)
class TrainSettings:
    """A training run.

    Args:
        data: where the faces come from.
        model: what network.
        preset: recipe to start from: scratch (AdamW 1e-3, one-cycle) or study (Adam 1e-5, 142 epochs).
        changes: values that replace the preset's; None keeps it.
        seeds: one member of the ensemble for each seed, joined by commas (the study: 0,1,2).
        name: registered model; the default is called by the target, as gender-resnet50.
        scheme: whole: every member sees all faces; sisa: each member sees its own shard, slice after slice, for unlearn -P
            method=sisa.
        shards: with sisa: members, each of which sees one shard of the faces.
        slices: with sisa: parts of a shard that are added one after the other.
        shard_by: with sisa: what deals faces to shards: hash (of the sample id) or age.
        aggregate: what makes one prediction of the members': mean or median.
    """

    data: DataSettings = setting(DataSettings(), asked=False)
    model: ModelSpec = setting(ModelSpec(), asked=False)
    preset: str = setting(PRESET, choices=PRESETS)
    changes: dict = field(default_factory=dict, metadata={"asked": False})
    seeds: tuple[int, ...] = setting((0,), least=0)
    name: str = model_name()
    scheme: str = setting("whole", choices=SCHEMES)
    shards: int = setting(SlicePlan.shards, least=1)
    slices: int = setting(SlicePlan.slices, least=1)
    shard_by: str = setting(SlicePlan.by, choices=SHARD_BY)
    aggregate: str = setting(Aggregate.by, choices=AGGREGATES)

    def __post_init__(self):
        if self.name == MODEL_NAME:
            object.__setattr__(self, "name", name_for(self.data.target))
        check_model_name(self.name)
        if self.shard_by == "age" and self.data.target != AGE.name:
            raise InputError(f"shard_by=age deals out ages, and target={self.data.target} is another; take shard_by=hash")
        if self.scheme not in SCHEMES:
            raise InputError(f"scheme={self.scheme!r} is unknown; legal: {', '.join(SCHEMES)}")
        self.recipe()
        if Aggregate(self.aggregate).by != Aggregate.by and not self.data.predicts.numeric:
            raise InputError(f"aggregate={self.aggregate} is of numbers, and {self.data.target} has classes; legal: mean")
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
        model: version whose data, network and recipe are taken: an alias, a number or a model URI.
        epochs: passes over the retain set; empty for as many as the original had.
        seeds: other seeds than the original's, joined by commas.
        weights: where the original's file of first weights lies now, if it started from one and it was moved.
        name: registered model.
    """

    forget_set: str = forget_rule()
    model: str = "original"
    epochs: int | None = None
    seeds: tuple[int, ...] = setting((), least=0)
    weights: str = ""
    name: str = model_name()

    def __post_init__(self):
        if self.epochs is not None and self.epochs < 1:
            raise InputError(f"epochs={self.epochs} is not possible; legal: whole numbers from 1")
        check_rule(self.forget_set)


@dataclass(frozen=True)
class CrossfitSettings:
    """A cross-fitting.

    Args:
        model: version of whose original data, network and recipe are taken: an alias, a number or a model URI.
        folds: parts that the faces are dealt into; one model is trained without each of them.
        seeds: seeds of each fold's models, joined by commas; three tell what chance does.
        workers: models that are trained at the same time.
        spread: where they run. {choices}.
        name: registered model.
    """

    model: str = "champion"
    folds: int = setting(10, least=2)
    seeds: tuple[int, ...] = setting((0, 1, 2), least=0)
    workers: int = setting(1, least=1)
    spread: str = setting(PROCESSES, choices=SPREADS)
    name: str = model_name()

    def __post_init__(self):
        choose(SPREADS, self.spread, "spread")
        if self.folds < 2:
            raise InputError(f"folds={self.folds} is not possible; legal: whole numbers from 2")
        if len(set(self.seeds)) < 2:
            raise InputError(f"seeds={self.seeds}: one seed cannot tell memory from chance; legal: two or more, as 0,1,2")


@dataclass(frozen=True)
class PipelineSettings:
    """The whole job.

    Args:
        train: the original; the retrained reference follows its recipe.
        forget_set: a forget rule.
        methods: unlearning methods to compare, joined by commas.
        epochs: register an unlearned version after each of these numbers of epochs.
        alpha: scale of Forgetting, in the target's unit; None for the target's own.
        gates: conditions of promotion, joined by commas.
        reference_seeds: seeds of further retrained models, by which the noise floor is known; the audit asks for two of them or
            more, and with none little can be said.
        force: run finished steps again, even when data, parameters and code are the same.
    """

    train: TrainSettings = setting(asked=False)
    forget_set: str = forget_rule()
    methods: str = "ft,rnd,noise"
    epochs: tuple[int, ...] = setting((2, 4), least=1)
    alpha: float | None = alpha_scale()
    gates: str = conditions()
    reference_seeds: tuple[int, ...] = setting((101, 102), least=0)
    force: bool = False

    def __post_init__(self):
        for method in self.methods.split(","):
            check_method(method.strip())
        check_rule(self.forget_set)
        check_gates(self.gates)
