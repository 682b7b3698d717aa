"""A method that is killed and begun again ends with the weights, and the numbers, of one that was left alone."""

from zlib import crc32

import pytest
from test_method_conformance import PASSES

from dying import Killed, die_after
from unlearning.models.ensemble import weights_digest
from unlearning.training.checkpoint import MINUTES_VARIABLE, Checkpoint, Checkpoints
from unlearning.training.cost import Meter

BATCH = 16  # faces in a batch of these tasks, or fewer


# Where the loss draws, batches change from pass to pass, weights of passes are kept, or training comes after training.
SOON = ("ft", "stochastic_reset", "scrub", "reset")
ASKED = [pytest.param(one, id=name, marks=() if name in SOON else pytest.mark.slow) for name, one in PASSES.items()]


def run(method, make_task, checkpoints) -> tuple:
    """The digest of the weights, and what the method told: errors of its epochs, its own numbers, faces it has shown."""
    told = {}
    task = make_task(
        epochs=2,
        checkpoints=checkpoints,
        meter=checkpoints.kept,
        after_epoch=lambda epoch, model: told.update({epoch.number: (epoch.loss, epoch.train_mae, str(epoch.validation_mae))}),
        log=lambda values, epoch: told.update({(name, epoch): value for name, value in values.items()}),
    )
    digest = weights_digest(method().unlearn(task))
    return digest, told, (task.meter.retain, task.meter.forget)


@pytest.mark.parametrize("method", ASKED)
def test_a_killed_method_goes_on_to_the_same_weights(method, make_task, tmp_path, monkeypatch):
    whole, told, shown = run(method, make_task, Checkpoints(kept=Meter()))
    monkeypatch.setenv(MINUTES_VARIABLE, "0")  # a checkpoint at every step
    die_after(monkeypatch, Checkpoint, "write", 1 + crc32(method.name.encode()) % (sum(shown) // BATCH))
    with pytest.raises(Killed):
        run(method, make_task, Checkpoints(tmp_path, method.name, Meter()))
    digest, again, count = run(method, make_task, Checkpoints(tmp_path, method.name, Meter()))
    assert (digest, count) == (whole, shown)
    assert all(told[name] == value for name, value in again.items())
