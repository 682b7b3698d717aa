"""Teachers that know nothing of the forgotten faces: what a student is to say of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from unlearning.errors import InputError
from unlearning.methods.card import FORGET, RETAIN, Card, knob, rate, share
from unlearning.naming import choose

if TYPE_CHECKING:
    from torch import nn

    from unlearning.methods.task import AgeNet, Batch, Tensor, UnlearningTask
    from unlearning.targets import Target

TEACHERS = {"random": "an untrained twin, rescaled", "proxy": "a twin after a little training on the retain set"}
# Beyond all seeds: with that of any member a teacher would start, and see its faces in the order, of that member's reference.
# PyTorch's generators take the lower 32 bits of a seed.
STREAM = 1 << 31
# Outputs whose standard deviation is less, in years, differ by rounding alone; dividing by it would blow that up.
FLAT = 1e-4


@dataclass(frozen=True)
class BadTeacher:
    """A student learns faces to keep from the original, and faces to forget from a teacher that knows nothing.

    The student is shown no true age. The bad teacher is an untrained network, as published. In regression that predicts nearly
    one number for everybody, often far from all ages, so here its outputs are rescaled to mean and standard deviation of the
    retained ages. With ``teacher=proxy`` it is a variant: the teacher is Blindspot's, a twin after a little training on the
    retain set, which says something of every face, and differs much from seed to seed.

    Args:
        lr: constant learning rate of Adam.
        retain_share: share of the retain set that is shown, drawn once.
        teacher: ``random`` for the rescaled untrained twin, as published; ``proxy`` for the trained one of Blindspot.
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
    teacher: str = knob("random", search=tuple(TEACHERS))
    proxy_lr: float = rate(1e-2, search=(1e-4, 1e-2))
    proxy_epochs: int = knob(2, 1, 100, search=(1, 4))

    def __post_init__(self) -> None:
        choose(TEACHERS, self.teacher, "teacher")

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        import torch

        good = task.frozen()
        bad = untrained(task) if self.teacher == "random" else proxy(task, self.proxy_lr, self.proxy_epochs)

        def loss(predicted: Tensor, batch: Batch) -> Tensor:
            target = torch.empty_like(predicted)
            for teacher, shown in ((good, ~batch.forget), (bad, batch.forget)):
                if shown.any():
                    target[shown] = teacher(batch.images[shown])
            return task.target.apart(predicted, target).mean()

        count = max(1, round(self.retain_share * len(task.retain.part("train"))))
        batches = task.with_fewer_retained(count, STREAM).batches(forget=True)
        return task.fit(task.copy(), loss, self.lr, batches, optimizer="adam", weight_decay=0.0)


@dataclass(frozen=True)
class Blindspot:
    """A proxy that never saw the forget set is trained a little; the model learns to see forgotten faces as it does.

    The proxy is an untrained twin after a few passes over the retain set. A batch with a share c of forgotten faces has the
    loss (1 - c) * mean over its retain faces of abs(f(x) - y) + c * (mean over its forgotten faces of abs(f(x) - b(x)) +
    attention * sum over stages of D), b the proxy and D the mean over faces and positions of the squared difference of the
    attention maps. A map is the mean over channels of squared activations, of length 1 over positions. The proxy is shown
    forgotten faces for its answers only. The stages are those of the backbone that have weights: four of a ResNet.

    Args:
        lr: constant learning rate of Adam.
        attention: weight of the attention maps' distance, in years.
        proxy_lr: learning rate of Adam for the proxy.
        proxy_epochs: passes over the retain set that the proxy is trained for.
    """

    name: ClassVar[str] = "blindspot"
    card: ClassVar[Card] = Card(
        formula="min (1-c) * mean over retain of |f-y| + c * (mean over forget of |f-b| + attention * sum of map distances)",
        touches=(RETAIN, FORGET),
        cost="proxy_epochs passes over retain, then epochs passes over retain and forget; forget also forward by the proxy",
        fails="a proxy of too little training says one age of everybody: forgotten faces then go there, seen or not",
        source="Tarun et al., Deep Regression Unlearning, 2023",
    )
    epochs: ClassVar[int] = 1
    lr: float = rate(1.5e-4)
    attention: float = knob(5.6, 0.0, 1e6, search=(1.0, 500.0), log=True, unit="years")
    proxy_lr: float = rate(7.1e-4, search=(1e-4, 1e-2))
    proxy_epochs: int = knob(4, 1, 100, search=(1, 4))

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        if task.fabric.world_size > 1:
            raise InputError(
                "blindspot compares maps of whole batches, and each of several devices has a part; legal: devices=1"
            )
        student = task.copy()
        with Maps(student) as mine:  # a network without stages is refused before the proxy is trained
            blind = proxy(task, self.proxy_lr, self.proxy_epochs)
            with Maps(blind) as theirs:
                loss = partial(self.loss, target=task.target, blind=blind, mine=mine, theirs=theirs)
                batches = task.batches(forget=True)
                return task.fit(student, loss, self.lr, batches, optimizer="adam", weight_decay=0.0)

    def loss(self, predicted: Tensor, batch: Batch, target: Target, blind: AgeNet, mine: Maps, theirs: Maps) -> Tensor:
        """Of ages in years; the two means of the formula weighted by their shares are one mean over the batch."""
        import torch

        maps, values = mine.take(), target.losses(predicted, batch.ages)
        if not batch.forget.any():
            return values.mean()
        with torch.no_grad():
            says = blind(batch.images[batch.forget])
        values = values.masked_scatter(batch.forget, target.apart(predicted[batch.forget], says))
        pairs = zip(maps, theirs.take(), strict=True)
        distances = torch.stack([(seen[batch.forget] - blindly).square().mean() for seen, blindly in pairs])
        return values.mean() + batch.forget.float().mean() * self.attention * distances.sum()


