"""Where people look at what a command has made: files of this machine, and MLflow's own pages.

MLflow's front page is for GenAI and shows nothing of this project, so every address leads to a run or a model.
"""

import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

import mlflow
from mlflow.entities import RunInfo
from mlflow.exceptions import MlflowException
from mlflow.utils.file_utils import local_file_uri_to_path
from mlflow.utils.uri import is_local_uri

from unlearning.commands import MODEL_NAME
from unlearning.progress import say
from unlearning.tracking.answers import first_line, store_name

NOTE = "mlflow.note.content"  # what MLflow shows above an experiment's runs
LOCAL = "http://127.0.0.1:5000"  # where mlflow ui listens
DEFAULT = "mlflow.db"  # what mlflow ui opens in the working directory


@dataclass
class Made:
    """The run of a command, whose children are its other runs; where its pages lie, by name; registered models it was about."""

    experiment_id: str
    run_id: str
    pages: dict[str, str] = field(default_factory=dict)
    models: set[str] = field(default_factory=set)


_made: list[Made] = []  # of the command of this process, one at most


def begin(info: RunInfo) -> None:
    """A command's run is open."""
    _made[:] = [Made(info.experiment_id, info.run_id)]


def forget() -> None:
    """Another command begins in this process, which tells of its own runs alone."""
    _made.clear()


def go_on(stub: str, earlier: str) -> None:
    """An earlier run goes on in the place of one that may be removed."""
    for made in _made:
        if made.run_id == stub:
            made.run_id = earlier


def note_page(info: RunInfo, name: str) -> None:
    """A page was logged on a run."""
    place = f"#/experiments/{info.experiment_id}/runs/{info.run_id}/artifacts/{quote(name)}"
    if is_local_uri(info.artifact_uri):
        place = str(Path(local_file_uri_to_path(info.artifact_uri)) / name)
    for made in _made:
        made.pages[name] = place


def note_model(name: str) -> None:
    """The command is about a registered model."""
    for made in _made:
        made.models.add(name)


def tell(failed: bool = False) -> None:
    """Say where the pages lie that the command has made, and where MLflow shows its run and its model; once.

    Of a command that has ``failed`` its run is the log: it holds the reason, and whatever was made until then.
    """
    while _made:
        made, store = _made.pop(), store_name().rstrip("/")
        served = store.startswith("http")
        root = store if served else LOCAL
        shown = f"{root}/#/experiments/{made.experiment_id}/runs/{made.run_id}"
        if len(made.models) == 1:
            shown += f" and {root}/#/models/{quote(min(made.models), safe='')}"
        elif made.models:
            shown += f" and {root}/#/models"
        lines = [f"page: {place}" if place.startswith("/") else f"page: {root}/{place}" for place in made.pages.values()]
        lines.append(f"in MLflow: {shown}" if served else f"to look at it in MLflow type: {_ui(store)}; and open {shown}")
        if failed:
            lines[-1] = f"the log of what was done until then, {lines[-1]}"
        # Not by say, which hides what stands behind the # of an address; the store's name holds no password.
        print(*lines, sep="\n", file=sys.stderr, flush=True)


def _ui(store: str) -> str:
    """What opens MLflow's pages of a store: it looks for a database in the working directory, and reads no tracking URI."""
    if Path.cwd() / store.removeprefix("sqlite:///") == Path.cwd() / DEFAULT:
        return "mlflow ui"
    return f"mlflow ui --backend-store-uri {shlex.quote(store)}"


def describe(experiment_id: str) -> None:
    """Say on an experiment's page what is in it, unless that is said already."""
    client = mlflow.MlflowClient()
    if NOTE in client.get_experiment(experiment_id).tags:
        return
    try:
        client.set_experiment_tag(experiment_id, NOTE, description(experiment_id))
    except MlflowException as error:  # no run ends for a note: who may only add runs may write none
        if NOTE not in client.get_experiment(experiment_id).tags:  # otherwise another process said it at the same moment
            say(f"the experiment {experiment_id} was given no note: {first_line(error)}")


def description(experiment_id: str) -> str:
    """What is in an experiment, and where to look, in a few lines of markdown."""
    every_run, model = _link(f"#/experiments/{experiment_id}/runs"), _link(f"#/models/{MODEL_NAME}")
    lines = (
        "What is here: the runs of age-unlearning, which makes a face-age model forget on request and keeps the evidence.",
        f"The runs: {every_run}. The tag `step` says what a run did; the filter `tags.kind IS NULL` hides looks and slips.",
        f"What is served: the version of {model} that has the alias `champion`; other models: {_link('#/models')}.",
        "What each version was made to forget, and what was shown of it: `age-unlearning status`.",
        "The docs: README.md and docs/index.md of the project; options: `age-unlearning COMMAND --help`.",
    )
    return "\n\n".join(lines)


def _link(fragment: str) -> str:
    return f"[{fragment}]({fragment})"
