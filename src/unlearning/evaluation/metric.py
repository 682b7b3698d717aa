"""What an entry of METRICS holds."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from unlearning.evaluation.ground import Comparison
from unlearning.naming import counted
from unlearning.targets import AGE, Target

USEFULNESS, MEMORY, LIKENESS, COST, TOLD = "usefulness", "memory", "likeness", "cost", "told"
Function = Callable[[Comparison], np.ndarray]


@dataclass(frozen=True)
class Metric:
    """A number about one model, with everything that a reader needs to judge it."""

    name: str  # key in MLflow, in the audit and in gates
    # Comparison -> the number of the sample, then of each resample: shape (1 + resamples,). Raises NotKnownError with the
    # reason where there is no number
    function: Function
    # decides how the audit judges it. ``usefulness``: better than retraining is no fault; ``memory``: one side of the retrained
    # model's value is remembering, the other over-forgetting; ``likeness``: any distance from the retrained model's value is a
    # fault; ``cost``: has a limit at most; ``told``: is no part of an audit
    kind: str
    range: str  # the values it can take
    formula: str  # how it is computed
    source: str  # where it comes from
    description: str  # one line for people
    unit: str = ""  # ``years``, ``seconds``, ``steps``, ``MB``, ``faces``, ``%``, or empty for a share, a ratio or a score
    # ``higher`` or ``lower``; empty where the retrained model's value is the best, or where neither is by itself
    better: str = ""
    part: str = ""  # the faces it is about; empty for none
    headline: bool = False  # is it logged with every version? The others are measured by the audit, or when a gate names them
    remembers: str = ""  # ``higher`` or ``lower``: where remembering takes a metric of the kind ``memory``
    # which of ``retrained``, ``original`` the function needs. What needs the retrained model compares with it, and has one
    # value for a model that is the retrained one
    needs: tuple[str, ...] = ()
    # what a model that saw nobody would give, where theory knows it; used when there is no retrained model
    target: float | None = None
    # does resampling add to it (a distance between noisy distributions, a largest value)? Then its interval is moved back by
    # the mean excess of the resamples, not below 0
    inflated: bool = False
    paired: bool = False  # is it about pairs of forgotten and unseen faces? Otherwise it is about all faces of its part
    # is it measured on models, or on many seeds, and handed over? It is one number a model, without resamples
    measured: bool = False

    def counted(self, count: float) -> str:
        """So many of what it is about: faces, or pairs of them."""
        return counted(int(count), *(("pair of faces", "pairs of faces") if self.paired else ("face", "faces")))


def unit_of(metric: Metric, target: Target) -> str:
    """The unit of a number about models of a target: what is in years for ages is in the target's unit."""
    return target.unit if metric.unit == AGE.unit else metric.unit
