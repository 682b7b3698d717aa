"""SCRUB: away from the teacher on the forget set, towards it on the retain set (Kurmanji et al., NeurIPS 2023)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from unlearning.errors import InputError
from unlearning.methods.ascent import limits
from unlearning.methods.card import FORGET, RETAIN, Card, knob, rate
from unlearning.naming import choose

if TYPE_CHECKING:
    from unlearning.methods.task import AgeNet, Batch, Epoch, Tensor, UnlearningTask
    from unlearning.targets import Target

ERROR = "forget_error"  # beside the weights of an epoch: the loss on the forgotten training faces
DISTANCES = {"absolute": "abs(f - t)", "gaussian": "(f - t)^2 / (2 s^2)"}


@dataclass(frozen=True)
class Scrub:
    """A student leaves its teacher, the original, on the forget set and stays with it on the retain set; then rewinds.

    The first ``ascent_epochs`` epochs begin with a pass over the forget set that maximises the mean of min(d, m); every epoch
    has a pass over the retain set that minimises the mean of label_weight * abs(f(x) - y) + teacher_weight * d. Here d is
    the distance of the student's age from the teacher's and m bounds it: ``cap`` times the error of the original on unseen
    faces of the forget set, or on the forgotten ones where that is larger. Rewinding takes, of the networks after every
    epoch, the one whose error on the forgotten training faces is closest to what the last network errs on unseen faces like
    them: the last network has lost them, and one that errs more on the forgotten than on the unseen would give them away.

    Unseen faces are the validation part of the forget set, or of the retain set when the forget set has none.

    Args:
        lr: learning rate of Adam.
        label_weight: weight of the error on faces to keep.
        teacher_weight: weight of the distance from the teacher on faces to keep.
        ascent_epochs: leading epochs that begin with a pass over the forget set.
        cap: distance up to which a forgotten face is pushed, as a multiple of the error on unseen faces.
        distance: ``absolute`` years, or ``gaussian``: the divergence of two bell curves whose standard deviation s is that
            of the original's errors on the validation part of the retain set; of classes ``absolute`` is the divergence of
            their probabilities.
        decay: factor of the learning rate after each epoch of ``decay_after``.
        decay_after: these epochs, with commas between; empty for a constant rate.
        weight_decay: of Adam.
        clip: largest norm of a step's gradient; the usual norms are a third to a half of it.
        rewind: return the network of the chosen epoch; without it the last one.
    """

    name: ClassVar[str] = "scrub"
    card: ClassVar[Card] = Card(
        formula="max mean over forget of min(d, m), then min mean over retain of label_weight * |f - y| + teacher_weight * d",
        touches=(RETAIN, FORGET),
        cost="epochs passes over retain and ascent_epochs over forget, each with the teacher's forward pass; rewinding keeps a "
        "copy of the weights of every epoch in memory",
        fails="few passes: it ends amid the forgetting, before the retain set is repaired",
        source="Kurmanji et al., Towards Unbounded Machine Unlearning, NeurIPS 2023; the bound is this project's",
        prefix=False,
    )
    epochs: ClassVar[int] = 10
    lr: float = rate(5e-4)
    label_weight: float = knob(1.0, 0.0, 100.0, search=(0.1, 2.0))
    teacher_weight: float = knob(0.5, 0.0, 100.0, search=(0.0, 2.0))
    ascent_epochs: int = knob(3, 0, 1000, search=(1, 5))
    cap: float = knob(1.5, 0.1, 100.0, search=(1.0, 3.0))
    distance: str = knob("absolute", search=tuple(DISTANCES))
    decay: float = knob(0.1, 0.0, 1.0, search=(0.05, 1.0))
    decay_after: str = knob("5,8,9")
    weight_decay: float = knob(0.1, 0.0, 10.0, search=(1e-4, 1.0), log=True)
    clip: float = knob(100.0, 1e-3, 1e4, search=(10.0, 1000.0), log=True)
    rewind: bool = knob(True, search=(False, True))

    def __post_init__(self) -> None:
        choose(DISTANCES, self.distance, "distance")
        self.rate(1)  # refuses a decay_after that cannot be read

    @property
    def decays(self) -> list[int]:
        """The epochs after which the rate falls; InputError when they are not whole numbers."""
        try:
            return [int(part) for part in self.decay_after.split(",") if part]
        except ValueError:
            raise InputError(f"decay_after={self.decay_after!r} is not possible; legal: epochs with commas, as 5,8,9") from None

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        import torch

        from unlearning.methods.task import InTurn

        teacher, (_, cap) = task.frozen(), limits(task, self.cap)
        loss = partial(self.loss, target=task.target, teacher=teacher, cap=cap, spread=self.spread_of(teacher, task))
        turns = InTurn(task.batches(retain=False, forget=True, seed=1), task.batches(), self.ascent_epochs)

        def after_epoch(epoch: Epoch, model: AgeNet) -> None:
            if self.rewind:
                error = torch.tensor(task.error(model, task.forget.part("train")), dtype=torch.float64)
                task.checkpoints.put(f"epoch-{epoch.number}", {**model.state_dict(), ERROR: error})
            task.after_epoch(epoch, model)

        adam: dict[str, Any] = {"optimizer": "adam", "weight_decay": self.weight_decay, "clip": self.clip}
        student = replace(task, after_epoch=after_epoch).fit(task.copy(), loss, self.lr, turns, rate=self.rate, **adam)
        return self.rewound(student, task) if self.rewind else student

    def rate(self, number: int) -> float:
        """Factor of the learning rate in an epoch, counted from 1."""
        return self.decay ** sum(number > epoch for epoch in self.decays)

    def spread_of(self, teacher: AgeNet, task: UnlearningTask) -> float:
        """The standard deviation of the original's errors on unseen faces to keep, in years; only ``gaussian`` needs it."""
        from unlearning.training.predict import predict

        if self.distance == "absolute":
            return 1.0
        if not task.target.numeric:
            raise InputError(f"distance=gaussian is of numbers, and {task.target.name} has classes; use distance=absolute")
        faces = task.retain.part("validation")
        with task.meter.aside():
            said, true = map(task.target.plain, (predict(teacher, faces, progress=task.track), faces.ages))
            spread = float((said - true).std(correction=0))
        if not spread > 0:
            raise InputError("distance=gaussian needs two validation faces to keep; use distance=absolute")
        return spread

    def loss(self, predicted: Tensor, batch: Batch, target: Target, teacher: AgeNet, cap: float, spread: float) -> Tensor:
        """What a batch of one kind is trained with: of forgotten faces alone, or of faces to keep alone."""
        import torch

        with torch.no_grad():
            says = teacher(batch.images)
        apart = target.apart(predicted, says)
        if batch.forget.any():
            return -self.divergence(apart.clamp(max=cap), spread).mean()
        error = target.losses(predicted, batch.ages).mean()
        return self.label_weight * error + self.teacher_weight * self.divergence(apart, spread).mean()

    def divergence(self, apart: Tensor, spread: float) -> Tensor:
        """The distance d of each face from how far student and teacher are apart, of ages in years."""
        return apart if self.distance == "absolute" else apart.square() / (2 * spread**2)

    def rewound(self, student: AgeNet, task: UnlearningTask) -> AgeNet:
        """The student with the weights of the chosen epoch."""
        aim = replace(task, model=student).unseen_error()
        errors = {epoch: float(task.checkpoints.take(f"epoch-{epoch}")[ERROR]) for epoch in range(1, task.epochs + 1)}
        chosen = min(errors, key=lambda epoch: (abs(errors[epoch] - aim), -epoch))
        for epoch, error in errors.items():
            task.log({"forget_error": error}, epoch)
        task.log({"unseen_error_at_end": aim, "rewound_to": chosen}, task.epochs)
        weights = task.checkpoints.take(f"epoch-{chosen}")
        student.load_state_dict({name: value for name, value in weights.items() if name != ERROR})
        return student
