"""prepare: read or draw the faces, clean, split and augment them, and log the account of every file."""

from contextlib import nullcontext
from textwrap import shorten

from unlearning.data.manifest import SPLITS, DataSet
from unlearning.data.manifest import prepare as prepare_data
from unlearning.data.rules import LONGEST
from unlearning.data.settings import DataSettings
from unlearning.experiments.spread import PROCESSES, RAY, each_on_ray
from unlearning.naming import counted
from unlearning.progress import say, track
from unlearning.reports import data_figures
from unlearning.reports.data_report import data_report, knows_ages
from unlearning.reports.page import render
from unlearning.reports.style import THEMES
from unlearning.tracking import finished, runs
from unlearning.versions.data import MANIFEST, REJECTED, SETTINGS

REASONS, REPORT, FIGURES = "data/reasons.csv", "data/data_report.html", "data/figures"


def prepare(settings: DataSettings, side: int, force: bool = False, spread: str = PROCESSES) -> tuple[DataSet, str]:
    """Prepare the faces and return them with the run that holds their account: a finished one, or with ``force`` a new one.

    With ``spread`` ray, files are read by tasks on the Ray cluster that this machine belongs to.
    """
    if force:
        with runs.run("prepare", "prepare"), each_on_ray() if spread == RAY else nullcontext() as each:
            data = prepare_data(settings, side, track, each)
            return data, _log(data, settings)
    data = prepare_data(settings, side, track)
    done = finished.find_finished(_mark(data, settings))
    if done:
        say(f"prepare: reused run {done['run_id']} (same files, settings and code), data {data.digest}")
        return data, done["run_id"]
    with runs.run("prepare", "prepare"):
        return data, _log(data, settings)


def _mark(data: DataSet, settings: DataSettings) -> str:
    return finished.fingerprint("prepare", settings=settings.as_dict(), digest=data.digest, rejected=len(data.rejected))


def _log(data: DataSet, settings: DataSettings) -> str:
    runs.rename(f"prepare {data.digest}")
    runs.log_settings("data", settings.as_dict() | {"digest": data.digest})
    for table, name in ((data.manifest, MANIFEST), (data.rejected, REJECTED), (data.reasons, REASONS)):
        runs.log_table(table, name)
    runs.log_json(settings.as_dict(), SETTINGS)
    runs.log_numbers(_counts(data))
    for name in SPLITS:
        runs.log_dataset(data.manifest[data.manifest.split == name], name, name, data.digest)
    _log_report(data, settings)
    finished.mark_finished(_mark(data, settings))
    _tell(data, settings)
    return runs.active_id()


def _counts(data: DataSet) -> dict[str, float]:
    """Faces in every part, copies, and files that every step left out."""
    counts = {f"faces_{name}": n for name, n in data.manifest.split.value_counts().items()}
    counts |= {"copies": (data.manifest.copy_of != "").sum(), "faces_rejected": len(data.rejected)}
    counts |= {f"rejected_{step}": n for step, n in data.rejected.step.value_counts().items()}
    return {name: float(count) for name, count in counts.items()}


def _log_report(data: DataSet, settings: DataSettings) -> None:
    """Figures on light and dark paper, and the page for people; neither holds a face."""
    known = knows_ages(data)
    drawn = {name: figure for name, figure in data_figures.FIGURES.items() if known or name not in data_figures.OF_AGES}
    pictures = {theme: render(drawn, theme, data, settings.as_dict()) for theme in THEMES}
    for theme, drawn in pictures.items():
        for name, picture in drawn.items():
            runs.log_text(picture, f"{FIGURES}/{theme}/{name}.svg")
    runs.log_text(data_report(data, settings.as_dict(), pictures), REPORT)


def _tell(data: DataSet, settings: DataSettings) -> None:
    source, faces = settings.data_dir or f"{settings.drawn_faces} drawn faces", (data.manifest.copy_of == "").sum()
    say(f"prepare: {counted(faces, 'face')} from {source}, {counted(len(data.rejected), 'file')} left out, data {data.digest}")
    for row in data.reasons.to_dict("records"):
        say(f"prepare:   {row['count']:>6} left out ({row['step']}): {row['reason']}")
    if data.untrained:
        say(f"prepare: no training face has as {data.target.name}: {shorten(', '.join(data.untrained), LONGEST)}")
    parts = data.manifest.groupby(["split", data.manifest.copy_of != ""]).size().to_dict()
    for name in SPLITS:
        copies = parts.get((name, True), 0)
        say(f"prepare:   {parts[name, False] + copies:>6} {name}" + (f", {copies} of them copies" if copies else ""))
