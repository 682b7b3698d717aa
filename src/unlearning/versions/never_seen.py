"""Whether a version has seen some faces, by the cross-fitting of the original that it comes from."""

from collections.abc import Collection

import pandas as pd

from unlearning.commands import command
from unlearning.data.forget import ForgetSet
from unlearning.errors import InputError
from unlearning.evaluation.never_seen import NeverSeen, Unseen
from unlearning.naming import NEVER_SEEN_TABLE
from unlearning.once import once
from unlearning.progress import say
from unlearning.registry.version import GONE, Version
from unlearning.tracking import finished, runs
from unlearning.versions.data import account_of
from unlearning.versions.files import predictions_of
from unlearning.versions.line import original_of, root_of

STEP, ORIGINAL = "crossfit", "original"
NEEDED = ("id", "split", "fold")


class NoCrossfitError(InputError):
    """Nobody has cross-fitted the original of a version."""


def never_seen_of(original: Version) -> pd.DataFrame | None:
    """The newest table of an original, as ``jobs.crossfit.joined`` makes it; None without one."""
    done = finished.find_by_tags({"step": STEP, ORIGINAL: original.source})
    return _table(done[0]["run_id"]) if done else None


@once(2)
def _table(run_id: str) -> pd.DataFrame:
    return runs.read_table(run_id, NEVER_SEEN_TABLE, needs=NEEDED)


def by_crossfit(version: Version, forget: ForgetSet) -> Unseen:
    """What the test of a cross-fitting says of a version and a forget set.

    Raises:
        NoCrossfitError: there is no cross-fitting of the version's original; with the command that makes it.
        InputError: it cannot tell, or the original is not known; with the command that helps.
    """
    original = root_of(version) or original_of(version)
    table = never_seen_of(original)
    if table is None:
        again = command("crossfit", version.model, model=original.number)
        raise NoCrossfitError(f"there is no cross-fitting of {original.label}; make it, once for all requests, with: {again}")
    remembers = predictions_of(original) if original.tag("state") not in GONE else None
    manifest, _ = account_of(version.tag("data_run"))
    copies = said_again(manifest, forget.ids)
    try:
        return NeverSeen(table, copies, version.target).judge(predictions_of(version), remembers, forget.ids)
    except InputError as error:
        again = command("retrain", version.model, forget_set=forget.rule)
        raise InputError(
            f"the cross-fitting of {original.label} cannot judge {forget.rule}: {error}; retrain: {again}"
        ) from error


def said_again(manifest: pd.DataFrame, asked: Collection[str]) -> pd.Series:
    """Ids of augmented copies, and of all but one face of every photograph: near-copies say the same, and are no witnesses.

    Of a photograph that is asked about a training face stays, for of others nothing is remembered.
    """
    sources = manifest[manifest.copy_of == ""]
    last = ~(sources.id.isin(asked) & (sources.split == "train"))
    stays = sources.loc[last.sort_values(kind="stable").index].drop_duplicates("near").id
    return manifest.id[~manifest.id.isin(stays)]


def has_seen(version: Version, forget: ForgetSet) -> Unseen | None:
    """The same where a cross-fitting stands; what it cannot tell is said aloud and stops nobody's work."""
    try:
        return by_crossfit(version, forget) if root_of(version) else None
    except NoCrossfitError:
        return None
    except InputError as error:
        say(f"crossfit: {error}")
        return None
