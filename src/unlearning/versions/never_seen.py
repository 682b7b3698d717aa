"""The table of a cross-fitting, found again for a version: what models that never saw a face say of it."""

from __future__ import annotations

import pandas as pd

from unlearning.registry.version import Version
from unlearning.tracking import runs
from unlearning.versions.line import find_original

STEP, TABLE, ORIGINAL = "crossfit", "crossfit.parquet", "original"
NEEDED = ("id", "split", "age", "fold")


def never_seen_of(version: Version) -> pd.DataFrame | None:
    """The newest table of the original of a version's line, as ``jobs.crossfit.joined`` makes it; None without one."""
    original = find_original(version)
    done = runs.find_by_tags({"step": STEP, ORIGINAL: original.source}) if original else []
    return runs.read_table(done[0]["run_id"], TABLE, needs=NEEDED) if done else None
