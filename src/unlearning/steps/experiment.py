"""experiment: run the cells of studies, reuse the finished ones, and leave a table of what was made."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, replace
from multiprocessing import get_context
from time import perf_counter

import pandas as pd

from unlearning.data.forget import ForgetSet
from unlearning.models.spec import ModelSpec
from unlearning.naming import choose
from unlearning.steps import forget_sets
from unlearning.steps import retrain as retrain_step
from unlearning.steps import train as train_step
from unlearning.steps import unlearn as unlearn_step
from unlearning.steps.prepare import prepare
from unlearning.steps.progress import say
from unlearning.steps.reuse import reuse_or
from unlearning.steps.settings import ExperimentSettings, RetrainSettings, TrainSettings, UnlearnSettings
from unlearning.studies.plan import ORIGINAL, RETRAINED, STUDIES, UNLEARNED, Cell, cells
from unlearning.studies.presets import PRESETS, Preset
from unlearning.tracking import registry, runs
from unlearning.tracking.registry import Version

CELLS = "experiment/cells.csv"
Row = dict[str, object]
Job = tuple[Cell, TrainSettings]
Made = tuple[Cell, list[Row]]


def experiment(settings: ExperimentSettings) -> pd.DataFrame:
    """Run every cell that no finished run has made before, and return one row a version: which cell, which run."""
    preset = choose(PRESETS, settings.preset, "preset")
    studies = [choose(STUDIES, name, "study") for name in settings.studies]
    seeds = settings.seeds or preset.seeds
    trainings = {seed: _training(settings, preset, seed) for seed in seeds}
    with runs.run("experiment", f"{','.join(settings.studies)} {preset.name}") as run:
        runs.log_settings("experiment", asdict(settings))
        runs.log_settings("preset", asdict(preset))
        data, _ = prepare(trainings[seeds[0]].data, trainings[seeds[0]].model.image_size)
        plan = cells(studies, seeds, preset.params)
        say(f"experiment: {len(plan)} cells of {', '.join(settings.studies)}, preset {preset.name}, data {data.digest}")
        made = dict(_run_all(plan, trainings, settings.workers, run.info.run_id))
        table = pd.DataFrame([row for cell in plan for row in made[cell]])
        runs.log_table(table, CELLS)
        runs.set_tags({"preset": preset.name, "studies": ",".join(settings.studies), "data_digest": data.digest})
    return table


def _training(settings: ExperimentSettings, preset: Preset, seed: int) -> TrainSettings:
    """How the original of a seed is trained; everything else of that seed follows from it."""
    data = replace(preset.data, data_dir=settings.data_dir)
    model = ModelSpec(**preset.model, pretrained=settings.pretrained, weights=settings.weights)
    return TrainSettings(data, model, preset.recipe, preset.changes, (seed,), f"{settings.name}-{preset.name}-seed-{seed}")


def _run_all(plan: list[Cell], trainings: dict[int, TrainSettings], workers: int, parent: str) -> Iterator[Made]:
    """Phase by phase, because later roles start from earlier ones; after each cell say what is done and left."""
    clock = _Clock(plan, trainings[plan[0].seed].recipe().epochs)
    for role in (ORIGINAL, RETRAINED, UNLEARNED):
        jobs = [(cell, trainings[cell.seed]) for cell in plan if cell.role == role]
        for cell, (rows, seconds) in _run_phase(jobs, workers, parent):
            clock.tell(cell, seconds, workers)
            yield cell, rows


def _run_phase(jobs: list[Job], workers: int, parent: str) -> Iterator[tuple[Cell, tuple[list[Row], float]]]:
    if workers == 1:
        yield from ((cell, _run_timed(cell, own)) for cell, own in jobs)
        return
    os.environ["OMP_NUM_THREADS"] = str(max(1, len(os.sched_getaffinity(0)) // workers))
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        running = {pool.submit(_run_in_worker, cell, own, parent): cell for cell, own in jobs}
        yield from ((running[job], job.result()) for job in as_completed(running))


def _run_in_worker(cell: Cell, own: TrainSettings, parent: str) -> tuple[list[Row], float]:
    """In a process of its own the cell's runs become children of the experiment's run all the same."""
    runs.leave_launcher()
    with runs.run("cell", f"{cell.title}, seed {cell.seed}", parent):
        return _run_timed(cell, own)


def _run_timed(cell: Cell, own: TrainSettings) -> tuple[list[Row], float]:
    """The cell's rows, and the seconds it took; 0 when a finished run had made it."""
    start = perf_counter()
    known = {version.number for version in registry.versions(own.name)}
    versions = _make(cell, own)
    seconds = 0.0 if {version.number for version in versions} <= known else perf_counter() - start
    about = asdict(cell) | {"model": own.name}
    rows = [
        about
        | {"epochs": epochs, "version": version.number, "run_id": version.run_id, "set": version.tag("forget_set", "none")}
        for epochs, version in zip(cell.epochs or (0,), versions, strict=True)
    ]
    return rows, seconds


class _Clock:
    """How much is done, and how long the rest will take at the seconds a pass over the data took here so far."""

    def __init__(self, plan: list[Cell], training_epochs: int):
        self.training_epochs, self.left = training_epochs, dict.fromkeys(plan)
        self.seconds, self.passes = 0.0, 0

    def tell(self, cell: Cell, seconds: float, workers: int) -> None:
        """``seconds``: 0 for a cell that was reused, which tells nothing about the pace."""
        del self.left[cell]
        if seconds:
            self.seconds, self.passes = self.seconds + seconds, self.passes + self._passes(cell)
        to_go = sum(map(self._passes, self.left)) * self.seconds / max(self.passes, 1) / workers / 60
        took = f"{seconds:.0f} s" if seconds else "reused"
        say(f"experiment: {cell.title}, seed {cell.seed}: {took}; {len(self.left)} cells left, about {to_go:.0f} minutes")

    def _passes(self, cell: Cell) -> int:
        return max(cell.epochs, default=self.training_epochs)


def _make(cell: Cell, own: TrainSettings) -> list[Version]:
    """The versions of a cell: those of a finished run with the same inputs, or new ones."""
    data, _ = prepare(own.data, own.model.image_size)
    original = reuse_or("train", train_step.mark(own, data.digest), own.name, False, lambda: [train_step.train(own)])[0]
    if cell.role == ORIGINAL:
        return [original]
    forget = forget_sets.read_rule(cell.forget_set, data, original)
    reference = _reference(cell, original, forget)
    return [reference] if cell.role == RETRAINED else _unlearned(cell, original, reference, forget)


def _reference(cell: Cell, original: Version, forget: ForgetSet) -> Version:
    own = RetrainSettings(cell.forget_set, str(original.number), name=original.model)
    mark = retrain_step.mark(own, original, forget)
    return reuse_or("retrain", mark, own.name, False, lambda: [retrain_step.retrain(own)])[0]


def _unlearned(cell: Cell, original: Version, reference: Version, forget: ForgetSet) -> list[Version]:
    own = UnlearnSettings(cell.method, cell.params, cell.forget_set, cell.epochs, str(original.number), name=original.model)
    mark = unlearn_step.mark(own, original, reference, forget)
    return reuse_or(f"unlearn ({cell.method})", mark, own.name, False, lambda: unlearn_step.unlearn(own))
