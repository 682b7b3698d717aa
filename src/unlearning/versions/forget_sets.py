"""Forget manifests on runs: made from a rule once, logged by every run that uses them, read back by every later one."""

from unlearning.commands import command, spelt
from unlearning.data import rules
from unlearning.data.forget import ForgetSet, Known, check, resolve
from unlearning.data.manifest import DataSet
from unlearning.data.settings import MANIFEST
from unlearning.errors import InputError
from unlearning.finding import forgotten_names
from unlearning.naming import counted, manifest_file
from unlearning.once import once
from unlearning.progress import say
from unlearning.registry.lookup import all_versions
from unlearning.registry.version import Version
from unlearning.tracking import runs
from unlearning.versions.data import account_of
from unlearning.versions.files import predictions_of

MANIFESTS_KEPT = 16


def read_rule(text: str, data: DataSet, model: Version) -> ForgetSet:
    """The forget set that a rule names in ``data``; ``model`` is the one at hand, whose errors ``hardest`` means.

    ``manifest:RUN_ID/NAME`` is the forget manifest of that name of a run: who was meant then, whatever the rule would mean now.

    Raises:
        InputError: the rule cannot be read, or names what there is not, or the manifest is of other data.
    """
    if text.strip().startswith(MANIFEST):
        return _of_same_data(read_manifest(*_taken_apart(text)), data.digest, model.model)
    predictions = predictions_of(model) if rules.names_hardest(text) else None
    found = resolve(text, Known(data.manifest, data.rejected, predictions, target=data.target), data.digest)
    for note in found.notes:
        say(f"forget set {found.rule}: {note}")
    return found


def manifest_rule(run_id: str, forget: ForgetSet) -> str:
    """The rule that means exactly the manifest that a run holds."""
    return f"{MANIFEST}{run_id}/{forget.name}"


@once(MANIFESTS_KEPT)
def read_manifest(run_id: str, name: str) -> ForgetSet:
    """A forget manifest that a run holds, which nobody changes; InputError when it has none of that name."""
    return runs.read_json(run_id, manifest_file(name), ForgetSet.from_dict)


def _taken_apart(text: str) -> tuple[str, str]:
    run_id, separator, name = text.strip().removeprefix(MANIFEST).partition("/")
    if not (run_id and separator and name):
        raise InputError(f"the forget set {text!r} cannot be read; legal: {MANIFEST}RUN_ID/NAME, of its forget/NAME.json")
    return run_id, name


def _of_same_data(forget: ForgetSet, digest: str, model: str) -> ForgetSet:
    if forget.data_digest != digest:
        raise InputError(
            f"the forget manifest {forget.name} is of data {forget.data_digest}, and the version at hand was made from data "
            f"{digest}; name the samples by a rule instead, or choose a version of that data: {command('status', model)}"
        )
    return forget


def foresee(text: str, data: DataSet) -> None:
    """Refuse a rule that cannot be read or names nobody before anything is trained; InputError as in ``read_rule``.

    Whom ``hardest`` means is known only when there is a model.
    """
    rules.parse(text)
    if not rules.names_hardest(text):
        known = Known(data.manifest, data.rejected, target=data.target)
        check(data.manifest, resolve(text, known, data.digest), [], data.target)


def log(sets: list[ForgetSet]) -> None:
    """Log manifests as artifacts of the active run, and tag it with the last, its own."""
    for forget in sets:
        runs.log_json(forget.as_dict(), manifest_file(forget.name))
    runs.set_tags(tags(sets[-1]))


def tags(forget: ForgetSet) -> dict[str, str]:
    """What runs and versions say of their forget set."""
    named = {"forget_set": forget.name, "forget_rule": forget.rule}
    return named | {"forget_sha256": forget.sha256, "forget_count": str(len(forget.ids))}


def of_version(version: Version) -> ForgetSet:
    """The forget set a version was made for, as its run holds it."""
    return read_manifest(version.run_id, version.tag("forget_set"))


def asked_for(version: Version, rule: str) -> ForgetSet:
    """The forget set asked for, or the version's own; an original has none and takes the one that was retrained last."""
    if rule:
        return of_rule(version, rule)
    if version.tag("forget_set", "none") != "none":
        return of_version(version)
    retrained = [v for v in all_versions(version.model) if v.tag("role") == "retrained"]
    if not retrained:
        raise InputError(
            f"{version.label} was made to forget nothing, so say what to score it on: {spelt(forget_set='20-28')}; the "
            f"retrained reference is made with: {command('retrain', version.model, forget_set='20-28')}"
        )
    return of_version(retrained[-1])


def first_that_forgot(versions: list[Version]) -> Version:
    """The version by whose forget set several are looked at: the first that has one, or the first of all."""
    return next((version for version in versions if version.tag("forget_set", "none") != "none"), versions[0])


def of_rule(version: Version, text: str) -> ForgetSet:
    """A rule read against the account of a version's data; no image folder is needed."""
    manifest, rejected = account_of(version.tag("data_run"))
    known = Known(manifest, rejected, target=version.target)
    forget = resolve(text, known, version.tag("data_digest"))
    check(manifest, forget, [], version.target)
    return forget


def forgotten_by(version: Version) -> list[ForgetSet]:
    """All that a version has forgotten so far, oldest first."""
    return [read_manifest(version.run_id, name) for name in forgotten_names(version.tags)]


def faces_of(version: Version | None) -> set[str]:
    """Everybody whom a version has forgotten; nobody where there is no version."""
    return {face for forget in (forgotten_by(version) if version else ()) for face in forget.ids}


def remembered(version: Version, champion: Version | None) -> dict[str, int]:
    """Faces of each forget set of the champion, by its rule, that a version was trained on and has not forgotten."""
    asked = forgotten_by(champion) if champion else []
    if not asked:
        return {}
    manifest, _ = account_of(version.tag("data_run"))
    known = set(manifest.id[manifest.split != "test"]) - faces_of(version)
    counts = {forget.rule: len(known & set(forget.ids)) for forget in asked}
    return {rule: count for rule, count in counts.items() if count}


def in_words(faces: dict[str, int]) -> str:
    """What ``remembered`` found."""
    return ", ".join(f"{rule} ({counted(count, 'face')})" for rule, count in faces.items())
