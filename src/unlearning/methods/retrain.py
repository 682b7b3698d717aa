"""Retraining from scratch, as a method: the exact answer that all others are measured against."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from unlearning.commands import spelt
from unlearning.errors import InputError
from unlearning.methods.card import RETAIN, Card

if TYPE_CHECKING:
    from unlearning.methods.task import AgeNet, UnlearningTask


@dataclass(frozen=True)
class Retrain:
    """Training from scratch on the retain set, by the original's recipe: exact, and as expensive as the first training.

    A network of the same kind is drawn from the member's seed (where the original began with a file of weights, with those of
    that file) and trained as the original was: its optimiser, schedule and number of epochs, stopped early by the validation
    part of the retain set, whose best epoch is kept. Nothing of the model is used, so nothing that it learned of the forget set
    is left. The weights are, bit for bit, those that the entry point ``retrain`` gives for this seed and retain set. It has no
    settings: the original's recipe decides.
    """

    name: ClassVar[str] = "retrain"
    card: ClassVar[Card] = Card(
        formula="min mean over retain of |f(x) - y|, from fresh weights",
        touches=(RETAIN,),
        cost="the original's own number of passes over retain, fewer where validation stops it early; none over forget",
        fails="never, but every request costs a whole training",
        source="reference study, 2024, section 3 (its retrained model)",
        exact=True,
        prefix=False,
    )
    epochs: ClassVar[int] = 0

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        from unlearning.training.fit import fit

        if task.slices is not None:
            raise InputError(
                f"this model was trained in shards and slices; retrain them with {spelt(method='sisa')}, which is exact too"
            )
        network = task.fresh(task.seed)
        fit(
            task.fabric,
            network,
            task.batches(),
            task.loss,
            task.recipe,
            seed=task.seed,
            validation=task.retain.part("validation"),
            keep_best=True,
            after_epoch=task.after_epoch,
            after_step=task.after_step,
            aside=task.meter.aside,
            checkpoint=task.checkpoints.next(),
        )
        return network
