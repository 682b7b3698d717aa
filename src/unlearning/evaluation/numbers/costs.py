"""What making a version cost, beside the cost of retraining; and numbers that were measured elsewhere."""

import math
from collections.abc import Mapping

import numpy as np

from unlearning.evaluation.ground import Comparison, NotKnownError


def cost(comparison: Comparison, name: str) -> np.ndarray:
    """``seconds``, ``samples`` or ``peak_memory_mb`` of the model."""
    return comparison.constant(_known(comparison.subject.costs, name, name))


def cost_ratio(comparison: Comparison, name: str) -> np.ndarray:
    """The cost over that of retraining (run-time efficiency): below 1 is cheaper."""
    retraining = _known(comparison.ground.retraining, name, f"{name} of retraining")
    if not retraining > 0:
        raise NotKnownError(f"the {name} of retraining are 0")
    return comparison.constant(_known(comparison.subject.costs, name, name) / retraining)


def passes(comparison: Comparison) -> np.ndarray:
    """Samples shown to the optimiser over the number of training faces and copies."""
    samples = _known(comparison.subject.costs, "samples", "samples")
    return comparison.constant(samples / len(comparison.ground.some("train")))


def measured(comparison: Comparison, name: str) -> np.ndarray:
    """A number that was measured on the model itself, or on many models, and handed to the audit."""
    value = comparison.subject.measured.get(name, math.nan)
    if math.isnan(value):
        raise NotKnownError("it was not measured")
    return comparison.constant(value)


def _known(costs: Mapping[str, float], name: str, title: str) -> float:
    value = costs.get(name, math.nan)
    if math.isnan(value):
        raise NotKnownError(f"{title} was not recorded")
    return value
