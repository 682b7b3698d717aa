"""Numbers that no single prediction gives: they are measured on models, or on many seeds, and handed to an audit.

They are one number a model, without an interval: what two retrained models differ by, and what the measurement itself knows
of its noise, are their only scale.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from unlearning.evaluation.metric import LIKENESS, MEMORY, Metric
from unlearning.evaluation.numbers import costs

VERSION, RETRAINED, SECOND, ORIGINAL, FLOOR = "version", "retrained", "second", "original", "floor"
SEEDS = "three seeds and more of the version and of the retrained model"


@dataclass(frozen=True)
class Measured:
    """What an audit takes of numbers from elsewhere."""

    # by metric and role: ``{"relearn_ratio": {"version": .9, "retrained": 1}}``. The role ``floor`` is the least floor, where
    # the measurement knows its own noise
    numbers: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    # what else there is to say of a number, by metric: of how many seeds it is, or that it is only a bound
    remarks: Mapping[str, str] = field(default_factory=dict)
    # metrics whose number is only a bound, with ``at least``, ``at most`` or ``unknown``
    bounds: Mapping[str, str] = field(default_factory=dict)

    def __or__(self, other: Measured) -> Measured:
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return Measured(*({**own, **more} for own, more in pairs))


NOTHING = Measured()


def _handed(name: str, formula: str, description: str, source: str, **more: Any) -> Metric:
    """A likeness to the retrained model, on the forget set and without an upper end, where ``more`` says nothing else."""
    told: dict[str, Any] = {"formula": formula, "description": description, "source": source, "measured": True}
    usual = {"kind": LIKENESS, "range": "0 to infinity", "part": "forget"}
    return Metric(name, partial(costs.measured, name=name), **usual | told | more)


_planted = partial(_handed, part="test", kind=MEMORY, remembers="higher")  # a test with a signal that was planted in the data


HANDED: tuple[Metric, ...] = (
    _handed(
        "activation_distance",
        "mean over the forget set of the length of phi_U(x) - phi_R(x), phi the inputs of the last layer",
        "distance of the penultimate features to the retrained model's; another seed is far away too; loads models",
        "Golatkar et al. 2021",
        better="lower",
    ),
    _handed(
        "cka",
        "least linear CKA(U, R) of a stage of the backbone, on the forget set",
        "likeness of features to the retrained model's, at the stage where it is least; loads models",
        "Kornblith et al. 2019",
        better="higher",
        range="0 to 1",
    ),
    _handed(
        "relearn_steps",
        "mean over shuffles of the steps until the forget validation MAE is within 5 % of the original's",
        "steps of training on all training faces until it knows the forgotten ones again; trains copies of models",
        "Chundawat et al. 2023; Tarun et al. 2023",
        kind=MEMORY,
        unit="steps",
        remembers="lower",
    ),
    _handed(
        "relearn_ratio",
        "AIN = steps to relearn of U / of R",
        "time to relearn over that of the retrained model: far below 1 still remembers, far above has over-forgotten",
        "Chundawat et al. 2023 (AIN); Tarun et al. 2023",
        kind=MEMORY,
        remembers="lower",
    ),
    _handed(
        "ulira_auc",
        "AUC of log N(f(x); m_U, s) - log N(f(x); m_R, s) of held-out pairs of models, m and s of the other seeds",
        f"does an attack that knows both distributions of answers tell an unlearned model from a retrained one? {SEEDS}",
        "U-LiRA: Hayes et al. 2024, adapted",
        range="0 to 1",
    ),
    _handed(
        "klom",
        "95th percentile over faces of log(s_R / s_U) + (s_U^2 + (m_U - m_R)^2) / (2 s_R^2) - 1/2, s with ddof = 0",
        f"divergence of the answers' distributions over seeds, of the faces where it is largest; {SEEDS}",
        "Georgiev et al. 2024, adapted",
        better="lower",
    ),
    _handed(
        "forgetting_quality_holdout",
        "mean over faces of 2^-k for eps in [k/2, (k + 1)/2), 0 from ceil(ln(N - 1)); eps of a rule that half of the models "
        "chose and the others judge, rates (k + 1/2) / (n + 1)",
        f"can anyone tell an unlearned from a retrained model by one face? Even retraining does not reach 1; {SEEDS}",
        "NeurIPS 2023 competition: Triantafillou et al. 2024, adapted",
        better="higher",
        range="0 to 1",
    ),
    _planted(
        "confusion",
        "share of the test faces of two ranges of ages whose answer rounds into the other range",
        "interclass confusion test: only for data whose labels were confused (confuse=)",
        "Goel et al. 2022, adapted",
        range="0 to 1",
    ),
    _planted(
        "confusion_pull",
        "mean error of the test faces of two ranges of ages towards the other range",
        "how far confused labels pull answers over; only for data whose labels were confused (confuse=)",
        "this project",
        unit="years",
        range="any",
    ),
    _planted(
        "patch_effect",
        "mean over test faces of f(x + patch) - f(x), in the direction of the years that were added",
        "feature injection test: only for data with an injected patch (inject=); loads models",
        "Izzo et al. 2021, adapted",
        unit="years",
        range="any",
    ),
    _handed(
        "attribution_distance",
        "sum over cells of abs(m_U - m_R) / 2, m the mean abs attribution of the forget set as shares; single members",
        "share of what carries the age that lies elsewhere than in the retrained model, whose seeds differ too; loads models",
        "integrated gradients: Sundararajan et al. 2017",
        better="lower",
        range="0 to 1",
    ),
    _planted(
        "planted_share",
        "mean over test faces with the patch of the attributions in it / all attributions",
        "does the injected patch carry the age? only for data with an injected patch (inject=); loads models",
        "integrated gradients: Sundararajan et al. 2017",
        range="0 to 1",
    ),
)
