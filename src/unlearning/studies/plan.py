"""Experiments as data: a study says what is compared, a preset how it is trained, and together they are a list of cells.

A cell is one run: the training, retraining or unlearning of one seed. Cells that others start from come first, and the
milestones of one optimisation are one cell: 2, 4, 8 and 16 epochs of a method are one run, looked at four times.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from unlearning.data.settings import GROUPS
from unlearning.naming import by_name

ORIGINAL, RETRAINED, UNLEARNED = "original", "retrained", "unlearned"


@dataclass(frozen=True)
class Arm:
    """One method in a study.

    Args:
        method: a name of METHODS.
        epochs: after how many passes it is looked at.
        params: settings that the study asks for whatever the preset; a preset's own come first.
    """

    method: str
    epochs: tuple[int, ...]
    params: str = ""


@dataclass(frozen=True)
class Study:
    """One experiment.

    Args:
        name: what ``-P study=`` calls it.
        description: one line for people.
        forget_sets: rules; every arm runs on each of them.
        arms: methods with their milestones.
    """

    name: str
    description: str
    forget_sets: tuple[str, ...]
    arms: tuple[Arm, ...]


@dataclass(frozen=True, order=True)
class Cell:
    """One run of an experiment.

    Args:
        seed: of the member; the cells of one seed go to one registered model.
        role: ``original``, ``retrained`` or ``unlearned``.
        forget_set: a forget rule; empty for the original.
        method: a name of METHODS; empty but for ``unlearned``.
        params: the method's own settings.
        epochs: milestones of ``unlearned``.
    """

    seed: int
    role: str
    forget_set: str = ""
    method: str = ""
    params: str = ""
    epochs: tuple[int, ...] = field(default=())

    @property
    def title(self) -> str:
        """How the table of cells calls it."""
        what = " ".join(part for part in (self.method or self.role, self.params, self.forget_set) if part)
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
        "RND with the labels of the published code, which divides them by 60 twice and perturbs none",
        GROUPS[:1],
        (Arm("rnd", (2, 4, 8, 16), "as_published=true"),),
    ),
    Study(
        "single",
        "Beyond the study: 50 single faces, drawn at random, instead of an age group",
        ("random:50",),
        (Arm("ft", (2, 8)), Arm("rnd", (2, 8))),
    ),
)


def cells(studies: list[Study], seeds: tuple[int, ...], params: dict[str, str]) -> list[Cell]:
    """All cells of some studies, each once, in an order in which every cell finds what it starts from.

    Args:
        studies: what is compared; milestones of the same method, settings and forget set are joined into one cell.
        seeds: one original and one reference each.
        params: the preset's settings of each method.
    """
    milestones: dict[tuple[str, str, str], set[int]] = {}
    for study in studies:
        for forget_set in study.forget_sets:
            for arm in study.arms:
                settings = " ".join(part for part in (params.get(arm.method, ""), arm.params) if part)
                milestones.setdefault((forget_set, arm.method, settings), set()).update(arm.epochs)
    sets = list(dict.fromkeys(forget_set for forget_set, _, _ in milestones))
    trained = [(ORIGINAL, "", "", "", ())] + [(RETRAINED, rule, "", "", ()) for rule in sets]
    unlearned = [(UNLEARNED, *key, tuple(sorted(epochs))) for key, epochs in milestones.items()]
    return [Cell(seed, *rest) for seed in seeds for rest in (*trained, *unlearned)]
