"""Bad Teacher: learn forgotten faces from a teacher that knows nothing (Chundawat et al., AAAI 2023)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from unlearning.methods.card import FORGET, RETAIN, Card, knob, rate, share
from unlearning.naming import choose

if TYPE_CHECKING:
    from unlearning.methods.task import AgeNet, Batch, Tensor, UnlearningTask

TEACHERS = {"random": "an untrained twin, rescaled", "proxy": "a twin after a little training on the retain set"}


@dataclass(frozen=True)
class BadTeacher:
    """A student learns faces to keep from the original, and faces to forget from a teacher that knows nothing.

    The student is shown no true age. The published bad teacher is an untrained network. In regression that predicts nearly
    one number for everybody, often far from all ages, so here its outputs are rescaled to mean and standard deviation of the
    retained ages; or the teacher is a proxy, a twin after a little training on the retain set. The proxy was chosen on
    validation faces; the source has the untrained one.

    Args:
        lr: constant learning rate of Adam.
        retain_share: share of the retain set that is shown, drawn once.
        teacher: ``random`` for the rescaled untrained twin, ``proxy`` for the trained one.
        proxy_lr: learning rate of Adam for the proxy.
        proxy_epochs: passes over the retain set that the proxy is trained for.
    """

    name: ClassVar[str] = "bad_teacher"
    card: ClassVar[Card] = Card(
        formula="min mean over retain and forget of |f(x) - t(x)|; t: the original on retain, a bad teacher on forget",
        touches=(RETAIN, FORGET),
        cost="epochs passes over forget and retain_share of retain, each with a teacher's forward pass; before them one "
        "forward pass over retain (random) or proxy_epochs of training on it (proxy)",
        fails="faces of the forgotten ages that were never seen become as wrong as the forgotten: a whole age range is lost",
        source="Chundawat et al., Can Bad Teaching Induce Forgetting?, AAAI 2023",
    )
    epochs: ClassVar[int] = 1
    lr: float = rate(1e-4)
    retain_share: float = share(0.3, search=(0.1, 1.0))
    teacher: str = knob("proxy", search=tuple(TEACHERS))
    proxy_lr: float = rate(1e-2, search=(1e-4, 1e-2))
    proxy_epochs: int = knob(2, 1, 100, search=(1, 4))

    def __post_init__(self) -> None:
        choose(TEACHERS, self.teacher, "teacher")

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        import torch

        from unlearning.methods.incompetent import STREAM, proxy, untrained

        good = task.frozen()
        bad = untrained(task) if self.teacher == "random" else proxy(task, self.proxy_lr, self.proxy_epochs)

        def loss(predicted: Tensor, batch: Batch) -> Tensor:
            target = torch.empty_like(predicted)
            for teacher, shown in ((good, ~batch.forget), (bad, batch.forget)):
                if shown.any():
                    target[shown] = teacher(batch.images[shown])
            return (predicted - target).abs().mean()

        count = max(1, round(self.retain_share * len(task.retain.part("train"))))
        batches = task.with_fewer_retained(count, STREAM).batches(forget=True)
        return task.fit(task.copy(), loss, self.lr, batches, optimizer="adam", weight_decay=0.0)
