"""A step that is killed and typed again goes on in its run, and ends as one that was left alone: weights, numbers, version."""

import re
import signal
from functools import partial
from pathlib import Path

import mlflow
import pytest

from dying import Killed, die_after
from made import small, weights
from typed import typed
from unlearning.data import unfinished as kept
from unlearning.errors import TerminatedError
from unlearning.jobs import forgetting, unfinished
from unlearning.registry import logged_models, transitions
from unlearning.registry.lookup import all_versions, find
from unlearning.registry.version import Version
from unlearning.repair import mending
from unlearning.settings.forgetting import UnlearnSettings
from unlearning.steps import train as training
from unlearning.steps import unlearn as unlearning
from unlearning.tracking import finished
from unlearning.training import step
from unlearning.training.checkpoint import MINUTES_VARIABLE, Checkpoint

MODEL = "age-resnet50"
# Where a process may be killed: what it has just done, and how often.
DEEDS = {
    "inside the first epoch": (Checkpoint, "write", 2),
    "inside the last epoch": (Checkpoint, "write", 6),
    "the model is logged": (logged_models, "log_model", 1),
    "the version is made, without tags and aliases": (transitions, "_create", 1),
    "half of the registry is written": (transitions.Held, "become", 1),
    "the version stands": (transitions, "name_one_more", 1),
    "the run says that it is done": (finished, "mark_finished", 1),
}
SOON = ("inside the last epoch", "half of the registry is written", "the run says that it is done")
SCRUB = UnlearnSettings(method="scrub", epochs=(1, 2))


@pytest.fixture
def kill(monkeypatch):
    """Kill the process, once, after so many calls of a function."""
    return partial(die_after, monkeypatch)


@pytest.fixture
def every_step(monkeypatch):
    """A checkpoint after each of them."""
    monkeypatch.setenv(MINUTES_VARIABLE, "0")


def train(name: str) -> Version:
    return training.train(small(2, seeds=(0,), name=name))


def points(run_id: str) -> dict[str, list[int]]:
    """The steps of every metric of a run."""
    client = mlflow.MlflowClient()
    names = client.get_run(run_id).data.metrics
    return {name: [point.step for point in client.get_metric_history(run_id, name)] for name in names}


def living() -> list[mlflow.entities.Run]:
    return mlflow.search_runs(search_all_experiments=True, output_format="list")


def logged() -> int:
    client = mlflow.MlflowClient()
    return len(client.search_logged_models([one.experiment_id for one in client.search_experiments()]))


def is_clean(name: str) -> None:
    assert kept.everything() == []
    assert list(kept.place().iterdir()) == []
    assert mending.examine(name).found == []
    assert {run.info.status for run in living()} == {"FINISHED"}


@pytest.fixture(scope="module")
def whole_store(fill, empty_store):
    """A training that was left alone."""
    return fill("left alone", empty_store, lambda: train("whole"))


@pytest.fixture
def whole(use, whole_store, own_cache) -> Version:
    use(whole_store)
    return find("whole", "champion")


@pytest.fixture(scope="module")
def scrubbed_store(fill, trained_store):
    """An unlearning that was left alone: versions 5 and 6."""
    return fill("scrubbed", trained_store, lambda: unlearning.unlearn(SCRUB))


@pytest.mark.parametrize("deed", [pytest.param(one, marks=() if one in SOON else pytest.mark.slow) for one in DEEDS])
def test_a_killed_training_goes_on_in_its_run_to_the_same_version(whole, every_step, kill, deed):
    runs, models = len(living()), logged()
    kill(*DEEDS[deed])
    with pytest.raises(Killed):
        train("killed")
    [left] = kept.everything()
    made = train("killed")
    assert made == find("killed", "champion")
    assert (made.number, made.run_id, len(all_versions("killed"))) == (1, left.run_id, 1)
    assert weights(made) == weights(whole)
    assert made.tag("test_mae") == whole.tag("test_mae")
    assert points(made.run_id) == points(whole.run_id)
    assert (len(living()), logged()) == (runs + 2, 2 * models)  # its own, and that of its journal
    is_clean("killed")


# What comes after the last epoch is the same for a training, above.
LATER = [pytest.param(deed, marks=pytest.mark.slow) for deed in ("the model is logged", "the run says that it is done")]


