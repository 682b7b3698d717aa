"""The page about the data: one HTML file that needs nothing else, shows no face and names no file of one."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from unlearning.data.labels import UNKNOWN
from unlearning.data.manifest import STAGES, DataSet
from unlearning.experiments.published import COUNTS
from unlearning.naming import counted
from unlearning.reports import data_counts
from unlearning.reports.page import figures, page

TEMPLATE = "data_report.html.jinja"
STUDY_SETTINGS = {"fraction": 0.3, "min_age": 20, "max_age": 60, "augment_to": 150}
MOST_REASONS = 100


def data_report(data: DataSet, settings: dict, pictures: dict[str, dict[str, str]]) -> str:
    """The page as HTML text, at most 2 MB.

    Whoever gets it learns how many files there were and what became of them: ids, subjects and file names stay out, and of
    the place of the data only its last part is told, because the rest of a path may name people.
    ``pictures`` are the figures of FIGURES as SVG texts, by theme and name.
    """
    place = Path(settings.get("data_dir") or "").name
    known = knows_ages(data)
    groups = data_counts.groups(data.manifest).groupby("group", sort=False) if known else ()
    return page(
        TEMPLATE,
        headline=headline(data.manifest, data.rejected),
        digest=data.digest,
        place=place,
        compared=compared(data.manifest) if known else compared(data.manifest)[:-1],
        deviations=[
            (key, settings[key], theirs) for key, theirs in STUDY_SETTINGS.items() if settings.get(key, theirs) != theirs
        ],
        stages={title: len(ages) for title, ages in data.stages.items() if known or title != STAGES["age"]},
        steps=steps(data),
        told=data.target.told,
        groups={group: list(parts.itertuples()) for group, parts in groups},
        figures=figures("data", pictures),
        settings=settings | {"data_dir": place},
    )


def knows_ages(data: DataSet) -> bool:
    """Is every age known? A table of another target need not have any, and a missing one would be a bar at -1 years."""
    return all((ages != UNKNOWN).all() for ages in data.stages.values())


def headline(manifest: pd.DataFrame, rejected: pd.DataFrame) -> str:
    """How many files there were, how many were kept and how many left out, in one sentence."""
    kept, out = len(data_counts.faces(manifest)), len(rejected)
    copies = len(manifest) - kept
    was = {count: "was" if count == 1 else "were" for count in (kept, out)}
    added = f", and {counted(copies, 'augmented copy', 'augmented copies')} of training faces added" if copies else ""
    return f"Of {counted(kept + out, 'file')}, {kept:,} {was[kept]} kept as faces, {out:,} {was[out]} left out{added}."


def compared(manifest: pd.DataFrame) -> list[tuple[str, int, int | None]]:
    """Rows of (what, our number, the study's number or None where it published none)."""
    parts = data_counts.parts(manifest)
    together = parts.sum(axis=1)
    return [
        ("Training faces before augmentation", int(parts.faces.train), None),
        ("Copies of training faces", int(parts.copies.train), None),
        ("Training faces after augmentation", int(together.train), COUNTS["train"]),
        ("Validation faces", int(together.validation), COUNTS["validation"]),
        ("Test faces", int(together.test), COUNTS["test"]),
        ("Forget set 20\N{EN DASH}28", data_counts.forget_count(manifest), COUNTS["forget 20-28"]),
    ]


def steps(data: DataSet) -> list[dict]:
    """Every step with its title, its total and its reasons; of very many reasons the most frequent, and the others as one."""
    return [
        {
            "title": data_counts.title_of(step, data.target),
            "reasons": data_counts.fewer(counts, MOST_REASONS),
            "total": sum(count for _, count in counts),
        }
        for step, counts in data_counts.by_step(data.reasons).items()
    ]
