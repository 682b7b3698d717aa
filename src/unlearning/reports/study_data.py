"""What the page about an experiment tells of its data: how many faces are in each part and in each forget set."""

from __future__ import annotations

from types import SimpleNamespace

import pandas as pd

from unlearning.data.forget import ForgetSet, forget_mask
from unlearning.experiments.published import COUNTS
from unlearning.reports import data_counts
from unlearning.reports.data_report import headline
from unlearning.reports.study_words import NONE

COLUMNS = ["part or forget set", "faces", "copies", "together", "study"]


def data_page(manifest: pd.DataFrame, rejected: pd.DataFrame, sets: dict[str, ForgetSet], figures: dict[str, str]) -> dict:
    """What ``study_report`` takes of the data.

    Args:
        manifest: faces and copies.
        rejected: files left out.
        sets: forget sets by title.
        figures: SVG texts of the data's figures, by name.
    """
    told = headline(SimpleNamespace(manifest=manifest, rejected=rejected))
    return {"headline": told, "counts": counts(manifest, sets), "figures": figures}


def counts(manifest: pd.DataFrame, sets: dict[str, ForgetSet]) -> pd.DataFrame:
    """Real faces, augmented copies and both together of every part and forget set, beside the study's counts."""
    parts = [(part, *row) for part, *row in data_counts.parts(manifest).itertuples()]
    forgotten = [(f"forget {title}", *_faces_and_copies(manifest, forget)) for title, forget in sets.items()]
    rows = [(name, faces, copies, faces + copies, COUNTS.get(name, NONE)) for name, faces, copies in (*parts, *forgotten)]
    return pd.DataFrame(rows, columns=COLUMNS)


def _faces_and_copies(manifest: pd.DataFrame, forget: ForgetSet) -> tuple[int, int]:
    copies = data_counts.is_copy(manifest)[forget_mask(manifest, forget)]
    return int((~copies).sum()), int(copies.sum())
