"""Noise on the weights or channels that the forget set hangs on, then repair on the retain set (reference study, section 2)."""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from unlearning.methods.card import FORGET, RETAIN, Card, knob, rate
from unlearning.training.losses import absolute_error

if TYPE_CHECKING:
    from torch import nn

    from unlearning.methods.task import AgeNet, EpochBatches, Tensor, UnlearningTask, Weights

SILENT = 1e-12  # stands for the activity of a channel that says nothing of kept faces, so that no ratio is infinite


@dataclass(frozen=True)
class GradientMask:
    """Noise on the weights with the largest gradients on the forget set, which alone are then trained on the retain set.

    The importance of a weight is the mean over forgotten faces of the size of the gradient of their error. To the ``top``
    share of all weights together a normal number of ``noise`` standard deviations of their layer is added. Training on the
    retain set then moves these weights alone; all others stay bit for bit. The study names the method and gives no
    formula: this one is the project's.

    Args:
        lr: constant learning rate.
        top: share of all weights that is disturbed and trained.
        noise: standard deviation of what is added to a weight, as a multiple of that of its layer's weights.
    """

    name: ClassVar[str] = "gradmask"
    card: ClassVar[Card] = Card(
        formula="w + noise * std * N(0, 1) on the top of mean |grad| over forget; min mean over retain of |f - y| on them",
        touches=(RETAIN, FORGET),
        cost="one pass of gradients by face over forget, then epochs passes over retain",
        fails="weights that matter to forgotten faces mostly matter to all: too much noise has to be learned again",
        source="reference study, 2024, section 2; formula of this project",
    )
    epochs: ClassVar[int] = 4
    lr: float = rate(1e-3)
    top: float = knob(0.1, 1e-6, 1.0, search=(0.01, 0.5), log=True)
    noise: float = knob(1.0, 0.0, 100.0, search=(0.1, 3.0))

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        import torch

        from unlearning.methods.masks import disturb, held, highest, share_of
        from unlearning.training.gradients import mean_of_gradients

        student = task.copy()
        forgotten = task.batches(retain=False, forget=True, vary=False, title="gradients of the forgotten faces")
        masks = highest(mean_of_gradients(student, forgotten, absolute_error, torch.abs), self.top)
        task.log({"masked_share": share_of(masks)}, 0)
        disturb(student, masks, self.noise, task.random())
        with held(student, masks) as put_back:
            return task.fit(student, absolute_error, self.lr, after_update=put_back)


@dataclass(frozen=True)
class ActivationNoise:
    """Noise on the channels that are more active for forgotten faces than for others, then fine-tuning on the retain set.

    The activity of a channel of a convolution is the mean over faces and positions of the size of its output, once over the
    forget set and once over the retain set. To the weights of the ``top`` share of all channels with the highest ratio of
    the two, normal numbers of ``noise`` standard deviations of their layer are added. Training of all weights on the retain
    set follows. The study names the method and gives no formula: this one is the project's.

    Args:
        lr: constant learning rate.
        top: share of all channels that is disturbed.
        noise: standard deviation of what is added to a weight, as a multiple of that of its layer's weights.
    """

    name: ClassVar[str] = "activation"
    card: ClassVar[Card] = Card(
        formula="w + noise * std * N(0, 1) on the channels with the top mean |a| over forget / retain; min |f - y| on retain",
        touches=(RETAIN, FORGET),
        cost="one forward pass over forget and retain, then epochs passes over retain",
        fails="forget sets that look like the others: no channel is theirs, and noise hits what all need",
        source="reference study, 2024, section 2; formula of this project",
    )
    epochs: ClassVar[int] = 4
    lr: float = rate(1e-4)
    top: float = knob(0.1, 1e-6, 1.0, search=(0.01, 0.5), log=True)
    noise: float = knob(1.0, 0.0, 100.0, search=(0.1, 3.0))

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        from unlearning.methods.masks import disturb, highest

        student = task.copy()
        leaving = task.batches(retain=False, forget=True, vary=False, title="channels of the forgotten faces")
        forgotten = activity(student, leaving)
        kept = activity(student, task.batches(vary=False, title="channels of the kept faces"))
        chosen = highest({name: forgotten[name] / kept[name].clamp_min(SILENT) for name in kept}, self.top)
        task.log({"disturbed_channels": float(sum(int(mask.sum()) for mask in chosen.values()))}, 0)
        disturb(student, whole_channels(student, chosen), self.noise, task.random())
        return task.fit(student, absolute_error, self.lr)


def activity(network: AgeNet, batches: EpochBatches) -> Weights:
    """Mean over faces and positions of the size of a channel's output, shape (channels,), by the name of the convolution."""
    import torch

    from unlearning.models.blocks import convolutions

    layers, count = convolutions(network), 0
    totals = {name: torch.zeros(layer.out_channels, device=layer.weight.device) for name, layer in layers.items()}

    def note(name: str, layer: nn.Module, inputs: Any, output: Tensor) -> None:
        totals[name] += output.abs().mean((2, 3)).sum(0)

    with torch.no_grad(), ExitStack() as hooks:
        for name, layer in layers.items():
            hooks.enter_context(layer.register_forward_hook(partial(note, name)))
        for batch in batches:
            network(batch.images.to(network.mean.device))
            count += len(batch.ages)
    return {name: total / count for name, total in totals.items()}


def whole_channels(network: AgeNet, chosen: Weights) -> Weights:
    """Masks of all weights that feed the chosen channels, by the name of the weight."""
    from unlearning.models.blocks import convolutions

    weights = {name: layer.weight for name, layer in convolutions(network).items()}
    return {f"{name}.weight": mask.view(-1, 1, 1, 1).expand(weights[name].shape) for name, mask in chosen.items()}
