"""experiment: run the cells of studies, reuse the finished ones, and leave a table of what was made."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, replace
from functools import partial
from time import perf_counter

import pandas as pd

from unlearning.data.manifest import DataSet
from unlearning.data.settings import DataSettings
from unlearning.experiments.plan import ORIGINAL, RETRAINED, STUDIES, UNLEARNED, Cell, cells, with_forget_sets
from unlearning.experiments.presets import PRESETS, Preset
from unlearning.experiments.spread import alone, place
from unlearning.jobs.ensemble import try_out
from unlearning.jobs.forecast import foretell
from unlearning.methods import METHODS
from unlearning.methods.params import supports
from unlearning.models.spec import ModelSpec
from unlearning.progress import say
from unlearning.registry.lookup import all_versions
from unlearning.registry.version import Version
from unlearning.settings.experiments import ExperimentSettings
from unlearning.settings.forgetting import UnlearnSettings
from unlearning.settings.training import RetrainSettings, TrainSettings
from unlearning.steps.prepare import prepare
from unlearning.steps.retrain import retrain_or_reuse
from unlearning.steps.train import train_or_reuse, training_of
from unlearning.steps.unlearn import unlearn_or_reuse
from unlearning.tracking import runs, temporary
from unlearning.versions import forget_sets

CELLS = "experiment/cells.csv"
Row = dict[str, object]
Job = tuple[Cell, TrainSettings]
Made = tuple[Cell, list[Row]]
Trainings = dict[tuple[int, str], TrainSettings]


def experiment(settings: ExperimentSettings) -> pd.DataFrame:
    """Run every cell that no finished run has made before, and return one row a version: which cell, which run."""
    preset = PRESETS[settings.preset]
    studies = with_forget_sets([STUDIES[name] for name in settings.studies], settings.forget_sets)
    target = DataSettings(settings.data_dir, settings.target).predicts
    able = {name: method for name, method in METHODS.items() if supports(method, target)}
    plan = cells(studies, settings.seeds or preset.seeds, preset.params, able)
    trainings = {(cell.seed, cell.scheme): _training(settings, preset, cell.seed, cell.scheme) for cell in plan}
    with (
        place(settings.spread, settings.workers) as run_jobs,
        runs.run("experiment", f"{','.join(settings.studies)} {preset.name}") as run,
    ):
        runs.log_settings("experiment", asdict(settings))
        runs.log_settings("preset", asdict(preset))
        first = trainings[plan[0].seed, plan[0].scheme]
        data = _prepare(plan, first)
        digest = data.digest
        say(f"experiment: {len(plan)} cells of {', '.join(settings.studies)}, preset {preset.name}, data {digest}")
        # As if no cell were finished yet, and a pass of every method cost what one of training costs.
        passes = sum(_passes(cell, first.recipe().epochs) for cell in plan)
        foretell("experiment", training_of(first, data), passes, sum(len(cell.epochs) or 1 for cell in plan))
        act = _run_timed if alone(settings.spread, settings.workers) else partial(_run_elsewhere, run.info.run_id)
        made = dict(_run_all(plan, trainings, settings.workers, partial(run_jobs, act)))
        table = pd.DataFrame([row for cell in plan for row in made[cell]])
        runs.log_table(table, CELLS)
        runs.set_tags({"preset": preset.name, "studies": ",".join(settings.studies), "data_digest": digest})
    return table


def _training(settings: ExperimentSettings, preset: Preset, seed: int, scheme: str) -> TrainSettings:
    """How the original of a seed is trained by a scheme; everything else of that seed follows from it."""
    data = replace(preset.data, data_dir=settings.data_dir, target=settings.target)
    model = ModelSpec(**preset.model, pretrained=settings.pretrained, weights=settings.weights)
    name = "-".join(part for part in (settings.name, preset.name, scheme, f"seed-{seed}") if part)
    own = {"scheme": scheme} if scheme else {}
    return TrainSettings(data, model, preset.recipe, preset.changes, (seed,), name, **own)


def _prepare(plan: list[Cell], own: TrainSettings) -> DataSet:
    """Prepare the data, and refuse rules that name nobody in it before anything is trained."""
    try_out(own.model)
    data, _ = prepare(own.data, own.model.image_size)
    for rule in dict.fromkeys(cell.forget_set for cell in plan if cell.forget_set):
        forget_sets.foresee(rule, data)
    return data


def _passes(cell: Cell, training_epochs: int) -> int:
    return max(cell.epochs, default=training_epochs)


def _run_all(plan: list[Cell], trainings: Trainings, workers: int, run_jobs: Callable) -> Iterator[Made]:
    """Phase by phase, because later roles start from earlier ones; after each cell say what is done and left."""
    clock = _Clock(plan, trainings[plan[0].seed, plan[0].scheme].recipe().epochs)
    for role in (ORIGINAL, RETRAINED, UNLEARNED):
        jobs = [(cell, trainings[cell.seed, cell.scheme]) for cell in plan if cell.role == role]
        for (cell, _), (rows, seconds) in run_jobs(jobs):
            clock.tell(cell, seconds, workers)
            yield cell, rows


def _run_elsewhere(parent: str, cell: Cell, own: TrainSettings) -> tuple[list[Row], float]:
    """In a process of its own the cell's runs become children of the experiment's run all the same."""
    runs.leave_launcher()
    with temporary.private(), runs.run("cell", f"{cell.title}, seed {cell.seed}", parent):
        return _run_timed(cell, own)


def _run_timed(cell: Cell, own: TrainSettings) -> tuple[list[Row], float]:
    """The cell's rows, and the seconds it took; 0 when a finished run had made it."""
    start = perf_counter()
    known = {version.number for version in all_versions(own.name)}
    versions = _make(cell, own)
    seconds = 0.0 if {version.number for version in versions} <= known else perf_counter() - start
    about = asdict(cell) | {"model": own.name}
    rows = [about | _about(cell, version) for version in versions]
    return rows, seconds


