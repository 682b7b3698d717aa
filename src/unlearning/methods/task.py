"""What a method is given. Neither the test set nor the retrained reference is in it: a method cannot cheat."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Protocol

from unlearning.errors import InputError

if TYPE_CHECKING:
    import torch
    from lightning_fabric import Fabric

    from unlearning.data.faces import Batch, FaceSet
    from unlearning.methods.card import Card
    from unlearning.models.build import AgeNet
    from unlearning.training.cost import Meter
    from unlearning.training.fit import Epoch, Loss
    from unlearning.training.recipe import Recipe
    from unlearning.training.slices import Slices


def _meter() -> Meter:
    from unlearning.training.cost import Meter

    return Meter()


@dataclass(frozen=True)
class UnlearningTask:
    """One member of a model, and whom it is to forget.

    Args:
        model: the network as it was trained, in eval mode; a method leaves it as it is and changes a ``copy``.
        retain: training and validation faces to keep (column ``split`` of its frame tells them apart).
        forget: training and validation faces to forget.
        fabric: Lightning Fabric: device and precision.
        seed: of everything random.
        fresh: makes an untrained twin of the model from a seed.
        recipe: how the model was trained.
        epochs: passes over the data that the user asked for.
        after_epoch: called after every epoch with its account and the network in training.
        after_step: called after every step with the epochs done so far (a fraction).
        log: called with a method's own quantities by name, and the epoch that they belong to.
        track: passes the items of a loop on that no epoch tells of, given their number and what is done with them (a bar).
        meter: counts seconds and faces.
        slices: how the member was trained in slices; None for a model that was not.
    """

    model: AgeNet
    retain: FaceSet
    forget: FaceSet
    fabric: Fabric
    seed: int
    fresh: Callable[[int], AgeNet]
    recipe: Recipe
    epochs: int
    after_epoch: Callable[[Epoch, torch.nn.Module], None] = lambda epoch, model: None
    after_step: Callable[[float], None] = lambda done: None
    log: Callable[[dict[str, float], int], None] = lambda values, epoch: None
    meter: Meter = field(default_factory=_meter)
    slices: Slices | None = None
    track: Callable[[Iterable, int, str], Iterable] = lambda items, count, title: items

    def copy(self) -> AgeNet:
        """A network of one's own with the model's weights, every weight free to move, on the device."""
        return copy.deepcopy(self.model).requires_grad_(True).to(self.fabric.device)

    def frozen(self) -> AgeNet:
        """The model as a teacher: a copy in eval mode on the device, whose weights do not move."""
        return self.copy().requires_grad_(False).eval()

    def batches(
        self, *, retain: bool = True, forget: bool = False, vary: bool = True, size: int = 0, seed: int = 0, title: str = ""
    ) -> Counted:
        """Shuffled passes over the training part of the named sets, each counted by the meter.

        Args:
            retain: show the faces to keep.
            forget: show the faces to forget; ``Batch.forget`` tells them apart.
            vary: flips and shifts as in training; without them the pictures are as they are.
            size: largest batch; 0 for the recipe's.
            seed: added to the task's, for a stream of its own.
            title: what is done with them, of passes that no epoch tells of: they are tracked.
        """
        from unlearning.data.faces import Batches

        recipe = self.recipe
        pair = ((self.retain, retain), (self.forget, forget))
        sets = [faces.part("train") if used else None for faces, used in pair]
        flip, shift = (recipe.flip, recipe.shift) if vary else (False, 0.0)
        shown = Batches(*sets, size or recipe.batch_size, flip, shift, self.seed + seed)
        return Counted(shown, self.meter, partial(self.track, title=title) if title else lambda items, count: items)

    def fit(
        self,
        model: AgeNet,
        loss: Loss,
        lr: float,
        batches=None,
        *,
        epochs: int | None = None,
        quiet: bool = False,
        after_update: Callable[[], None] = lambda: None,
        rate: Callable[[int], float] = lambda number: 1.0,
        until: Callable[[torch.nn.Module], bool] = lambda model: False,
        **changes,
    ) -> AgeNet:
        """Minimise ``loss`` on ``batches`` (default: the retain set) for ``epochs`` passes (default: the user's).

        A constant rate and one stream of random numbers make the first k epochs of a longer run a run of k epochs, bit
        for bit. The validation part of the retain set is measured, and never trained on.

        Args:
            model: changed in place and returned, in eval mode.
            loss: (predicted years, batch) -> scalar, a mean over samples.
            lr: learning rate.
            batches: one iteration is one epoch.
            epochs: passes; for a phase of a method that has several.
            quiet: a phase before the passes that the user counts: no epoch is announced; its batches need a title.
            after_update: called after every change of the weights; may change them.
            rate: factor of the learning rate in an epoch, counted from 1.
            until: asked after every epoch; true ends the training.
            changes: fields of the recipe: ``optimizer="sgd"``, ``momentum``, ``weight_decay``, ``clip``, ...
        """
        from unlearning.training.fit import fit

        told = {} if quiet else {"after_epoch": self.after_epoch, "after_step": self.after_step}
        fit(
            self.fabric,
            model,
            batches if batches is not None else self.batches(),
            loss,
            self.recipe.fine_tuning(lr, self.epochs if epochs is None else epochs, **changes),
            seed=self.seed,
            validation=None if quiet else self.retain.part("validation"),
            after_update=after_update,
            rate=rate,
            until=until,
            aside=self.meter.aside,
            **told,
        )
        return model

    def error(self, model: AgeNet, faces: FaceSet) -> float:
        """MAE of a network on some faces, in years; not a number without any. Not counted as work."""
        from unlearning.training.predict import mean_absolute_error

        with self.meter.aside():
            return mean_absolute_error(model, faces, progress=self.track)

    def unseen_error(self) -> float:
        """What the model errs on faces like the forgotten ones that it was not trained on, in years.

        They are the validation part of the forget set, which early stopping alone has seen; without one (single faces
        rarely bring any) the validation part of the retain set.
        """
        for faces in (self.forget.part("validation"), self.retain.part("validation")):
            if len(faces):
                return self.error(self.frozen(), faces)
        raise InputError("no validation face is left to measure unseen faces with; choose a smaller forget set")


class Counted:
    """Batches whose faces a meter counts as they are shown; every pass is tracked."""

    def __init__(self, batches, meter: Meter, track: Callable[[Iterable, int], Iterable] = lambda items, count: items):
        self.batches, self.meter, self.track = batches, meter, track

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Batch]:
        return map(self.meter.count, self.track(self.batches, len(self)))


class InTurn:
    """One epoch shows some batches one after the other: ``first`` during the leading epochs, ``then`` always."""

    def __init__(self, first, then, first_epochs: int):
        self.first, self.then, self.first_epochs, self.epoch = first, then, first_epochs, 0

    def __len__(self) -> int:
        return len(self.then) + (len(self.first) if self.epoch < self.first_epochs else 0)

    def __iter__(self) -> Iterator[Batch]:
        self.epoch += 1
        if self.epoch <= self.first_epochs:
            yield from self.first
        yield from self.then


class SideBySide:
    """Every step shows a batch of ``main`` together with one of ``other``, which starts again when it is through."""

    def __init__(self, main, other):
        self.main, self.other, self.left = main, other, iter(())

    def __len__(self) -> int:
        return len(self.main)

    def __iter__(self) -> Iterator[Batch]:
        import torch

        for batch in self.main:
            beside = next(self.left, None)
            if beside is None:
                self.left = iter(self.other)
                beside = next(self.left)
            images = torch.cat([batch.images, beside.images]).contiguous(memory_format=torch.channels_last)
            yield batch._replace(
                images=images, ages=torch.cat([batch.ages, beside.ages]), forget=torch.cat([batch.forget, beside.forget])
            )


class Method(Protocol):
    """A frozen dataclass whose fields are the hyperparameters, and whose docstring says what it does.

    ``epochs`` are the passes it makes when the user does not say how many; 0 for a method that makes none.
    """

    name: ClassVar[str]
    card: ClassVar[Card]
    epochs: ClassVar[int]

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        """A network that has forgotten; ``task.model`` stays as it is."""
        ...
