"""Entries of AUDIT_METRICS that no single prediction gives: they are measured on models, or on many seeds, and handed over.

They are one number a model, without an interval: what two retrained models differ by, and what the measurement itself knows
of its noise, are their only scale.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from unlearning.evaluation.audit_metric import LIKENESS, MEMORY, AuditMetric
from unlearning.evaluation.numbers import costs

SEEDS = "three seeds and more of the version and of the retrained model"
NEURIPS = "NeurIPS 2023 competition: Triantafillou et al. 2024"


def _handed(name: str, formula: str, description: str, source: str, **more) -> AuditMetric:
    usual = {"part": "forget", "kind": LIKENESS, "unit": "", "better": "", "range": "0 to infinity"} | more
    function: Callable = partial(costs.measured, name=name)
    return AuditMetric(
        name=name, function=function, formula=formula, description=description, source=source, measured=True, **usual
    )


MEASURED: tuple[AuditMetric, ...] = (
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
        "ulira_tpr_at_1",
        "largest true positive rate of the same attack with a false positive rate of at most .01",
        f"unlearned models that the same attack finds at one false alarm in a hundred; {SEEDS}",
        "U-LiRA: Hayes et al. 2024, adapted",
        range="0 to 1",
    ),
    _handed(
        "klom",
        "95th percentile over faces of log(s_R / s_U) + (s_U^2 + (m_U - m_R)^2) / (2 s_R^2) - 1/2",
        f"divergence of the answers' distributions over seeds, of the faces where it is largest; {SEEDS}",
        "Georgiev et al. 2024, adapted",
        better="lower",
    ),
    _handed(
        "forgetting_quality_official",
        "mean over faces of 2^-k for eps in [k/2, (k + 1)/2), 0 from ceil(ln(N - 1)); eps of the best of a grid of rules",
        f"can anyone tell an unlearned from a retrained model by one face? Even retraining does not reach 1; {SEEDS}",
        NEURIPS,
        better="higher",
        range="0 to 1",
    ),
    _handed(
        "forgetting_quality_holdout",
        "the same, the rule chosen on one half of the models and judged on the other, rates (k + 1/2) / (n + 1)",
        f"the same without flattering the attacker; {SEEDS}",
        f"{NEURIPS}, adapted",
        better="higher",
        range="0 to 1",
    ),
    _handed(
        "confusion",
        "share of the test faces of two ranges of ages whose answer rounds into the other range",
        "interclass confusion test: only for data whose labels were confused (confuse=)",
        "Goel et al. 2022, adapted",
        part="test",
        kind=MEMORY,
        range="0 to 1",
        remembers="higher",
    ),
    _handed(
        "confusion_pull",
        "mean error of the test faces of two ranges of ages towards the other range",
        "how far confused labels pull answers over; only for data whose labels were confused (confuse=)",
        "this project",
        part="test",
        kind=MEMORY,
        unit="years",
        range="any",
        remembers="higher",
    ),
    _handed(
        "patch_effect",
        "mean over test faces of f(x + patch) - f(x), in the direction of the years that were added",
        "feature injection test: only for data with an injected patch (inject=); loads models",
        "Izzo et al. 2021, adapted",
        part="test",
        kind=MEMORY,
        unit="years",
        range="any",
        remembers="higher",
    ),
)
