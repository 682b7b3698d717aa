"""What stands around the versions of a registered model - runs, experiments, logged models - and what people change there.

A check names it, and ``repair`` mends what can be mended: MLflow keeps what it deletes until ``mlflow gc``.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial

import mlflow
from mlflow.entities import Experiment, LoggedModel, LoggedModelStatus, Run, ViewType

from unlearning.commands import command
from unlearning.purge import store as purge
from unlearning.purge.rules import MODEL
from unlearning.purge.store import Place
from unlearning.registry import journal, servers
from unlearning.registry.logged_models import name_versions, named_versions
from unlearning.registry.lookup import all_versions, logged_model_id
from unlearning.registry.version import GONE, Version
from unlearning.requests import store as requests
from unlearning.tracking.abandoned import has_ended
from unlearning.tracking.paging import every
from unlearning.tracking.store import STEP

OWN = {journal.EXPERIMENT: journal.HOLDS, requests.EXPERIMENT: requests.HOLDS, servers.EXPERIMENT: servers.HOLDS}
AT_ONCE = 100
DIED = ("KILLED", "FAILED")


@dataclass(frozen=True)
class Fault:
    """Something around the versions that is not as it should be, and what mends it; None where nothing can."""

    sentence: str
    mend: Callable[[], None] | None = None


@dataclass(frozen=True)
class Around:
    """What stands around the versions of a registered model.

    Args:
        journal_id: the run that holds its journal; empty before the first transition.
        experiments: all of the store, by id, deleted ones among them.
        runs: of the versions, of the journal and of logged models without a version, by id, deleted ones among them.
        models: logged models that are not deleted, by id.
        held: the versions, of whatever registered model, that are made of each of them.
    """

    model: str
    versions: list[Version]
    journal_id: str
    experiments: dict[str, Experiment]
    runs: dict[str, Run]
    models: dict[str, LoggedModel]
    held: dict[str, set[tuple[str, int]]]

    def measured(self) -> dict[int, dict[str, float]]:
        """The newest value of every metric of each version: of its logged model, or, where that is gone, of its run."""
        return {version.number: self._measured(version) for version in self.versions}

    def _measured(self, version: Version) -> dict[str, float]:
        run, model = self.runs.get(version.run_id), self.models.get(logged_model_id(version))
        points = sorted(model.metrics or (), key=lambda point: point.timestamp) if model else ()
        return (dict(run.data.metrics) if run else {}) | {point.key: point.value for point in points}

    def faults(self) -> list[Fault]:
        """Everything that is wrong, in the order in which it has to be mended."""
        return [
            *self._experiments(),
            *self._runs(),
            *self._renamed(),
            *self._requests(),
            *self._strayed(),
            *self._models(),
            *self._links(),
            *self._orphans(),
        ]

    def _experiments(self) -> Iterator[Fault]:
        client = mlflow.MlflowClient()
        for number, experiment in self.experiments.items():
            runs = {run_id for run_id, run in self.runs.items() if run.info.experiment_id == number}
            numbers = [version.number for version in self.versions if version.run_id in runs]
            held = [OWN[experiment.name]] if experiment.name in OWN else []
            held += [f"the runs of versions {', '.join(map(str, numbers))}"] if numbers else []
            if held and experiment.lifecycle_stage != "active":
                said = f"the experiment {experiment.name!r}, which holds {' and '.join(held)}, was deleted"
                yield Fault(said, partial(client.restore_experiment, number))

    def _runs(self) -> Iterator[Fault]:
        there = [v for v in self.versions if v.run_id and (v.run_id in self.runs or v.tag("state") not in GONE)]
        named = [(v.number, v.run_id, f"the run {v.run_id} of version {v.number}") for v in there]
        data = sorted({version.tag("data_run") for version in self.versions} - {""})
        named += [(0, run_id, f"the run {run_id}, which holds the account of the data,") for run_id in data]
        named += [(0, self.journal_id, f"the run {self.journal_id}, which holds the journal,")] if self.journal_id else []
        for number, run_id, name in named:
            run = self.runs.get(run_id)
            if run is None:
                more = f"; purge what is left: {command('purge', self.model, version=number)}" if number else ""
                yield Fault(f"{name} is gone for good, with all that it had logged{more}")
            elif run.info.lifecycle_stage != "active" and self._is_active(run):
                restore = partial(mlflow.MlflowClient().restore_run, run_id)
                yield Fault(f"{name} was deleted: nothing more can be written to it", restore)

    def _is_active(self, run: Run) -> bool:
        """Of runs in a deleted experiment the experiment is told."""
        experiment = self.experiments.get(run.info.experiment_id)
        return bool(experiment) and experiment.lifecycle_stage == "active"

    def _renamed(self) -> Iterator[Fault]:
        kept = self.runs.get(self.journal_id)
        before = kept.data.tags.get(journal.MODEL, self.model) if kept else self.model
        if before != self.model:
            said = f"the registered model {self.model} was called {before}: its requests and its journal are filed under that"
            yield Fault(said, partial(_rename, self.journal_id, before, self.model))

    def _requests(self) -> list[Fault]:
        deleted = [one.name for one in self.experiments.values() if one.lifecycle_stage != "active"]
        return [] if requests.EXPERIMENT in deleted else [Fault(said) for said in requests.readable(self.model)[1]]

    def _strayed(self) -> Iterator[Fault]:
        """Requests are looked for in the experiment of their name, which people can change."""
        others = {number: one.name for number, one in self.experiments.items() if one.name != requests.EXPERIMENT}
        client, query = mlflow.MlflowClient(), f"tags.`{requests.MODEL}` = '{self.model}'"
        for run in client.search_runs(list(others), query, max_results=1) if others else ():
            number, taken = run.info.experiment_id, len(others) < len(self.experiments)
            said = f"the experiment {others[number]!r} holds requests, which are looked for in {requests.EXPERIMENT!r} only"
            more = ": rename the newer one of that name, and repair again" if taken else ""
            rename = partial(client.rename_experiment, number, requests.EXPERIMENT)
            yield Fault(said + more, None if taken else rename)

    def _models(self) -> Iterator[Fault]:
        for version in self.versions:
            model_id = logged_model_id(version)
            if model_id.startswith("m-") and model_id not in self.models and version.tag("state") not in GONE:
                said = f"the logged model {model_id} of version {version.number} was deleted, which MLflow cannot undo"
                more = f"choose another version, and: {command('purge', version.model, version=version.number)}"
                yield Fault(f"{said}; its files go with the next mlflow gc: {more}")

    def _links(self) -> Iterator[Fault]:
        """Only of versions of ours: what others register is theirs."""
        own = {v.number: logged_model_id(v) for v in self.versions if v.tag("role")}
        wrong = [number for number, one in own.items() if one in self.models and self._is_untold(number, one)]
        if wrong:
            said = f"MLflow's pages of the logged models of versions {', '.join(map(str, wrong))} do not name these versions"
            yield Fault(said, lambda: [name_versions(own[number], self.held[own[number]]) for number in wrong])

    def _is_untold(self, number: int, model_id: str) -> bool:
        """Does a page not name a version, or one that is not there?"""
        told = named_versions(self.models[model_id])
        return (self.model, number) not in told or not told <= self.held[model_id]

    def unregistered(self) -> dict[str, Run]:
        """Logged models of this project's runs that no version is made of, and these runs."""
        lone = {one.model_id: self.runs.get(one.source_run_id) for one in self.models.values() if one.model_id not in self.held}
        return {model_id: run for model_id, run in lone.items() if run and STEP in run.data.tags}

    def _orphans(self) -> Iterator[Fault]:
        """Those of runs that died. A model that was a version's once stays: only the version was deleted."""
        for model_id, run in self.unregistered().items():
            one = self.models[model_id]
            cut = one.status != LoggedModelStatus.READY or run.info.status in DIED
            if cut and has_ended(run) and not named_versions(one):
                said = f"the logged model {one.model_id} ({one.name}) belongs to no version"
                yield Fault(f"{said}: its run {run.info.run_id} died before that", partial(_remove, one))


