"""CT: transpose the kernels of all convolutions, then fine-tune (5th place of the NeurIPS 2023 unlearning competition)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from unlearning.errors import InputError
from unlearning.methods.card import RETAIN, Card, knob, rate

if TYPE_CHECKING:
    from unlearning.methods.task import AgeNet, UnlearningTask


@dataclass(frozen=True)
class ConvolutionTranspose:
    """Mirrors the kernels of all convolutions on their diagonal, then fine-tunes on the retain set.

    Height and width of every square kernel change places, as if the network had been trained on pictures mirrored on their
    diagonal: no weight is lost, but none fits any more. Kernels of one pixel stay as they are, and so do kernels that are
    not square. Training on the retain set turns them back as far as the retain set needs. The published rate falls along a
    cosine; here it is constant.

    Args:
        lr: constant learning rate of SGD.
        momentum: of SGD.
        weight_decay: of SGD.
    """

    name: ClassVar[str] = "conv_transpose"
    card: ClassVar[Card] = Card(
        formula="w[o, i, h, w] -> w[o, i, w, h] in all convolutions, then min mean over retain of |f(x) - y|",
        touches=(RETAIN,),
        cost="epochs passes over retain, none over forget",
        fails="networks whose kernels are nearly all of one pixel or near their own mirror image: little is disturbed",
        source="5th place of the NeurIPS 2023 machine unlearning competition, 2023; Cadet et al., Deep Unlearn, 2024",
    )
    epochs: ClassVar[int] = 3
    lr: float = rate(1e-3)
    momentum: float = knob(0.9, 0.0, 0.99, search=(0.0, 0.9))
    weight_decay: float = knob(5e-4, 0.0, 1.0)

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        student = task.copy()
        task.log({"transposed_share": transpose(student)}, 0)
        return task.fit(student, task.loss, self.lr, optimizer="sgd", momentum=self.momentum, weight_decay=self.weight_decay)


def transpose(network: AgeNet) -> float:
    """Transpose the square kernels of ``network`` in place; returns the share of the convolutions' weights that it moved.

    Raises:
        InputError: there is none larger than one pixel.
    """
    import torch

    from unlearning.models.blocks import convolutions

    weights = [convolution.weight for convolution in convolutions(network).values()]
    square = [weight for weight in weights if weight.shape[2] == weight.shape[3] > 1]
    if not square:
        raise InputError(f"{network.spec.arch} has no square kernel to transpose; choose a network that has, as resnet50")
    with torch.no_grad():
        for weight in square:
            weight.copy_(weight.transpose(2, 3).clone())
    return sum(weight.numel() for weight in square) / sum(weight.numel() for weight in weights)
