"""Fisher forgetting: noise where the retain set does not mind (Golatkar et al., CVPR 2020)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from unlearning.methods.card import RETAIN, Card, knob

if TYPE_CHECKING:
    from unlearning.methods.task import AgeNet, Loss, Tensor, UnlearningTask, Weights
    from unlearning.targets import Target

NONE = 1e-30  # stands for no information, so that without noise nothing is infinite


@dataclass(frozen=True)
class FisherNoise:
    """Noise on every weight, more where the answers for retained faces depend on it less; no training.

    The Fisher information F of a weight is the mean over retained faces of the squared gradient of f(x), which is that of a
    normal distribution around f(x), in units of its mean over all weights. The noise is normal with the standard deviation
    noise * F**(-1/4), at most ``largest`` times the root mean square of the weights of its tensor: where F is 0, nothing else
    would bound it. Statistics of batch norms stay. The published code has a variance of 1/F instead, and more for the last
    layer and batch norms; here it is the formula of the paper. For classes the gradient is that of the cross entropy with the
    true class, so F is small where the model is certain, whatever its answer depends on.

    Args:
        noise: standard deviation of the noise on a weight of mean information; more forgets more, and costs accuracy.
        largest: bound on the noise of a weight, as a multiple of the root mean square of its tensor's weights.
    """

    name: ClassVar[str] = "fisher"
    card: ClassVar[Card] = Card(
        formula="theta += N(0, s^2), s = min(noise * F^(-1/4), largest * rms); F ~ mean over retain of (d f / d theta)^2",
        touches=(RETAIN,),
        cost="one pass of gradients by face over retain, none over forget; no training",
        fails="noise moves all answers together, up or down as the draw has it: on ages 20-28 of real faces noise=0.05 "
        "left from -45 to 123 % of the memory in eight draws, with errors on kept ages of 7.7 to 11.2 years; 0.01 does little",
        source="Golatkar et al., Eternal Sunshine of the Spotless Net, CVPR 2020",
    )
    epochs: ClassVar[int] = 0
    noise: float = knob(0.01, 0.0, 1e3, search=(1e-4, 0.1), log=True)
    largest: float = knob(1.0, 0.0, 1e3, search=(0.1, 2.0), log=True)

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        import torch

        from unlearning.training.gradients import mean_of_gradients

        student, random = task.copy(), task.random()
        batches = task.batches(vary=False, title="what matters to the kept faces")
        information = relative(mean_of_gradients(student, batches, information_of(task.target), torch.square))
        bounded, count = 0, 0
        with torch.no_grad():
            for name, weight in student.named_parameters():
                spread, bound = self.spread(information[name]), self.largest * weight.square().mean().sqrt()
                bounded, count = bounded + int((spread > bound).sum()), count + weight.numel()
                weight.add_(torch.minimum(spread, bound) * torch.randn(weight.shape, generator=random).to(weight.device))
        task.log({"bounded_share": bounded / count}, 0)
        return student

    def spread(self, information: Tensor) -> Tensor:
        """Standard deviation of the noise of weights by their information."""
        return self.noise * information.clamp_min(NONE).pow(-0.25)


def relative(information: Weights) -> Weights:
    """Information in units of its mean over all weights."""
    import torch

    count = sum(value.numel() for value in information.values())
    mean = sum((value.sum() for value in information.values()), torch.zeros(())) / count
    return {name: value / mean.clamp_min(NONE) for name, value in information.items()}


def information_of(target: Target) -> Loss:
    """What the gradient of each face is taken of: its answer, in years, or of classes the log probability of the true one."""
    return lambda predicted, batch: target.information(predicted, batch.ages)
