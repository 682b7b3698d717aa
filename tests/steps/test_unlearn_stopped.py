"""An unlearning that does not come to its end leaves a failed run that says why, and registers nothing."""

import re
import signal

import mlflow
import pytest
from click.testing import CliRunner

from entrypoints.unlearn import main
from unlearning.jobs import forgetting
from unlearning.registry.lookup import all_versions
from unlearning.settings.forgetting import UnlearnSettings
from unlearning.steps.unlearn import unlearn

MODEL = "age-resnet50"


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
    result = CliRunner().invoke(main, ["--method", "conv_transpose", "--params", "lr=10 weight_decay=1", "--epochs", "20"])
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
            unlearn(UnlearnSettings(epochs=(1, 2)))
    assert newest().info.status == "FAILED"
    assert versions() == before
    made = unlearn(UnlearnSettings(epochs=(1, 2)))
    assert [version.tag("epochs") for version in made] == ["1", "2"]
