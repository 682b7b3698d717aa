"""The page about the data: one HTML file that needs nothing else, shows no face and names no file of one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from unlearning.reports import data_counts
from unlearning.reports.charts import counted
from unlearning.reports.data_figures import FIGURES, render
from unlearning.reports.page import figures, page
from unlearning.reports.style import THEMES

if TYPE_CHECKING:
    from unlearning.data.manifest import DataSet

TEMPLATE = "data_report.html.jinja"
STUDY = {"train": 6470, "validation": 1043, "test": 1043, "forget": 1735}
STUDY_SETTINGS = {"fraction": 0.3, "min_age": 20, "max_age": 60, "augment_to": 150}
MOST_REASONS = 100


def data_report(data: DataSet, settings: dict, pictures: dict[str, dict[str, str]] | None = None) -> str:
    """The page as HTML text, at most 2 MB.

    Whoever gets it learns how many files there were and what became of them: ids, subjects and file names stay out, and of
    the place of the data only its last part is told.

    Args:
        data: the prepared data.
        settings: its parameters.
        pictures: what ``render`` gave for each theme, by the theme's name, where the caller has it; otherwise it is drawn.
    """
    drawn = pictures or {theme: render(data, settings, theme) for theme in THEMES}
    return page(
        TEMPLATE,
        headline=headline(data),
        digest=data.digest,
        source=source(settings),
        compared=compared(data),
        deviations=deviations(settings),
        stages={title: len(ages) for title, ages in data.stages.items()},
        steps=steps(data),
        groups=groups(data),
        figures=figures(FIGURES, drawn),
        settings=settings | {"data_dir": place(settings)},
    )


def headline(data: DataSet) -> str:
    """How many files there were, how many were kept and how many left out, in one sentence."""
    kept, out = len(data_counts.faces(data.manifest)), len(data.rejected)
    copies = len(data.manifest) - kept
    added = f", and {counted(copies, 'augmented copy', 'augmented copies')} of training faces added" if copies else ""
    return f"Of {counted(kept + out, 'file')}, {kept:,} {_was(kept)} kept as faces, {out:,} {_was(out)} left out{added}."


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def place(settings: dict) -> str:
    """The last part of the place of the data: the rest of a path may name people."""
    return Path(settings.get("data_dir") or "").name


def source(settings: dict) -> str:
    """Where the faces come from, in words."""
    if settings.get("data_dir"):
        return f"The faces come from {place(settings)}."
    return "The faces were drawn by this program and show nobody."


def compared(data: DataSet) -> list[tuple[str, int, int | None]]:
    """Rows of (what, our number, the study's number or None where it published none)."""
    parts = data_counts.parts(data.manifest)
    train = parts.loc["train"]
    return [
        ("Training faces before augmentation", int(train.faces), None),
        ("Copies of training faces", int(train.copies), None),
        ("Training faces after augmentation", int(train.sum()), STUDY["train"]),
        ("Validation faces", int(parts.loc["validation"].sum()), STUDY["validation"]),
        ("Test faces", int(parts.loc["test"].sum()), STUDY["test"]),
        ("Forget set 20\N{EN DASH}28", data_counts.forget_count(data.manifest), STUDY["forget"]),
    ]


def deviations(settings: dict) -> list[tuple[str, object, object]]:
    """Rows of (parameter, our value, the study's) where they differ, which makes the numbers differ."""
    return [(key, settings[key], theirs) for key, theirs in STUDY_SETTINGS.items() if settings.get(key, theirs) != theirs]


def steps(data: DataSet) -> list[dict]:
    """Every step with its total and its reasons; of very many reasons the most frequent, and the others as one."""
    shown = []
    for step, reasons in data_counts.by_step(data.reasons).items():
        listed, others = reasons[:MOST_REASONS], reasons[MOST_REASONS:]
        if others:
            listed = [*listed, (f"{len(others):,} other reasons", sum(count for _, count in others))]
        title = data_counts.STEPS.get(step, data_counts.printable(step))
        shown.append({"title": title, "reasons": listed, "total": sum(count for _, count in reasons)})
    return shown


def groups(data: DataSet) -> dict[str, dict[str, tuple[int, int]]]:
    """(faces, copies) by group and part."""
    table: dict[str, dict[str, tuple[int, int]]] = {}
    for row in data_counts.groups(data.manifest).itertuples(index=False):
        table.setdefault(row.group, {})[row.part] = (row.faces, row.copies)
    return table
