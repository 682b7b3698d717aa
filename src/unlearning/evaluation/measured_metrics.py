"""Entries of AUDIT_METRICS that no prediction table gives: they are measured on the models and handed to the audit.

They are one number a model, without an interval: what two retrained models differ by is their only scale.
"""

from __future__ import annotations

from functools import partial

from unlearning.evaluation.audit_metric import AuditMetric, of_likeness
from unlearning.evaluation.costs import measured

MEASURED: tuple[AuditMetric, ...] = (
    of_likeness(
        "activation_distance",
        partial(measured, name="activation_distance"),
        "forget",
        "mean over the forget set of the length of phi_U(x) - phi_R(x), phi the inputs of the last layer",
        "distance of the penultimate features to the retrained model's; another seed is far away too",
        unit="",
        source="Golatkar et al. 2021",
    ),
    of_likeness(
        "cka",
        partial(measured, name="cka"),
        "forget",
        "least linear CKA(U, R) of a stage of the backbone, on the forget set",
        "likeness of features to the retrained model's, at the stage where it is least",
        unit="",
        better="higher",
        range="0 to 1",
        source="Kornblith et al. 2019",
    ),
    of_likeness(
        "relearn_ratio",
        partial(measured, name="relearn_ratio"),
        "forget",
        "AIN = steps to relearn of U / of R, until the forget validation MAE is within 5 % of the original's",
        "time to relearn over that of the retrained model: far below 1 still remembers, far above has over-forgotten",
        unit="",
        better="",
        source="Chundawat et al. 2023 (ZRF, AIN); Tarun et al. 2023",
    ),
)
