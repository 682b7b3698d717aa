"""What a method is given. Neither the test set nor the retrained reference is in it: a method cannot cheat."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import torch
    from lightning_fabric import Fabric

    from unlearning.data.faces import FaceSet
    from unlearning.training.fit import Epoch, Loss
    from unlearning.training.recipe import Recipe


@dataclass(frozen=True)
class UnlearningTask:
    """One member of a model, and whom it is to forget.

    Args:
        model: a private copy, free to be changed.
        retain: training and validation faces to keep (column ``split`` of its frame tells them apart).
        forget: training and validation faces to forget.
        fabric: Lightning Fabric: device and precision.
        seed: of everything random.
        fresh: makes an untrained twin of the model from a seed.
        recipe: how the model was trained.
        epochs: passes over the data that the user asked for.
        after_epoch: called after every epoch with its account and the model.
        after_step: called after every step with the epochs done so far (a fraction).
    """

    model: torch.nn.Module
    retain: FaceSet
    forget: FaceSet
    fabric: Fabric
    seed: int
    fresh: Callable[[int], torch.nn.Module]
    recipe: Recipe
    epochs: int
    after_epoch: Callable[[Epoch, torch.nn.Module], None] = lambda epoch, model: None
    after_step: Callable[[float], None] = lambda done: None

    def fit(self, loss: Loss, lr: float, *, retain: bool = True, forget: bool = False) -> torch.nn.Module:
        """Minimise ``loss`` on the training part of the named sets for ``epochs`` passes at a constant rate.

        A constant rate and one stream of random numbers make the first k epochs of a longer run a run of k epochs, bit
        for bit. The validation part of the retain set is measured, and never trained on.
        """
        from unlearning.data.faces import Batches
        from unlearning.training.fit import fit

        recipe = self.recipe.fine_tuning(lr, self.epochs)
        sets = [faces.part("train") if used else None for faces, used in ((self.retain, retain), (self.forget, forget))]
        batches = Batches(*sets, recipe.batch_size, recipe.flip, recipe.shift, self.seed)
        fit(
            self.fabric,
            self.model,
            batches,
            loss,
            recipe,
            seed=self.seed,
            validation=self.retain.part("validation"),
            after_epoch=self.after_epoch,
            after_step=self.after_step,
        )
        return self.model


class Method(Protocol):
    """A frozen dataclass whose fields are the hyperparameters, and whose first docstring line describes it."""

    name: str

    def unlearn(self, task: UnlearningTask) -> torch.nn.Module:
        """Change ``task.model`` so that it forgets, and return it."""
        ...
