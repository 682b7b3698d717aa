"""purge: what must not exist any more is deleted for good, and a tombstone with the numbers stays."""

from dataclasses import dataclass, replace
from pathlib import Path

from unlearning.canonical import moment
from unlearning.commands import command, spelt
from unlearning.data.settings import DataSettings
from unlearning.errors import InputError
from unlearning.jobs import artifact_copy
from unlearning.jobs.artifact_copy import FOLDER
from unlearning.naming import counted
from unlearning.progress import say
from unlearning.purge import buckets, rules, store
from unlearning.purge import cache as purge_cache
from unlearning.purge.report import Report, describe
from unlearning.purge.rules import CHECKPOINTS, Deed, File
from unlearning.purge.store import Place
from unlearning.registry import servers
from unlearning.registry.journal import former
from unlearning.registry.lookup import all_versions, find_known, find_or_none, state_of
from unlearning.registry.transitions import transition
from unlearning.registry.version import CHAMPION, PURGED, PURGING, Version
from unlearning.repair import surroundings
from unlearning.settings.registry import PurgeSettings
from unlearning.tracking import runs, temporary
from unlearning.tracking.abandoned import has_ended
from unlearning.tracking.answers import first_line, store_errors
from unlearning.versions import forget_sets, people
from unlearning.versions.data import SETTINGS, account_of

JSON, PAGE = "purge.json", "purge.md"


@dataclass(frozen=True)
class Scope:
    """Everything that a purge covers: files in the store, and in the cache pixels of forgotten faces, and searches."""

    version: Version
    places: list[Place]
    readings: list[Path]
    searches: list[Path]

    def files(self) -> list[File]:
        """Every file, with its content's sha256."""
        own = [file for place in self.places for file in store.read(place, store.files_of(place))]
        return own + purge_cache.files_of(self.readings, self.searches)

    def erase(self) -> list[str]:
        """Delete everything but the evidence; returns what was refused, in sentences."""
        refused = [why for place in self.places for why in store.erase(place, store.files_of(place))]
        return refused + purge_cache.erase(self.readings, self.searches)


def purge(settings: PurgeSettings) -> Report:
    """Erase a version's model, predictions and checkpoints, cached pixels of forgotten faces, and searches, with proof.

    May be called again: what was interrupted goes on, and what was purged before is looked at again.

    Raises:
        InputError: it is the champion, its name was not typed back, a waiting candidate needs it, another version is made of
            its files, or the store does not delete; the sentence says which.
    """
    with runs.run("purge", f"purge {settings.version}"):
        version = find_known(settings.name, settings.version, purged=True)
        named = people.certified(version.model) if settings.people else None
        found = _require_allowed(settings, version)
        deed = Deed(runs.user(), moment(), runs.active_id(), settings.reason.strip())
        searches = purge_cache.searches_from(version.model, version.number, version.tag("data_digest"))
        readings = purge_cache.readings_with(forget_sets.faces_of(find_or_none(version.model, CHAMPION)))
        places = store.places_of(version) + _unfinished_on(version.tag("data_digest"))
        scope = Scope(version, places, readings, searches)
        report = _plan(scope, deed, [loss.sentence for loss in found])
        _begin(version, deed, report, settings.force)
        refused = scope.erase()
        report = report.ended(scope.files(), {}, refused, [])
        if not (report.left or refused):
            _bury(version, deed, report)
        if named:
            try:
                notes, refusals = people.seal(named)
            except (InputError, *store_errors()) as error:  # what was deleted is proved all the same
                again = f"what names the forgotten may be sealed in part only: purge again with {spelt(people='true')}"
                notes, refusals = [again], [first_line(error)]
            report = replace(report, notes=[*report.notes, *notes], refused=[*report.refused, *refusals])
        report = _prove(scope, report)
        if report.left or report.refused:
            why = f" {'; '.join(report.refused)}." if report.refused else ""
            raise InputError(f"{report.verdict}{why} What this user cannot delete, the store's owner can.")
    say(f"purge: {report.verdict}")
    return report


def _unfinished_on(digest: str) -> list[Place]:
    """Checkpoints in the artifact store of work on the same data that nobody is at any more."""
    left = [run.info for run in artifact_copy.everywhere(digest) if has_ended(run) or artifact_copy.is_left(run)]
    return [Place(f"unfinished work of run {one.run_id}", f"{one.artifact_uri}/{FOLDER}", CHECKPOINTS) for one in left]


def _require_allowed(settings: PurgeSettings, version: Version) -> list[rules.Loss]:
    """Refuse what must not be done; says what would go and what would be lost, and returns the latter."""
    sentences, found = foretold(version)
    for sentence in sentences:
        say(f"purge: {sentence}")
    rules.require_not_awaited(found, version.number, settings.force)
    more = {name: value for name, value in vars(settings).items() if name in ("reason", "force", "people") and value}
    rules.require_confirmed(version.model, version.number, settings.confirm, **more)
    return found


