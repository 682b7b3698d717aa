"""How a model is trained, as data."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from unlearning.errors import InputError

OPTIMIZERS = ("adam", "adamw", "sgd")
SCHEDULES = ("constant", "onecycle")
PRECISIONS = ("auto", "32-true", "bf16-mixed", "16-mixed")


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the weights besides data, network and seed.

    Args:
        lr: learning rate; the peak of ``onecycle``.
        epochs: most passes over the training faces.
        patience: epochs without a better validation error before training stops.
        batch_size: largest number of faces in a step.
        flip: mirror half of the training pictures at random.
        shift: largest random shift, as a share of the side.
        precision: a precision of Lightning Fabric; ``auto`` is resolved to one before training starts.
        momentum: of ``sgd``.
        clip: largest norm of the gradient of a step; 0 for none.
        compile: let ``torch.compile`` make the network's steps; it rounds sums in another order and draws dropout's masks by
            other random numbers.
    """

    optimizer: str
    lr: float
    weight_decay: float
    schedule: str
    epochs: int
    patience: int = 15
    batch_size: int = 32
    flip: bool = True
    shift: float = 0.0
    precision: str = "auto"
    momentum: float = 0.9
    clip: float = 0.0
    compile: bool = False

    def __post_init__(self) -> None:
        for name, legal in (("optimizer", OPTIMIZERS), ("schedule", SCHEDULES), ("precision", PRECISIONS)):
            if getattr(self, name) not in legal:
                raise InputError(f"{name}={getattr(self, name)!r} is unknown; legal: {', '.join(legal)}")
        for name, least in (("epochs", 1), ("patience", 1), ("batch_size", 2)):
            if getattr(self, name) < least:
                raise InputError(f"{name}={getattr(self, name)} is not possible; legal: whole numbers from {least}")
        if not self.lr > 0:
            raise InputError(f"lr={self.lr} is not possible; legal: numbers above 0")
        if not 0 <= self.momentum < 1 or self.clip < 0:
            raise InputError(f"momentum={self.momentum} (legal: 0 to below 1), clip={self.clip} (legal: from 0)")
        if not 0 <= self.shift < 0.5 or self.weight_decay < 0:
            raise InputError(f"shift={self.shift} (legal: 0 to below 0.5), weight_decay={self.weight_decay} (legal: from 0)")

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)

    def fine_tuning(self, lr: float, epochs: int, **changes: Any) -> Recipe:
        """The same recipe at a constant rate for a fixed number of epochs, so that any prefix is a run of its own.

        ``changes`` replace other fields: a method may bring its own optimiser, batch size or bound on the gradient.
        """
        return replace(self, lr=lr, epochs=epochs, schedule="constant", **changes)


PRESETS = {
    # The study's values (its section 3): for pretrained weights; its augmented copies are made beforehand.
    "study": Recipe("adam", 1e-5, 0.0, "constant", epochs=142, flip=False),
    "scratch": Recipe("adamw", 1e-3, 0.05, "onecycle", epochs=12, shift=0.1),
}
