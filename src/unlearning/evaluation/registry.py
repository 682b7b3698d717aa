"""METRICS, the visible registry of all numbers: a metric is one function of a Comparison and one name."""

import math
from collections.abc import Iterable
from functools import partial

from unlearning.evaluation.case import IN_WORDS, Case
from unlearning.evaluation.ground import Comparison, NotKnownError, comparison_of
from unlearning.evaluation.metric import COST, LIKENESS, MEMORY, TOLD, USEFULNESS, Metric
from unlearning.evaluation.numbers import accuracy, costs, distances, forgetting, membership
from unlearning.evaluation.on_models.handed import HANDED
from unlearning.naming import by_name

STUDY, OWN, STANDARD = "the reference study, section 4.3", "this project", "standard"
SHARE, POSITIVE = "0 to 1", "0 to infinity"
SAME_AGES = "forgotten training faces against test faces of the same ages"
MAE_KINDS = {"test": USEFULNESS, "retain": USEFULNESS, "forget": MEMORY, "test_in_range": MEMORY}


def _mae(part: str) -> Metric:
    """MAE of a part: on faces that are kept it is usefulness, on those to be forgotten it is memory."""
    kind = MAE_KINDS.get(part, TOLD)
    return Metric(
        name=f"{part}_mae",
        function=partial(accuracy.mae, part=part),
        kind=kind,
        unit="years",
        better="lower" if kind == USEFULNESS else "",
        range=POSITIVE,
        formula="sum abs(e) / n",
        source=STANDARD,
        description=f"MAE on the {IN_WORDS[part]}",
        part=part,
        headline=True,
        remembers="lower" if kind == MEMORY else "",
    )


