"""MSG: redraw what retain and forget set agree about (2nd place of the NeurIPS 2023 unlearning competition)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from unlearning.methods.card import FORGET, RETAIN, Card, knob, rate, share

if TYPE_CHECKING:
    from unlearning.methods.task import AgeNet, Generator, UnlearningTask, Weights


@dataclass(frozen=True)
class MaskedSmallGradients:
    """Redraws the weights of convolutions where retain and forget set pull alike, then fine-tunes on the retain set.

    g is the gradient of the error of as many retained faces as are forgotten, less that of the forgotten. In every
    convolution the share ``redrawn`` of the weights with the smallest abs(g) is drawn anew from a normal distribution of
    variance 2 / n, where n outputs depend on one input. Training on the retain set follows, where the gradients of the other
    weights of convolutions are multiplied by ``kept_rate``. It needs SGD: the steps of Adam do not depend on the size of a
    gradient. The published rate rises and falls from pass to pass; here it is constant.

    Args:
        lr: constant learning rate of SGD.
        momentum: of SGD.
        weight_decay: of SGD.
        redrawn: share of every convolution's weights that is drawn anew.
        kept_rate: factor on the gradients of the convolutions' other weights.
    """

    name: ClassVar[str] = "msg"
    card: ClassVar[Card] = Card(
        formula="g = grad L(retain) - grad L(forget); redraw the smallest |g|; min mean over retain of |f(x) - y|",
        touches=(RETAIN, FORGET),
        cost="one pass of gradients over forget and as many retained faces, then epochs passes over retain",
        fails="small retain sets and few passes: what is redrawn has to be learned again",
        source="2nd place of the NeurIPS 2023 machine unlearning competition, 2023; Cadet et al., Deep Unlearn, 2024",
    )
    epochs: ClassVar[int] = 5
    lr: float = rate(1e-6)
    momentum: float = knob(0.11, 0.0, 0.99, search=(0.0, 0.9))
    weight_decay: float = knob(5e-4, 0.0, 1.0)
    redrawn: float = share(0.42, search=(0.05, 0.6))
    kept_rate: float = share(0.83)

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        from unlearning.methods.masks import scaled, share_of

        student = task.copy()
        masks = self.redraw(student, self.gap(task, student), task.random())
        task.log({"redrawn_share": share_of(masks)}, 0)
        factors = {name: mask + self.kept_rate * ~mask for name, mask in masks.items()}
        with scaled(student, factors):
            return task.fit(
                student, task.loss, self.lr, optimizer="sgd", momentum=self.momentum, weight_decay=self.weight_decay
            )

    def gap(self, task: UnlearningTask, network: AgeNet) -> Weights:
        """The gradient of the error of some retained faces, less that of the forgotten ones, by the name of the weight."""
        from unlearning.training.gradients import mean_gradient

        some = task.with_fewer_retained(len(task.forget.part("train")))
        kept = mean_gradient(network, some.batches(vary=False, title="gradients of as many kept faces"), task.loss)
        leaving = task.batches(retain=False, forget=True, vary=False, title="gradients of the forgotten faces")
        gone = mean_gradient(network, leaving, task.loss)
        return {name: kept[name] - gone[name] for name in kept}

    def redraw(self, network: AgeNet, gap: Weights, random: Generator) -> Weights:
        """Draw weights of ``network`` anew; returns masks of them, by the names of the convolutions' weights."""
        import torch

        from unlearning.models.blocks import convolutions

        masks = {}
        with torch.no_grad():
            for layer, convolution in convolutions(network).items():
                name, weight = f"{layer}.weight", convolution.weight
                smallest = gap[name].abs().flatten().argsort()[: round(self.redrawn * weight.numel())]
                mask = torch.zeros(weight.numel(), dtype=torch.bool, device=weight.device)
                mask[smallest] = True
                masks[name] = mask.view(weight.shape)
                outputs = weight.numel() / weight.shape[1] / convolution.groups
                drawn = (2 / outputs) ** 0.5 * torch.randn(weight.shape, generator=random)
                weight.copy_(torch.where(masks[name], drawn.to(weight.device), weight))
        return masks