class Maps:
    """The attention maps of a network's stages in its latest forward pass. Watches as a context, and leaves nothing behind.

    Raises:
        InputError: the network has no stages, or they have no positions.
    """

    def __init__(self, network: AgeNet):
        from unlearning.models.blocks import stages

        parts = stages(network)
        weighted = {name: stage for name, stage in parts.items() if next(stage.parameters(), None) is not None} or parts
        self.arch, self.stages = network.spec.arch, list(weighted.values())
        self.maps: dict[int, Tensor] = {}
        channels = {entry["module"]: entry.get("num_chs") for entry in network.backbone.feature_info}
        self.channels = [channels[name] for name in weighted]

    def __enter__(self) -> Maps:
        self.hooks = [stage.register_forward_hook(partial(self._note, index)) for index, stage in enumerate(self.stages)]
        return self

    def __exit__(self, *failure: object) -> None:
        for hook in self.hooks:
            hook.remove()

    def take(self) -> list[Tensor]:
        """One map a stage, each of shape (faces, positions); they are kept no longer."""
        taken, self.maps = [self.maps[index] for index in range(len(self.stages))], {}
        return taken

    def _note(self, index: int, stage: nn.Module, inputs: Any, output: Tensor) -> None:
        import torch

        if torch.is_inference_mode_enabled():  # the loop measures the network between the epochs
            return
        if output.dim() != 4:
            raise InputError(f"blindspot compares maps, and {self.arch} has none; choose a convolutional network, as resnet50")
        last = self.channels[index] == output.shape[3] != output.shape[1]  # as Swin has them
        energy = output.float().square().mean(3 if last else 1).flatten(1)
        self.maps[index] = torch.nn.functional.normalize(energy, dim=1)


def proxy(task: UnlearningTask, lr: float, epochs: int) -> AgeNet:
    """An untrained twin after a little training on the retain set by Adam, frozen; its validation error is logged."""
    network, batches = task.fresh(task.seed + STREAM), task.batches(seed=STREAM, title="training a teacher that never saw them")
    task.fit(network, task.loss, lr, batches, epochs=epochs, quiet=True, optimizer="adam", weight_decay=0.0)
    task.log({"proxy_error": task.error(network, task.retain.part("validation"))}, 0)
    return network.requires_grad_(False)


def untrained(task: UnlearningTask) -> Callable[[Tensor], Tensor]:
    """Pictures -> the ages that an untrained twin gives them, in years, brought to mean and spread of the retained ages.

    What an untrained network says hardly differs from picture to picture and means nothing in years. Its outputs are
    therefore standardised by their own mean and standard deviation over the retain set, and scaled to those of the true
    ages there, with one pass. Outputs that do not differ at all give the mean age. Of classes it is as published: the
    probabilities of an untrained network are about those of a guess.
    """
    import torch

    network = task.fresh(task.seed + STREAM).to(task.fabric.device).requires_grad_(False).eval()
    if not task.target.numeric:
        return network
    shown = task.batches(vary=False, seed=STREAM, title="what an untrained teacher says")
    said = torch.cat([network(batch.images.to(task.fabric.device)) for batch in shown])
    ages = task.retain.part("train").ages
    centre, mean, spread = float(said.mean()), float(ages.mean()), float(said.std(correction=0))
    scale = float(ages.std(correction=0)) / spread if spread > FLAT * task.target.scale else 0.0
    return lambda images: mean + scale * (network(images) - centre)
