"""A version's scores, made again from prediction tables alone."""

from collections.abc import Iterable
from dataclasses import replace

from unlearning.data.forget import ForgetSet
from unlearning.errors import InputError
from unlearning.evaluation.case import Case
from unlearning.evaluation.registry import measure
from unlearning.progress import say
from unlearning.registry.version import Version
from unlearning.versions import forget_sets
from unlearning.versions.files import predictions_of
from unlearning.versions.lineage import find_version
from unlearning.versions.references import beside
from unlearning.versions.witnesses import case_of, costs_of


def score(
    version: Version, forget: ForgetSet, alpha: float, reference: Version | None, names: Iterable[str] = ()
) -> dict[str, float]:
    """HEADLINES by the logged tables of version and reference, and those metrics of the audit that are asked for."""
    if names:
        found = replace(beside(version, forget), retrained=reference)
        return measure(replace(case_of(version, forget, alpha, found), **_parent(version)), names)
    earlier = tuple(other for other in forget_sets.forgotten_by(version) if other.sha256 != forget.sha256)
    retrained = predictions_of(reference) if reference else None
    more = costs_of(version, reference) | _parent(version) | {"target": version.target}
    return measure(Case(predictions_of(version), retrained, forget, earlier, alpha, **more))


def _parent(version: Version) -> dict:
    """What an unlearned version was made from, where that had forgotten something that could come back."""
    if version.tag("role") != "unlearned" or "," not in version.tag("forgotten"):
        return {}
    try:
        parent = find_version(version.model, version.tag("parent_version"))
        return {"parent": predictions_of(parent), "parent_forgot": tuple(forget_sets.forgotten_by(parent))}
    except InputError as error:
        say(f"evaluate: whether {version.label} regained anything is not known: {error}")
        return {}
