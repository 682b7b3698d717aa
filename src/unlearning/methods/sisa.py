"""SISA: train again only what has seen the forgotten faces (Bourtoule et al., 2021)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from unlearning.commands import command
from unlearning.errors import InputError
from unlearning.methods.card import RETAIN, Card

if TYPE_CHECKING:
    from unlearning.methods.task import AgeNet, UnlearningTask


@dataclass(frozen=True)
class Sisa:
    """Exact, for models trained with scheme=sisa: each touched shard trains again from before its first touched slice.

    A shard without a forgotten face is left as it is. Every other one goes back to its newest checkpoint from before the
    first slice that holds a forgotten face, and trains on from there without them, as the original did. The weights equal,
    bit for bit, those of training in the same shards and slices without the forgotten faces. There is nothing to set.
    """

    name: ClassVar[str] = "sisa"
    card: ClassVar[Card] = Card(
        formula="touched shards: min mean over retained of |f(x) - y|, slice after slice, from before the first touched one",
        touches=(RETAIN,),
        cost="the original's passes over retained faces of touched shards, from the first touched slice on; none over forget",
        fails="a forget set that touches the first slice of every shard saves nothing, and each member has seen a shard only",
        source="Bourtoule et al., Machine Unlearning, 2021",
        exact=True,
        prefix=False,
        scheme="sisa",
    )
    epochs: ClassVar[int] = 0

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        from unlearning.methods.task import Counted
        from unlearning.training.slices import train_slices

        if task.slices is None:
            raise InputError(
                "sisa needs a model that was trained in slices, and by no other method since; "
                f"train one with: {command('train', scheme='sisa')}"
            )
        first = task.slices.first_touched(task.forget)
        with task.meter.aside():
            start, weights = task.checkpoints.shared(partial(task.slices.resume, first))
        if first == task.slices.plan.slices:
            return task.copy()
        task.log({"first_touched_slice": first, "first_trained_slice": start}, 0)
        network = task.fresh(task.seed)
        if weights is not None:
            network.load_state_dict(weights)
        train_slices(
            network,
            task.retain,
            task.slices,
            task.recipe,
            task.fabric,
            seed=task.seed,
            start=start,
            counted=partial(Counted, meter=task.meter),
            after_epoch=task.after_epoch,
            after_step=task.after_step,
            validation=task.retain.part("validation"),
            aside=task.meter.aside,
            checkpoints=task.checkpoints,
        )
        return network
