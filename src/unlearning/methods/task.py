"""What a method is given: neither the test set nor the reference, so that it cannot use them."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from dataclasses import MISSING, dataclass, field, fields, replace
from typing import Any, ClassVar, Protocol

import torch
from lightning_fabric import Fabric
from torch import Generator, Tensor

from unlearning.data.faces import Batch, Batches, EpochBatches, FaceSet
from unlearning.errors import InputError
from unlearning.methods.card import Card
from unlearning.models.build import AgeNet
from unlearning.progress import Track, untold
from unlearning.targets import Target
from unlearning.training.checkpoint import Checkpoints
from unlearning.training.cost import Meter
from unlearning.training.fit import Epoch, Loss, fit
from unlearning.training.gradients import Weights
from unlearning.training.losses import loss_of
from unlearning.training.predict import mean_loss
from unlearning.training.recipe import Recipe
from unlearning.training.slices import Slices

# Methods import the types that they speak of from here, for type checkers alone: listing methods must not take PyTorch.
__all__ = ["AgeNet", "Batch", "Epoch", "EpochBatches", "Generator", "Loss", "Tensor", "Weights"]
__all__ += ["Counted", "InTurn", "Method", "SideBySide", "UnlearningTask"]


def tell_nobody(*values: object) -> None:
    """What is told where nobody listens."""


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
        track: passes the items of a loop on that no epoch tells of, under a bar.
        meter: counts seconds and faces.
        slices: how the member was trained in slices; None for a model that was not.
        checkpoints: where trainings keep how far they are.
    """

    model: AgeNet
    retain: FaceSet
    forget: FaceSet
    fabric: Fabric
    seed: int
    fresh: Callable[[int], AgeNet]
    recipe: Recipe
    epochs: int
    after_epoch: Callable[[Epoch, AgeNet], None] = tell_nobody
    after_step: Callable[[float], None] = tell_nobody
    log: Callable[[dict[str, float], int], None] = tell_nobody
    meter: Meter = field(default_factory=Meter)
    slices: Slices | None = None
    checkpoints: Checkpoints = field(default_factory=Checkpoints)
    track: Track = untold

    @property
    def target(self) -> Target:
        """What the model predicts."""
        return self.model.spec.target

    @property
    def loss(self) -> Loss:
        """What the model was trained to make small: of ages the mean absolute error in years."""
        return loss_of(self.target)

    def silent(self) -> UnlearningTask:
        """The same task for a process of the same group, which has no listeners, devices and files of its own yet."""
        kept = {one.name: getattr(self, one.name) for one in fields(self) if one.default is MISSING is one.default_factory}
        slices = self.slices and Slices(self.slices.plan, self.slices.shard)
        return UnlearningTask(**kept | {"fabric": None, "slices": slices})

    def random(self, stream: int = 0) -> Generator:
        """Random numbers from the task's seed; another ``stream`` has numbers of its own."""
        return self.checkpoints.follow(Generator().manual_seed(self.seed + stream))

    def copy(self) -> AgeNet:
        """A copy of the model on the device, with gradients for every weight."""
        return copy.deepcopy(self.model).requires_grad_(True).to(self.fabric.device)

    def frozen(self) -> AgeNet:
        """A copy of the model on the device in eval mode and without gradients: a teacher."""
        return self.copy().requires_grad_(False).eval()

    def with_fewer_retained(self, count: int, stream: int = 0) -> UnlearningTask:
        """The same task with ``count`` of the training faces to keep, drawn at random, and no validation face to keep."""
        faces = self.retain.part("train")
        order = torch.randperm(len(faces), generator=self.random(stream))
        return replace(self, retain=faces.where((order < count).numpy()))

    def batches(
        self, *, retain: bool = True, forget: bool = False, vary: bool = True, seed: int = 0, title: str = ""
    ) -> Counted:
        """Shuffled passes over the training part of the named sets, each counted by the meter.

        Args:
            forget: show the faces to forget; ``Batch.forget`` tells them apart.
            vary: flips and shifts as in training; without them the pictures are as they are.
            seed: added to the task's, for a stream of its own.
            title: what is done with them, of passes that no epoch tells of: they are tracked.
        """
        kept = self.retain.part("train") if retain else None
        leaving = self.forget.part("train") if forget else None
        flip, shift = (self.recipe.flip, self.recipe.shift) if vary else (False, 0.0)
        shown = Batches(kept, leaving, self.recipe.batch_size, flip, shift, self.seed + seed)
        return Counted(shown, self.meter, self.track if title else untold, title)

    def fit(
        self,
        model: AgeNet,
        loss: Loss,
        lr: float,
        batches: EpochBatches | None = None,
        *,
        epochs: int | None = None,
        quiet: bool = False,
        after_update: Callable[[], None] = lambda: None,
        rate: Callable[[int], float] = lambda number: 1.0,
        until: Callable[[AgeNet], bool] = lambda model: False,
        **changes: Any,
    ) -> AgeNet:
        """Minimise ``loss`` on ``batches`` (default: the retain set) for ``epochs`` passes (default: the user's).

        A constant rate and one stream of random numbers make the first k epochs of a longer run a run of k epochs, bit
        for bit. The validation part of the retain set is measured, and never trained on.

        Args:
            model: changed in place and returned, in eval mode.
            epochs: passes; for a phase of a method that has several.
            quiet: a phase before the passes that the user counts: no epoch is announced; its batches need a title.
            changes: fields of the recipe: ``optimizer="sgd"``, ``momentum``, ``weight_decay``, ``clip``, ...

        All other arguments are those of ``unlearning.training.fit.fit``.
        """
        announced: dict[str, Any] = {} if quiet else {"after_epoch": self.after_epoch, "after_step": self.after_step}
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
            checkpoint=self.checkpoints.next(),
            **announced,
        )
        return model

    def error(self, model: AgeNet, faces: FaceSet) -> float:
        """A network's loss on some faces, of ages the MAE in years; not a number without any. Not counted as work."""
        with self.meter.aside():
            return mean_loss(model, faces, progress=self.track)

    def unseen_error(self) -> float:
        """The model's loss on faces like the forgotten ones that it was not trained on, of ages the MAE in years.

        These are the validation part of the forget set, which early stopping alone has seen; without one (single faces
        rarely bring any) the validation part of the retain set.
        """
        for faces in (self.forget.part("validation"), self.retain.part("validation")):
            if len(faces):
                return self.error(self.frozen(), faces)
        raise InputError("no validation face is left to measure unseen faces with; choose a smaller forget set")


