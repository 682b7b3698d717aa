"""What a user decides about forgetting and judging: the defaults of unlearn, tune, evaluate, compare, explain and promote."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from unlearning.commands import MODEL_NAME
from unlearning.declared import setting
from unlearning.errors import InputError
from unlearning.experiments.spread import PROCESSES, SPREADS
from unlearning.finding import AUTO, REFERENCES
from unlearning.methods import METHODS
from unlearning.naming import choose
from unlearning.settings.checks import check_gates, check_method, check_rule, listed

FORGET_SET = "20-28"

ALPHA_HELP = "Scale of Forgetting, in the target's unit; empty for a quarter of the range: 15 years, as the study takes."
FORGET_SET_HELP = (
    "Who is to be forgotten: 20-28 (ages, or another target's numbers), group:0 .. group:4, gender:1 or gender:female, race:2, "
    "label:CLASS, subject:ID, file:ids.csv (a list of sample ids or file names), random:50, random:0.05, hardest:50; joined by "
    "& | ! and parentheses."
)
GATES_HELP = (
    "Conditions of a promotion, joined by commas, as 'memory_left < 20, test_mae < 9', or the path of a YAML file of them; "
    "every metric can be named. Empty: with a retrained reference, less than a third of the memory left and a test error "
    "within 10 % of retraining's; with a cross-fitting, answers that are consistent with never seen. The reference study's "
    "rule is 'F > original.F, Forgetting > original.Forgetting, test_mae <= 1.1 * retrained.test_mae'."
)


# Settings that several commands have; each takes a field of its own.
NAME_HELP = "Registered model that versions go to and come from; a model URI names its own."
model_name = partial(setting, MODEL_NAME, kind="model", help=NAME_HELP)
forget_rule = partial(setting, FORGET_SET, help=FORGET_SET_HELP)
alpha_scale = partial(setting, None, kind="positive", help=ALPHA_HELP)
conditions = partial(setting, "", help=GATES_HELP)
reference_kind = partial(setting, AUTO, choices=REFERENCES, help="What it is measured against. {choices}.")


@dataclass(frozen=True)
class UnlearnSettings:
    """An unlearning run.

    Args:
        method: how to forget. {choices}.
        params: the method's own settings, as 'lr=1e-4 offset_max=5'; a wrong name lists the legal ones.
        forget_set: a forget rule.
        epochs: register a version after each of these numbers of epochs; 2,4,8,16 is one optimisation. Empty: the
            method's own number.
        model: where to start: an alias, a number or a model URI; empty for the champion, or the version before it that
            still remembers the forget set.
        alpha: scale of Forgetting, in the target's unit; None for the target's own.
        name: registered model.
        reference: what it will be measured against; it has to stand, except for an exact method.
    """

    method: str = setting("ft", choices=METHODS)
    params: str = ""
    forget_set: str = forget_rule()
    epochs: tuple[int, ...] = setting((), least=1)
    model: str = ""
    alpha: float | None = alpha_scale()
    name: str = model_name()
    reference: str = reference_kind()

    def __post_init__(self):
        choose(REFERENCES, self.reference, "reference")
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
        method: whose settings are searched: {names}.
        trials: how many settings are tried; a study that was interrupted goes on.
        objective: what the best one is best in. {choices}.
        forget_set: a forget rule.
        epochs: passes over the data; empty for the method's own number.
        model: where to start: an alias, a number or a model URI; empty for the champion.
        seed: of the search.
        alpha: scale of Forgetting, in the target's unit; None for the target's own.
        workers: trials at the same time; with more than one, none is given up before its end.
        spread: where they run. {choices}.
        name: registered model.
    """

    method: str = setting("ft", choices=METHODS)
    trials: int = setting(20, least=1)
    objective: str = setting("F", choices=OBJECTIVES)
    forget_set: str = forget_rule()
    epochs: tuple[int, ...] = setting((), least=1)
    model: str = ""
    seed: int = setting(0, least=0, most=2**32 - 1)
    alpha: float | None = alpha_scale()
    workers: int = setting(1, least=1)
    spread: str = setting(PROCESSES, choices=SPREADS)
    name: str = model_name()

    def __post_init__(self):
        check_method(self.method, "", self.epochs)
        choose(SPREADS, self.spread, "spread")
        choose(OBJECTIVES, self.objective, "objective")
        if len(self.epochs) > 1:
            raise InputError("tune compares settings after one number of epochs; give one, as -P epochs=8")
        check_rule(self.forget_set)


@dataclass(frozen=True)
class EvaluateSettings:
    """An evaluation.

    Args:
        versions: aliases, numbers or model URIs joined by commas; ``all`` for everything made from the same data.
        forget_set: whom to score on: a forget rule, as 20-28 or gender:1; empty for each version's own forget set.
        alpha: scale of Forgetting, in the target's unit; None for the target's own.
        name: registered model.
        alphas: other scales to score it on as well.
        audit: what else to find out. {choices}.
        reference: what they are measured against.
    """

    versions: str = "champion"
    forget_set: str = ""
    alpha: float | None = None
    name: str = model_name()
    alphas: tuple[float, ...] = ()
    audit: str = setting("", choices=AUDITS)
    reference: str = reference_kind()

    def __post_init__(self):
        choose(REFERENCES, self.reference, "reference")
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
        versions: aliases, numbers or model URIs, joined by commas: original,retrained-20-28,ft-20-28-e8.
        forget_set: whom they are judged on: a forget rule; empty for that of the first version that has one.
        alpha: scale of Forgetting, in the target's unit; None for the target's own.
        name: registered model.
    """

    versions: str = ""
    forget_set: str = ""
    alpha: float | None = alpha_scale()
    name: str = model_name()

    def __post_init__(self):
        if len(self.named) < 2:
            raise InputError(f"versions={self.versions!r}: give two or more, as -P versions=original,ft-20-28-e8")
        check_rule(self.forget_set or FORGET_SET)

    @property
    def named(self) -> list[str]:
        """The versions, one by one, each once."""
        return list(dict.fromkeys(listed(self.versions)))


@dataclass(frozen=True)
class ExplainSettings:
    """What carries the age, in several versions.

    Args:
        versions: aliases, numbers or model URIs, joined by commas: original,ft-20-28-e8; the retrained ones stand beside them.
        forget_set: whose faces are told apart: a forget rule; empty for that of the first version that has one.
        faces: most forgotten, kept and test faces each that are looked at.
        seed: of the draw of the faces.
        name: registered model.
    """

    versions: str = "original,champion"
    forget_set: str = ""
    faces: int = setting(40, least=10)
    seed: int = setting(0, least=0, most=2**32 - 1)
    name: str = model_name()

    def __post_init__(self):
        if not self.named:
            raise InputError(f"versions={self.versions!r} names none; give one or more, as -P versions=original,champion")
        check_rule(self.forget_set or FORGET_SET)

    @property
    def named(self) -> list[str]:
        """The versions, one by one."""
        return listed(self.versions)


@dataclass(frozen=True)
class PromoteSettings:
    """A promotion.

    Args:
        version: alias, number or model URI of the version to promote, as ft-20-28-e8.
        gates: conditions joined by commas, or the path of a YAML file of them.
        force: promote although gates fail, or it remembers what is forgotten; written on the version.
        name: registered model.
        dry_run: print every gate with its values, and promote nothing.
        reference: what it is measured against.
    """

    version: str
    gates: str = conditions()
    force: bool = False
    dry_run: bool = False
    name: str = model_name()
    reference: str = reference_kind()

    def __post_init__(self):
        choose(REFERENCES, self.reference, "reference")
        check_gates(self.gates)
