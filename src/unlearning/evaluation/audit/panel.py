"""Who is compared with whom in an audit: the models by their roles, and the seeds that say how far chance alone goes.

With one or two retrained models the tables' predictions are compared as they are. With three and more retrained models, as
the members of one or two tables, each is one further retrained model to the others. A mean of several members errs less than
one member, so single members are then compared with single members: the version's with the retrained ones', and so the
original's.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from unlearning.evaluation.case import Case
from unlearning.evaluation.ground import MODELS, Comparison, Ground, NotKnownError, Witness, answers, costs_of, ground_of
from unlearning.evaluation.metric import Metric
from unlearning.evaluation.on_models.handed import Measured

ROLES = ("version", "original", "retrained", "second")
MEMBERS, MOST_RETRAINED = 4, 10
MANY_FACES, FEW_MEMBERS = 250_000, 3
ENOUGH = 3
Said = dict[str, dict[str, np.ndarray]]


@dataclass(frozen=True)
class Panel:
    """The models of an audit on their ground, and their numbers, each computed once."""

    ground: Ground  # the faces
    models: Mapping[str, Comparison]  # by role: each model beside all others; roles without a table are left out
    # the models that verdicts compare: ``version``, ``original``, and ``retrained`` with those of a second table
    seeds: Mapping[str, tuple[Witness, ...]]
    single: bool  # are these single members?
    _known: dict[tuple[str, ...], np.ndarray | str] = field(default_factory=dict, compare=False, repr=False)

    def number(self, metric: Metric, comparison: Comparison) -> np.ndarray | str:
        """A metric of a model, the sample's first; or the reason why there is none."""
        needed = [getattr(comparison, role) for role in metric.needs]
        key = (metric.name, comparison.subject.name, *(model.name if model else "" for model in needed))
        if key not in self._known:
            self._known[key] = _number(metric, comparison)
        return self._known[key]

    def apart(self, metric: Metric, role: str) -> np.ndarray:
        """Number of every seed of a role minus that of retrained ones, or the number itself: shape (seeds,).

        What compares with a retrained model is measured beside each of them but itself, and is how far it is from what a
        model that is the retrained one has, with its sign, on average. Not numbers where one is not known; empty without seeds.
        """
        models, retrained = self.seeds.get(role, ()), self.seeds.get("retrained", ())
        original = next(iter(self.seeds.get("original", ())), None)
        if "retrained" not in metric.needs:
            return np.array([self._first(metric, Comparison(model, None, original)) for model in models])
        values = []
        for model in models:
            beside = [other for other in retrained if other is not model]
            gaps = [
                self._first(metric, Comparison(model, other, original))
                - self._first(metric, Comparison(other, other, original))
                for other in beside
            ]
            values.append(np.mean(gaps) if gaps else np.nan)
        return np.array(values)

    def _first(self, metric: Metric, comparison: Comparison) -> float:
        number = self.number(metric, comparison)
        return np.nan if isinstance(number, str) else float(number[0])


def _number(metric: Metric, comparison: Comparison) -> np.ndarray | str:
    try:
        number = metric.function(comparison)
    except NotKnownError as reason:
        return str(reason)
    return number if np.isfinite(number[0]) else "it is not a number"


def panel_of(case: Case, measured: Measured, resamples: int, seed: int) -> Panel:
    """Line up a case's models; of a second retrained model what answers like the first one, or a member of it, is left out."""
    ground = ground_of(case, resamples, seed)
    given = {role: getattr(case, role) for role in ROLES}
    said = {role: _answers(table, role, case, ground) for role, table in given.items() if table is not None}
    if {"retrained", "second"} <= said.keys():
        said["second"] = _further(said["second"], said["retrained"])
    said = {role: own for role, own in said.items() if own}
    handed = {role: {name: by[role] for name, by in measured.numbers.items() if role in by} for role in said}
    whole = {role: Witness(role, ground, own["predicted"], costs_of(case, role), handed[role]) for role, own in said.items()}
    others = {role: whole.get(role) for role in MODELS}
    models = {role: Comparison(model, **others) for role, model in whole.items()}
    members = _members(said, replace(ground, blocks=ground.blocks.still()))
    single = len(members["retrained"]) >= ENOUGH and all(len(own) > 1 for own in said.values())
    return Panel(ground, models, members if single else _tables(whole), single)


def _answers(table: pd.DataFrame, role: str, case: Case, ground: Ground) -> dict[str, np.ndarray]:
    """The predictions of a table and of its first members, in the order of a ground."""
    members = [name for name in table.columns if name.startswith("member_")]
    most = FEW_MEMBERS if len(table) > MANY_FACES else MEMBERS if role in ("version", "original") else MOST_RETRAINED
    columns = ["predicted", *members[:most]]
    return dict(zip(columns, answers(table, role, case, ground, columns), strict=True))


def _further(second: dict[str, np.ndarray], first: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """What a table says that another one does not; nothing where every seed of it stands there: one seed is one witness."""
    known = {answers.tobytes() for answers in first.values()}
    new = {name: answers for name, answers in second.items() if answers.tobytes() not in known}
    return new if "predicted" in new and (len(new) > 1 or len(second) == 1) else {}


def _members(said: Said, still: Ground) -> dict[str, tuple[Witness, ...]]:
    """Every member of every table as a model of its own, without resamples."""

    def witnesses(*roles: str) -> tuple[Witness, ...]:
        names = [(role, name) for role in roles for name in said.get(role, {}) if name != "predicted"]
        return tuple(Witness(f"{role} {name}", still, said[role][name]) for role, name in names)

    retrained = witnesses("retrained", "second")[:MOST_RETRAINED]
    return {"version": witnesses("version"), "original": witnesses("original"), "retrained": retrained}


def _tables(whole: Mapping[str, Witness]) -> dict[str, tuple[Witness, ...]]:
    roles = {"version": ("version",), "original": ("original",), "retrained": ("retrained", "second")}
    return {role: tuple(whole[name] for name in names if name in whole) for role, names in roles.items()}
