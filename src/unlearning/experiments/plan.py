"""Experiments as data: a study says what is compared, a preset how it is trained, and together they are a list of cells.

A cell is one run: the training, retraining or unlearning of one seed. Cells that others start from come first, and the
milestones of one optimisation are one cell: 2, 4, 8 and 16 epochs of a method are one run, looked at four times.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from unlearning.data.settings import GROUPS
from unlearning.naming import by_name

ORIGINAL, RETRAINED, UNLEARNED = "original", "retrained", "unlearned"
EVERY = "every method"


@dataclass(frozen=True)
class Arm:
    """One method in a study.

    Args:
        method: a name of METHODS; EVERY stands for all of them, each after its own number of passes.
        epochs: after how many passes it is looked at; empty for a method that makes none.
        params: settings that the study asks for whatever the preset.
        by_preset: a preset's own settings come before ``params``; otherwise the method runs at its defaults.
    """

    method: str
    epochs: tuple[int, ...]
    params: str = ""
    by_preset: bool = True


@dataclass(frozen=True)
class Study:
    """One experiment, as ``-P study=`` names it; every arm runs on each of the forget rules."""

    name: str
    description: str
    forget_sets: tuple[str, ...]
    arms: tuple[Arm, ...]


@dataclass(frozen=True, order=True)
class Cell:
    """One run of an experiment: the rule is empty for the original, and what is a method's but for ``unlearned``.

    Args:
        seed: of the member; the cells of one seed go to one registered model.
        epochs: milestones.
        scheme: how the original of this cell was trained; empty for the ordinary way.
    """

    seed: int
    role: str
    forget_set: str = ""
    method: str = ""
    params: str = ""
    epochs: tuple[int, ...] = field(default=())
    scheme: str = ""

    @property
    def title(self) -> str:
        """How the table of cells calls it."""
        parts = (self.method or self.role, "" if self.method else self.scheme, self.params, self.forget_set)
        what = " ".join(part for part in parts if part)
        return f"{what}, {','.join(map(str, self.epochs))} epochs" if self.epochs else what


STUDIES = by_name(
    Study(
        "alpha",
        "Experiment 1: Forgetting for eight values of alpha (Table 3, Figure 9)",
        GROUPS[:1],
        (Arm("ft", (8,)), Arm("rnd", (2,))),
    ),
    Study(
        "epochs",
        "Experiment 2: FT and RND after 2, 4, 8 and 16 epochs (Tables 4 to 7, Figures 11 and 12)",
        GROUPS[:1],
        (Arm("ft", (2, 4, 8, 16)), Arm("rnd", (2, 4, 8, 16))),
    ),
    Study(
        "forget_set",
        "Experiment 3: the five age groups, FT after 8 and RND after 2 epochs (Table 8)",
        GROUPS,
        (Arm("ft", (8,)), Arm("rnd", (2,))),
    ),
    Study(
        "defect",
        "RND with the labels of the published code: clipped to 1,200 years, and divided by 60 twice",
        GROUPS[:1],
        (Arm("rnd", (2, 4, 8, 16), "as_published=clipped"), Arm("rnd", (2, 4, 8, 16), "as_published=divided")),
    ),
    Study(
        "single",
        "Beyond the study: 50 single faces, drawn at random, instead of an age group",
        ("random:50",),
        (Arm("ft", (2, 8)), Arm("rnd", (2, 8))),
    ),
    Study("original", "The original alone, which nothing has to forget", (), ()),
    Study("floor", "Original and reference alone: with more seeds, what chance makes of a reference", GROUPS[:1], ()),
    Study(
        "methods",
        "Beyond the study: every method of this project, on an age group and on 50 single faces",
        (GROUPS[0], "random:50"),
        (Arm(EVERY, (), by_preset=False),),
    ),
)


def with_forget_sets(studies: list[Study], rules: tuple[str, ...]) -> list[Study]:
    """The studies on other forget sets, all of them on each rule; as they are where no rule is given."""
    return [replace(study, forget_sets=rules) for study in studies] if rules else studies


def cells(studies: list[Study], seeds: tuple[int, ...], params: dict[str, str], methods: Mapping[str, Any]) -> list[Cell]:
    """All cells of some studies, each once, in an order in which every cell finds what it starts from.

    Milestones of the same method, settings and forget set are joined into one cell. A seed has one original and one reference,
    and one more of each for every scheme that a method needs. ``params``: the preset's settings of each method.
    """
    milestones: dict[tuple[str, str, str], set[int]] = {}
    for study in studies:
        for forget_set in study.forget_sets:
            for arm in _arms(study, methods):
                usual = params.get(arm.method, "") if arm.by_preset else ""
                settings = " ".join(part for part in (usual, arm.params) if part)
                milestones.setdefault((forget_set, arm.method, settings), set()).update(arm.epochs)
    rules = list(dict.fromkeys(rule for study in studies for rule in study.forget_sets))
    needed = {(rule, "") for rule in rules} | {(rule, _scheme(methods, method)) for rule, method, _ in milestones}
    schemes = sorted({scheme for _, scheme in needed} | {""})
    plan = []
    for seed in seeds:
        plan += [Cell(seed, ORIGINAL, scheme=scheme) for scheme in schemes]
        plan += [Cell(seed, RETRAINED, rule, scheme=scheme) for scheme in schemes for rule in rules if (rule, scheme) in needed]
        for (rule, method, settings), epochs in milestones.items():
            plan.append(Cell(seed, UNLEARNED, rule, method, settings, tuple(sorted(epochs)), _scheme(methods, method)))
    return plan


def _arms(study: Study, methods: Mapping[str, Any]) -> list[Arm]:
    """The arms of a study, EVERY as one for each method, after its own passes."""
    arms = []
    for arm in study.arms:
        if arm.method == EVERY:
            named = [(name, (method.epochs,) if method.epochs else ()) for name, method in methods.items()]
            arms += [replace(arm, method=name, epochs=passes) for name, passes in named]
        else:
            arms.append(arm)
    return arms


def _scheme(methods: Mapping[str, Any], method: str) -> str:
    return methods[method].card.scheme if method in methods else ""
