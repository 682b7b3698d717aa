"""Forget manifests on runs: made from a rule once, logged by every run that uses them, read back by every later one."""

from __future__ import annotations

from unlearning.data import rules
from unlearning.data.forget import ForgetSet, Known, check, resolve
from unlearning.data.manifest import DataSet
from unlearning.steps.progress import say
from unlearning.tracking import runs
from unlearning.tracking.registry import Version

FOLDER = "forget"
PREDICTIONS = "predictions.parquet"


def read_rule(text: str, data: DataSet, model: Version) -> ForgetSet:
    """The forget set that a rule names in ``data``; ``model`` is the one at hand, whose errors ``hardest`` means.

    Raises:
        InputError: the rule cannot be read, or names what there is not.
    """
    predictions = runs.read_table(model.run_id, PREDICTIONS) if "hardest" in text else None
    found = resolve(text, Known(data.manifest, data.rejected, predictions), data.digest)
    for note in found.notes:
        say(f"forget set {found.rule}: {note}")
    return found


def foresee(text: str, data: DataSet) -> None:
    """Refuse a rule that cannot be read or names nobody before anything is trained; InputError as in ``read_rule``.

    Whom ``hardest`` means is known only when there is a model.
    """
    rules.parse(text)
    if "hardest" not in text:
        check(data.manifest, resolve(text, Known(data.manifest, data.rejected), data.digest), [])


def log(sets: list[ForgetSet]) -> None:
    """Log manifests as artifacts of the active run, and tag it with the last, its own."""
    for forget in sets:
        runs.log_json(forget.as_dict(), _artifact(forget.name))
    runs.set_tags(tags(sets[-1]))


def tags(forget: ForgetSet) -> dict[str, str]:
    """What runs and versions say of their forget set."""
    return {
        "forget_set": forget.name,
        "forget_rule": forget.rule,
        "forget_sha256": forget.sha256,
        "forget_count": str(len(forget.ids)),
    }


def of_version(version: Version) -> ForgetSet:
    """The forget set a version was made for, as its run holds it."""
    return _read(version, version.tag("forget_set"))


def forgotten_by(version: Version) -> list[ForgetSet]:
    """All that a version has forgotten so far, oldest first."""
    return [_read(version, name) for name in version.tag("forgotten").split(",") if name not in ("", "none")]


def _read(version: Version, name: str) -> ForgetSet:
    return ForgetSet.from_dict(runs.read_json(version.run_id, _artifact(name)))


def _artifact(name: str) -> str:
    return f"{FOLDER}/{name}.json"