_beside_retraining = partial(Metric, range=POSITIVE, part="forget", needs=("retrained",))
_attack = partial(Metric, kind=MEMORY, range=SHARE, part="forget", remembers="higher", target=0.5, paired=True)
_cost = partial(Metric, kind=COST, better="lower", range=POSITIVE, source="run-time efficiency (RTE)", headline=True)
METRICS = by_name(
    _beside_retraining(
        name="Utility",
        function=forgetting.utility,
        kind=USEFULNESS,
        better="higher",
        formula="MAE_R / MAE_U",
        source=STUDY,
        description="MAE of the retrained model over MAE of this one, on the test set",
        part="test",
        headline=True,
    ),
    _beside_retraining(
        name="Forgetting",
        function=forgetting.forgetting,
        kind=LIKENESS,
        better="higher",
        range=SHARE,
        formula="mean exp(-abs(abs(e_R) - abs(e_U)) / alpha), alpha = 15 years if not said otherwise",
        source=STUDY,
        description="likeness of its errors to the retrained model's, on the forget set",
        headline=True,
    ),
    _beside_retraining(
        name="F",
        function=forgetting.f_score,
        kind=USEFULNESS,
        better="higher",
        formula="Utility * Forgetting",
        source=STUDY,
        description="Utility times Forgetting; judged as usefulness, because Utility can outweigh any lack of Forgetting",
        headline=True,
    ),
    Metric(
        name="memory_left",
        function=forgetting.memory_left,
        kind=MEMORY,
        unit="%",
        range="any",
        formula="100 * (MAE_R - MAE_U) / (MAE_R - MAE_O), the larger of forget set and test faces that the rule describes",
        source=OWN,
        description="what is left of the original's memory: 100 % is the original, 0 % one that never saw the faces; "
        "the interval is of the faces alone",
        part="forget",
        remembers="higher",
        needs=("retrained", "original"),
    ),
    *map(_mae, IN_WORDS),
    Metric(
        name="regained",
        function=accuracy.regained,
        kind=TOLD,
        unit="years",
        better="lower",
        range="any",
        formula="max over earlier sets of MAE of the parent - MAE of the version",
        source=OWN,
        description="largest fall of the MAE on a set that was forgotten before it was made",
        headline=True,
    ),
    Metric(
        name="median_guess_mae",
        function=accuracy.median_guess,
        kind=TOLD,
        unit="years",
        range=POSITIVE,
        formula="sum abs(median training age - y) / n",
        source=STANDARD,
        description="MAE on the test faces of always answering the median training age",
        headline=True,
    ),
    Metric(
        name="worst_age_gap",
        function=accuracy.worst_age_gap,
        kind=USEFULNESS,
        unit="years",
        better="lower",
        range=POSITIVE,
        formula="largest MAE of a band of 5 years - MAE of all of them",
        source="worst-group error: Sagawa et al. 2020",
        description="how much more the model errs on the worst band of 5 years of the test faces",
        part="test",
        inflated=True,
    ),
    _attack(
        name="mia_auc",
        function=membership.by_error,
        formula="P(abs(e) of a member < abs(e) of a non-member) + P(=) / 2",
        source="threshold attack: Yeom et al. 2018",
        description=f"AUC of an attack by the size of errors; {SAME_AGES}",
    ),
    _attack(
        name="mia_given_age_auc",
        function=membership.given_age,
        formula="AUC of -(log(abs(e) + .01) - m) / s, with m, s of the other non-members of the age bin",
        source=OWN,
        description=f"AUC of an attack by errors that are small for their age; {SAME_AGES}",
    ),
    _attack(
        name="mia_logistic",
        function=membership.logistic,
        formula="balanced accuracy of logistic regressions on abs(e), e, f(x), ten random halvings of the pairs",
        source="the starting kit of the NeurIPS 2023 competition",
        description=f"share told right by a fitted attack; {SAME_AGES}",
    ),
    _attack(
        name="unseen_gap",
        function=membership.unseen_gap,
        formula="MAE of non-members - MAE of members",
        source="generalisation gap: Yeom et al. 2018",
        description=f"how much more the model errs on the unseen; {SAME_AGES}",
        unit="years",
        range="any",
        target=0.0,
    ),
    _beside_retraining(
        name="mia_gap",
        function=membership.auc_gap,
        kind=LIKENESS,
        better="lower",
        range=SHARE,
        formula="abs(AUC_U - AUC_R)",
        source=OWN,
        description="distance of the threshold attack's AUC to its AUC on the retrained model",
        inflated=True,
        paired=True,
    ),
    _beside_retraining(
        name="forget_w1_predictions",
        function=distances.w1,
        kind=LIKENESS,
        unit="years",
        better="lower",
        formula="integral of abs(F_U - F_R), F the distribution function of f(x)",
        source="Tarun et al. 2023 (deep regression unlearning)",
        description="distance of the distribution of predictions to the retrained model's, on the forget set",
        inflated=True,
    ),
    _beside_retraining(
        name="forget_difference",
        function=distances.difference,
        kind=LIKENESS,
        unit="years",
        better="lower",
        formula="mean abs(f_U(x) - f_R(x))",
        source=OWN,
        description="mean difference of predictions to the retrained model's, face by face, on the forget set",
    ),
    *HANDED,
    _cost(
        name="seconds",
        function=partial(costs.cost, name="seconds"),
        unit="seconds",
        formula="wall clock",
        description="time of training or unlearning",
    ),
    _cost(
        name="seconds_ratio",
        function=partial(costs.cost_ratio, name="seconds"),
        formula="seconds / seconds of retraining",
        description="seconds over the seconds of retraining",
    ),
    _cost(
        name="samples",
        function=partial(costs.cost, name="samples"),
        unit="faces",
        formula="counted",
        description="faces shown to the optimiser, repeated ones counted",
    ),
    _cost(
        name="samples_ratio",
        function=partial(costs.cost_ratio, name="samples"),
        formula="samples / samples of retraining",
        description="samples over the samples of retraining",
    ),
    _cost(
        name="passes",
        function=costs.passes,
        formula="samples / training faces and copies",
        description="samples over the number of training faces and copies",
    ),
    _cost(
        name="peak_memory_mb",
        function=partial(costs.cost, name="peak_memory_mb"),
        unit="MB",
        formula="measured",
        description="most memory that making the version took",
    ),
)
HEADLINES = tuple(name for name, metric in METRICS.items() if metric.headline)
AUDITED = {name: metric for name, metric in METRICS.items() if metric.kind != TOLD}


def measure(case: Case, names: Iterable[str] = ()) -> dict[str, float]:
    """The headlines, and those metrics that are asked for besides: the audit's cost more time.

    Not a number where there is none: where the part it needs is empty, or a model is missing.
    """
    comparison = comparison_of(case)
    headlines = [name for name, metric in METRICS.items() if metric.headline]  # as they are now: a caller may have added one
    return {name: _number(METRICS[name], comparison) for name in dict.fromkeys((*headlines, *names))}


def _number(metric: Metric, comparison: Comparison) -> float:
    try:
        return float(metric.function(comparison)[0])
    except NotKnownError:
        return math.nan