class Counted:
    """Batches whose faces a meter counts as they are shown; every pass is tracked under ``title``."""

    def __init__(self, batches: EpochBatches, meter: Meter, track: Track = untold, title: str = ""):
        self.batches, self.meter, self.track, self.title = batches, meter, track, title

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Batch]:
        return map(self.meter.count, self.track(self.batches, len(self), self.title))


class InTurn:
    """One epoch shows some batches one after the other: ``first`` during the leading epochs, ``then`` always."""

    def __init__(self, first: EpochBatches, then: EpochBatches, first_epochs: int):
        self.first, self.then, self.first_epochs, self.epoch = first, then, first_epochs, 0

    def __len__(self) -> int:
        return len(self.then) + (len(self.first) if self.epoch < self.first_epochs else 0)

    def __iter__(self) -> Iterator[Batch]:
        if self.epoch < self.first_epochs:
            yield from self.first
        yield from self.then
        self.epoch += 1


class SideBySide:
    """Every step shows a batch of ``main`` together with one of ``other``, which starts again when it is through."""

    def __init__(self, main: EpochBatches, other: EpochBatches):
        self.main, self.other = main, other
        self.left: Iterator[Batch] = iter(())

    def __len__(self) -> int:
        return len(self.main)

    def __iter__(self) -> Iterator[Batch]:
        for batch in self.main:
            beside = next(self.left, None)
            if beside is None:
                self.left = iter(self.other)
                beside = next(self.left)
            images, ages, forget = (torch.cat(pair) for pair in zip(batch, beside, strict=True))
            yield Batch(images.contiguous(memory_format=torch.channels_last), ages, forget)


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