def _about(cell: Cell, version: Version) -> Row:
    epochs = int(version.require_number("epochs")) if cell.role == UNLEARNED else 0
    return {"epochs": epochs, "version": version.number, "run_id": version.run_id, "set": version.tag("forget_set", "none")}


class _Clock:
    """How much is done, and how long the rest will take at the seconds a pass over the data took here so far."""

    def __init__(self, plan: list[Cell], training_epochs: int):
        self.training_epochs, self.left, self.cells = training_epochs, dict.fromkeys(plan), len(plan)
        self.seconds, self.passes = 0.0, 0

    def tell(self, cell: Cell, seconds: float, workers: int) -> None:
        """``seconds``: 0 for a cell that was reused, which tells nothing about the pace."""
        del self.left[cell]
        if seconds:
            self.seconds, self.passes = self.seconds + seconds, self.passes + _passes(cell, self.training_epochs)
        left = sum(_passes(other, self.training_epochs) for other in self.left)
        to_go = left * self.seconds / max(self.passes, 1) / workers / 60
        took = f"{seconds:.0f} s" if seconds else "reused"
        running = min(workers, sum(other.role == cell.role for other in self.left))
        pace = f"about {to_go:.0f} minutes to go" if self.passes else "how long is not known yet"
        counts = f"{self.cells - len(self.left)} of {self.cells} cells done, {running} running, {len(self.left) - running} left"
        say(f"experiment: {cell.title}, seed {cell.seed}: {took}; {counts}, {pace}")


def _make(cell: Cell, own: TrainSettings) -> list[Version]:
    """The versions of a cell: those of a finished run with the same inputs, or new ones."""
    data, _ = prepare(own.data, own.model.image_size)
    original = train_or_reuse(own, data.digest)
    if cell.role == ORIGINAL:
        return [original]
    forget, start = forget_sets.read_rule(cell.forget_set, data, original), str(original.number)
    reference = retrain_or_reuse(RetrainSettings(cell.forget_set, start, name=own.name), original, forget)
    if cell.role == RETRAINED:
        return [reference]
    settings = UnlearnSettings(cell.method, cell.params, cell.forget_set, cell.epochs, start, name=own.name)
    return unlearn_or_reuse(settings, original, reference, forget)
