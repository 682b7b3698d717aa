"""Whether a version has seen some faces, by the cross-fitting of the original that it comes from."""

from __future__ import annotations

import pandas as pd

from unlearning.data.forget import ForgetSet
from unlearning.errors import InputError
from unlearning.evaluation.never_seen import NeverSeen, Unseen
from unlearning.naming import NEVER_SEEN_TABLE
from unlearning.progress import say
from unlearning.registry.version import Version
from unlearning.tracking import runs
from unlearning.versions.data import account_of
from unlearning.versions.files import predictions_of
from unlearning.versions.line import find_original

STEP, ORIGINAL = "crossfit", "original"
NEEDED = ("id", "split", "age", "fold")


def never_seen_of(original: Version) -> pd.DataFrame | None:
    """The newest table of an original, as ``jobs.crossfit.joined`` makes it; None without one."""
    done = runs.find_by_tags({"step": STEP, ORIGINAL: original.source})
    return runs.read_table(done[0]["run_id"], NEVER_SEEN_TABLE, needs=NEEDED) if done else None


def has_seen(version: Version, forget: ForgetSet) -> Unseen | None:
    """What the test of a cross-fitting says of a version and a forget set; None where none stands, or where it cannot tell.

    Nothing needs it, so one that cannot be read is told and stops nobody's work.
    """
    original = find_original(version)
    try:
        table = never_seen_of(original) if original else None
        if table is None:
            return None
        manifest, _ = account_of(version.tag("data_run"))
        copies = manifest.id[manifest.copy_of != ""]
        return NeverSeen(table, copies).judge(predictions_of(version), predictions_of(original), forget.ids)
    except InputError as error:
        say(f"crossfit: whether {version.label} has seen {forget.rule} is not known by it: {error}")
        return None
