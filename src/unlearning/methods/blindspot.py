"""Blindspot: see forgotten faces as a model that never saw them (Tarun et al., Deep Regression Unlearning, 2023)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from unlearning.errors import InputError
from unlearning.methods.card import FORGET, RETAIN, Card, knob, rate

if TYPE_CHECKING:
    from torch import nn

    from unlearning.methods.task import AgeNet, Batch, Tensor, UnlearningTask


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
    lr: float = rate(1e-3)
    attention: float = knob(50.0, 0.0, 1e6, search=(1.0, 500.0), log=True, unit="years")
    proxy_lr: float = rate(1e-2, search=(1e-4, 1e-2))
    proxy_epochs: int = knob(2, 1, 100, search=(1, 4))

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        from unlearning.methods.incompetent import proxy

        student = task.copy()
        with Maps(student) as mine:  # a network without stages is refused before the proxy is trained
            blind = proxy(task, self.proxy_lr, self.proxy_epochs)
            with Maps(blind) as theirs:
                loss = partial(self.loss, blind=blind, mine=mine, theirs=theirs)
                batches = task.batches(forget=True)
                return task.fit(student, loss, self.lr, batches, optimizer="adam", weight_decay=0.0)

    def loss(self, predicted: Tensor, batch: Batch, blind: AgeNet, mine: Maps, theirs: Maps) -> Tensor:
        """Years; the two means of the formula weighted by their shares are one mean over the batch."""
        import torch

        maps = mine.take()
        if not batch.forget.any():
            return (predicted - batch.ages).abs().mean()
        with torch.no_grad():
            target = batch.ages.masked_scatter(batch.forget, blind(batch.images[batch.forget]))
        pairs = zip(maps, theirs.take(), strict=True)
        distances = torch.stack([(seen[batch.forget] - blindly).square().mean() for seen, blindly in pairs])
        return (predicted - target).abs().mean() + batch.forget.float().mean() * self.attention * distances.sum()


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