@pytest.mark.parametrize("deed", ["inside the last epoch", *LATER])
def test_a_killed_unlearning_goes_on_to_the_same_versions(use, scrubbed_store, own_cache, every_step, kill, deed):
    use(scrubbed_store)
    whole, runs = [find(MODEL, number) for number in "56"], len(living())
    kill(*DEEDS[deed])
    with pytest.raises(Killed):
        unlearning.unlearn(SCRUB)
    made = unlearning.unlearn(SCRUB)
    assert [version.number for version in made] == [7, 8]
    assert len(all_versions(MODEL)) == 8
    assert [weights(version) for version in made] == [weights(version) for version in whole]
    assert [points(version.run_id) for version in made] == [points(version.run_id) for version in whole]
    assert len(living()) == runs + 3
    is_clean(MODEL)


def test_a_process_that_is_asked_to_end_writes_a_checkpoint_and_exits_with_143(whole, monkeypatch):
    call, left = step.Step.__call__, [4]

    def called(self, batch):
        left[0] -= 1
        if not left[0]:
            signal.raise_signal(signal.SIGTERM)
        return call(self, batch)

    monkeypatch.setattr(step.Step, "__call__", called)
    with pytest.raises(TerminatedError) as ended:
        train("ended")
    assert ended.value.code == 143
    [left_over] = kept.everything()
    assert list(left_over.folder.rglob("fit-1.safetensors"))
    assert weights(train("ended")) == weights(whole)
    is_clean("ended")


def test_without_resume_it_begins_anew_in_a_run_of_its_own(store, own_cache, every_step, kill, monkeypatch):
    kill(*DEEDS["inside the last epoch"])
    with pytest.raises(Killed):
        train("killed")
    [left] = kept.everything()
    monkeypatch.setenv(unfinished.RESUME_VARIABLE, "false")
    assert train("killed").run_id != left.run_id


def test_another_process_at_the_same_work_is_left_alone(store, own_cache, every_step, kill, capsys):
    kill(*DEEDS["inside the last epoch"])
    with pytest.raises(Killed):
        train("killed")
    [left] = kept.everything()
    with unfinished.FileLock(left.folder / unfinished.LOCK):
        assert train("killed").run_id != left.run_id
        unfinished._remove(left.folder)  # as whoever ended the run would that the other has taken up meanwhile
    assert "another process is at work on the same" in capsys.readouterr().err
    assert kept.everything() == [left]


def test_what_is_left_of_a_process_that_was_killed_while_it_tidied_up_goes_with_the_next(store, own_cache, kill):
    kill(Path, "rename", 1)
    with pytest.raises(Killed):
        train("killed")
    assert kept.everything()
    train("killed")
    is_clean("killed")


@pytest.fixture
def interruptible():
    """A shell that starts a job in the background makes it ignore an interruption."""
    was = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, was)


def versions() -> list[tuple]:
    return [(version.number, version.aliases) for version in all_versions(MODEL)]


def newest() -> mlflow.entities.Run:
    order = ["attributes.start_time DESC"]
    return mlflow.search_runs(search_all_experiments=True, max_results=1, order_by=order, output_format="list")[0]


def test_a_loss_that_is_not_finite_names_method_and_step(untouched):
    before = versions()
    result = typed("unlearn", "--method", "conv_transpose", "--params", "lr=10 weight_decay=1", "--epochs", "20")
    assert result.exit_code == 1
    assert len([line for line in result.output.splitlines() if line.startswith("Error: ")]) == 1
    assert newest().info.status == "FAILED"
    assert re.search(r"conv_transpose: the loss became (nan|inf|-inf) at step \d+ of an epoch", newest().data.tags["failure"])
    assert versions() == before


def test_an_interruption_between_two_passes_registers_nothing_and_the_next_call_does_it_all(
    trained, monkeypatch, interruptible
):
    before = versions()
    with monkeypatch.context() as patch:
        patch.setattr(forgetting, "epoch_logger", lambda seed: lambda epoch, **more: signal.raise_signal(signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            unlearning.unlearn(UnlearnSettings(epochs=(1, 2)))
    assert newest().info.status == "FAILED"
    assert versions() == before
    made = unlearning.unlearn(UnlearnSettings(epochs=(1, 2)))
    assert [version.tag("epochs") for version in made] == ["1", "2"]
