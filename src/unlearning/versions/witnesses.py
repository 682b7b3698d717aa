"""What stands beside a version when it is judged, and its scores, made again from prediction tables alone."""

from collections.abc import Iterable
from dataclasses import replace

import pandas as pd

from unlearning.data.forget import ForgetSet
from unlearning.errors import InputError
from unlearning.evaluation.case import Case
from unlearning.evaluation.registry import measure
from unlearning.progress import say
from unlearning.registry.lookup import find_version
from unlearning.registry.version import Version
from unlearning.versions import forget_sets
from unlearning.versions.data import account_of
from unlearning.versions.files import predictions_of
from unlearning.versions.references import Beside, beside

ABOUT = ["id", "copy_of", "near"]


def case_of(version: Version, forget: ForgetSet, alpha: float, found: Beside) -> Case:
    """The prediction tables of a version and of what stands beside it, with what each cost."""
    manifest, _ = account_of(version.tag("data_run"))
    tables = {name: table_of(one) if one else None for name, one in vars(found).items()}
    if version.tag("role") == "original":
        tables["original"] = table_of(version)
    earlier = tuple(other for other in forget_sets.forgotten_by(version) if other.sha256 != forget.sha256)
    return Case(
        table_of(version),
        forget=forget,
        forgotten=earlier,
        about=manifest[ABOUT],
        alpha=alpha,
        target=version.target,
        **tables,
        **costs_of(version, found.retrained),
    )


def table_of(version: Version) -> pd.DataFrame:
    """A version's predictions with those of its seeds; shards are no seeds, each was trained on other faces: without them."""
    table = predictions_of(version)
    shards = [name for name in table.columns if name.startswith("member_")] if version.tag("scheme") else []
    return table.drop(columns=shards)


def costs_of(version: Version, reference: Version | None) -> dict[str, float]:
    """What making a version and its reference took, as their tags say; not a number where they do not."""
    return {
        "seconds": version.number_in("seconds"),
        "samples": samples_of(version),
        "peak_memory_mb": version.number_in("peak_memory_mb"),
    } | reference_costs(reference)


def reference_costs(reference: Version | None) -> dict[str, float]:
    """What the retraining took that a method is to save; nothing is known of it without a reference."""
    if reference is None:
        return {}
    return {"retrained_seconds": reference.number_in("seconds"), "retrained_samples": samples_of(reference)}


def samples_of(version: Version) -> float:
    """Faces shown to make it, those to keep and those to forget."""
    if version.tag("samples"):
        return version.number_in("samples")
    return version.number_in("retain_samples") + version.number_in("forget_samples")


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
