"""Noise on the channels that the forget set depends on, then repair on the retain set (reference study, section 2)."""

from __future__ import annotations

import math
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from unlearning.methods.card import FORGET, RETAIN, Card, knob, rate

if TYPE_CHECKING:
    from torch import nn

    from unlearning.methods.task import AgeNet, EpochBatches, Tensor, UnlearningTask, Weights

SILENT = 1e-12  # stands for the activity of a channel that says nothing of kept faces, so that no ratio is infinite


@dataclass(frozen=True)
class GradientMask:
    """Noise on the channels that the forget set's error depends on most, which alone are then trained on the retain set.

    A channel is an output of a convolution or linear layer, with all weights w_c that feed it. Disturbing it adds a normal
    number of ``noise`` standard deviations of its layer to each of them. To first order that changes the mean error on the
    forget set by the sum over w_c of gradient times disturbance, a normal number whose expected size is
    sqrt(2 / pi) * noise * std * norm(g_c), g_c the gradient of that mean error with respect to w_c. One backward pass over the
    forget set so gives the effect of every channel, where disturbing each in turn takes a pass for every one of the 26 thousand
    of a ResNet50. What is left out grows with the square of ``noise``; on real faces 60 channels of a test_resnet ranked as by
    disturbing each (Spearman's correlation .98 for a noise of .1, .97 for 1). The ``top`` share of all channels is disturbed.
    Training on the retain set then moves these weights alone; all others stay bit for bit. The study names the effect on the
    forget set's loss and gives no formula: this one is the project's.

    Args:
        lr: constant learning rate.
        top: share of all channels that is disturbed and trained.
        noise: standard deviation of what is added to a weight, as a multiple of that of its layer's weights.
    """

    name: ClassVar[str] = "gradmask"
    card: ClassVar[Card] = Card(
        formula="w + noise * std * N(0, 1) on channels with the top std * |grad over forget|; min mean retain |f - y| on them",
        touches=(RETAIN, FORGET),
        cost="one pass of gradients over forget, then epochs passes over retain",
        fails="channels that matter to forgotten faces mostly matter to all: too much noise has to be learned again",
        source="reference study, 2024, section 2; formula of this project",
    )
    epochs: ClassVar[int] = 4
    lr: float = rate(1e-3)
    top: float = knob(0.1, 1e-6, 1.0, search=(0.01, 0.5), log=True)
    noise: float = knob(1.0, 0.0, 100.0, search=(0.1, 3.0))

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        import torch

        from unlearning.methods.masks import held
        from unlearning.training.gradients import mean_gradient

        student = task.copy()
        forgotten = task.batches(retain=False, forget=True, vary=False, title="gradients of the forgotten faces")
        effects = effects_of_noise(student, mean_gradient(student, forgotten, task.loss))
        none = {name: torch.zeros_like(weight, dtype=torch.bool) for name, weight in student.named_parameters()}
        masks = none | disturb_channels(task, student, effects, self.top, self.noise)
        with held(student, masks) as put_back:
            return task.fit(student, task.loss, self.lr, after_update=put_back)


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
    lr: float = rate(4.8e-4)
    top: float = knob(0.25, 1e-6, 1.0, search=(0.01, 0.5), log=True)
    noise: float = knob(0.5, 0.0, 100.0, search=(0.1, 3.0))

    def unlearn(self, task: UnlearningTask) -> AgeNet:
        student = task.copy()
        leaving = task.batches(retain=False, forget=True, vary=False, title="channels of the forgotten faces")
        forgotten = activity(student, leaving)
        kept = activity(student, task.batches(vary=False, title="channels of the kept faces"))
        ratios = {name: forgotten[name] / kept[name].clamp_min(SILENT) for name in kept}
        disturb_channels(task, student, ratios, self.top, self.noise)
        return task.fit(student, task.loss, self.lr)


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


def effects_of_noise(network: AgeNet, gradients: Weights) -> Weights:
    """By how many years a ``noise`` of 1 on a channel changes the loss with these gradients, to first order: its expected size.

    By the name of the layer, shape (channels,); layers with channels are convolutions and linear layers.
    """
    from torch import nn

    layers = {
        name: layer.weight.detach() for name, layer in network.named_modules() if isinstance(layer, nn.Conv2d | nn.Linear)
    }
    spread = {name: math.sqrt(2 / math.pi) * weight.std(correction=0) for name, weight in layers.items()}
    return {name: spread[name] * gradients[f"{name}.weight"].flatten(1).norm(dim=1) for name in layers}


def disturb_channels(task: UnlearningTask, network: AgeNet, scores: Weights, top: float, noise: float) -> Weights:
    """Add noise to the ``top`` share of all channels with the highest scores, log how many they are, and return their masks."""
    from unlearning.methods.masks import disturb, highest

    chosen = highest(scores, top)
    task.log({"disturbed_channels": float(sum(int(mask.sum()) for mask in chosen.values()))}, 0)
    masks = whole_channels(network, chosen)
    disturb(network, masks, noise, task.random())
    return masks


def whole_channels(network: AgeNet, chosen: Weights) -> Weights:
    """Masks of all weights that feed the chosen channels, by the name of the weight."""
    weights = {name: network.get_parameter(f"{name}.weight") for name in chosen}
    return {
        f"{name}.weight": mask.view(-1, *[1] * (weights[name].dim() - 1)).expand_as(weights[name])
        for name, mask in chosen.items()
    }