def foretold(version: Version) -> tuple[list[str], list[rules.Loss]]:
    """What would go with a version and what could not be done any more, in sentences, and the latter; nothing is changed.

    Raises:
        InputError: it is the champion, or another version is made of its files.
    """
    state = state_of(all_versions(version.model))
    rules.require_dethroned(state, version.number, version.model)
    found = rules.losses(state, version.number, version.model, lambda: former(version.model))
    listed = [file for place in store.places_of(version) for file in store.files_of(place)]
    if shared := store.others_with_its_files(version):
        raise InputError(
            f"nothing was purged: {', '.join(shared)} is made of the same files as {version.label}; delete that version first"
        )
    going = f"{version.label} of {version.model}: {describe([file for file in listed if file.goes])} are to go"
    return [going, *(f"then {loss.sentence}" for loss in found)], found


def _plan(scope: Scope, deed: Deed, lost: list[str]) -> Report:
    """Everything as it is before the first file goes; what died processes left went when this one made its temporary folder."""
    version = scope.version
    temporary.own_folder()
    swept = [f"removed from the temporary folder: {left}" for left in temporary.swept]
    return Report(
        version.model,
        version.number,
        version.label,
        deed,
        forget_sets.remembered(version, find_or_none(version.model, CHAMPION)),
        scope.files(),
        rows_before=store.rows_of(version),
        losses=lost,
        notes=[*_earlier(version), *_faces_left(version), *_leftovers(version.model), *swept],
    )


def _begin(version: Version, deed: Deed, report: Report, force: bool) -> None:
    """Leave the plan on the run and the mark on the version before the first file goes, so that nothing goes unseen."""
    runs.log_settings("purge", {"version": version.number, "label": version.label, "reason": deed.reason})
    runs.set_tags({"purged.version": rules.confirmation(version.model, version.number)})
    _log(report)
    if version.tag("state") == PURGED:
        return

    def decide(known: list[Version]):
        state = state_of(known)
        lost = rules.losses(state, version.number, version.model, lambda: former(version.model))
        rules.require_not_awaited(lost, version.number, force)
        return rules.begun(state, version.number, deed, version.model)

    transition(version.model, decide, "purge", f"begun: {deed.reason or report.verdict}")
    store.mark(version, PURGING)


def _bury(version: Version, deed: Deed, report: Report) -> None:
    """Leave the tombstone, once."""
    if version.tag("state") == PURGED:
        return
    number, files = version.number, len(report.removed)
    why = f"{deed.reason}; {report.verdict}" if deed.reason else report.verdict
    transition(version.model, lambda known: rules.ended(state_of(known), number, deed, files, version.model), "purge", why)
    store.mark(version, PURGED)


def _prove(scope: Scope, report: Report) -> Report:
    """Look at everything again, and leave the proof on the run."""
    copies = store.same_bytes(report.removed)
    notes = [f"the same bytes as a removed file still lie at {path}" for path in copies]
    if not any(place.folder for place in scope.places):
        notes += ["the store lies behind a server or in a bucket: whether the same bytes lie elsewhere in it was not searched"]
    notes += buckets.old_versions(scope.places)
    notes += _still_held(scope.version)
    report = report.ended(scope.files(), store.rows_of(scope.version), report.refused, notes)
    _log(report)
    size = sum(file.size for file in report.removed)
    runs.log_numbers({"files_removed": len(report.removed), "bytes_removed": size, "files_left": len(report.left)})
    for note in report.notes:
        say(f"purge: {note}")
    return report


def _still_held(version: Version) -> list[str]:
    """Servers that do not give the version up; where the store does not tell, or tells no more, which there are, that too."""
    known, unknown = [], []

    def holding(asked: Version) -> list[servers.Server]:
        known[:] = servers.holding(asked)
        return known

    try:
        servers.still(holding, version)
    except InputError as error:
        unknown = [f"a server may have it in memory still: {error}"]
    return [*(f"a server has it in memory still: {one.sentence}" for one in known), *unknown]


def _log(report: Report) -> None:
    runs.log_json(report.as_dict(), JSON)
    runs.log_text(report.as_markdown(), PAGE)


def _earlier(version: Version) -> list[str]:
    """What an interrupted purge found stands in its own run."""
    run = version.tag("purged_run")
    if not run:
        return []
    what = "was purged before" if version.tag("state") == PURGED else "a purge was begun before and did not end"
    return [f"{version.label}: {what}; what was found and removed then stands in {JSON} of run {run}"]


def _faces_left(version: Version) -> list[str]:
    """How many forgotten faces still lie in the image folder; it is the user's, so this is told and not changed."""
    ids, data_run = forget_sets.faces_of(find_or_none(version.model, CHAMPION)), version.tag("data_run")
    try:
        folder = Path(runs.read_json(data_run, SETTINGS, DataSettings.from_dict).data_dir)
        manifest, _ = account_of(data_run)
    except InputError as error:
        return [f"whether forgotten faces lie in the image folder is unknown: {error}"] if ids else []
    if not folder.name or not ids:
        return []
    root = folder if folder.is_dir() else folder.parent
    files = manifest.file[manifest.id.isin(ids) & (manifest.copy_of == "")]
    there = sum((root / name).exists() for name in files)
    return [f"{there} of {len(files)} pictures of forgotten faces lie in the image folder {folder.name}"]


def _leftovers(model: str) -> list[str]:
    """Models that no version holds could remember too."""
    found = sorted(surroundings.look("", [], "").unregistered())
    if not found:
        return []
    return [
        f"{counted(len(found), 'logged model')} of no version may remember: {', '.join(found)}; those that dead runs left are "
        f"removed by: {command('repair', model)}; erase others with delete_logged_model and mlflow gc --logged-model-ids"
    ]
