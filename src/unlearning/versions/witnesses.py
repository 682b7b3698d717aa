"""What stands beside a version when it is judged: the original, the retrained models, and what is known of the faces."""

import pandas as pd

from unlearning.data.forget import ForgetSet
from unlearning.evaluation.case import Case
from unlearning.registry.version import Version
from unlearning.versions import forget_sets
from unlearning.versions.data import account_of
from unlearning.versions.files import predictions_of
from unlearning.versions.references import Beside

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