def look(model: str, versions: list[Version], journal_id: str) -> Around:
    """Everything around the versions, in a few searches."""
    client = mlflow.MlflowClient()
    experiments = {e.experiment_id: e for e in every(client.search_experiments, view_type=ViewType.ALL)}
    models = {one.model_id: one for one in every(client.search_logged_models, list(experiments))}
    held: dict[str, set[tuple[str, int]]] = {}
    for name, number, source, _ in purge.registered():
        held.setdefault(source.removeprefix("models:/"), set()).add((name, number))
    lone = [one.source_run_id for one in models.values() if one.model_id not in held]
    wanted = {journal_id, *lone, *(one.run_id for one in versions), *(one.tag("data_run") for one in versions)} - {"", None}
    return Around(model, versions, journal_id, experiments, _runs(list(experiments), sorted(wanted)), models, held)


def _runs(experiments: list[str], wanted: list[str]) -> dict[str, Run]:
    client, found = mlflow.MlflowClient(), {}
    for start in range(0, len(wanted), AT_ONCE):
        some = ", ".join(f"'{run_id}'" for run_id in wanted[start : start + AT_ONCE])
        page = client.search_runs(experiments, f"attributes.run_id IN ({some})", ViewType.ALL, max_results=AT_ONCE)
        found |= {run.info.run_id: run for run in page}
    return found


def _rename(journal_id: str, before: str, now: str) -> None:
    """The journal follows its model; the requests do, unless there is a model of the old name again that may have its own."""
    mlflow.MlflowClient().set_tag(journal_id, journal.MODEL, now)
    if not all_versions(before):
        requests.move(before, now)


def _remove(one: LoggedModel) -> None:
    """The files of a logged model and its row; what the store does not delete is found again by the next check."""
    place = Place(f"logged model {one.model_id}", one.artifact_location, MODEL)
    if not purge.erase(place, purge.files_of(place)):
        mlflow.MlflowClient().delete_logged_model(one.model_id)


def mend(faults: Iterable[Fault]) -> None:
    """Make right what can be made right."""
    for fault in faults:
        if fault.mend:
            fault.mend()
