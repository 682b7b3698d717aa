"""Build the network that a spec describes."""

from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from unlearning.models.first_weights import fill
from unlearning.models.spec import ModelSpec
from unlearning.models.timm_backbone import create_backbone


class AgeNet(nn.Module):
    """uint8 pictures, shape (batch, 3, side, side) -> the target's answers: for ages float32 years, shape (batch,).

    The normalisation of the backbone's pretraining is part of the network, so training, unlearning and serving share it.
    The head runs in float32 under any autocast: bfloat16 near 40 years has steps of a quarter year.
    """

    backbone: Any  # a timm model, of which more is asked than a module has: feature_info, pretrained_cfg
    mean: torch.Tensor
    std: torch.Tensor

    if TYPE_CHECKING:  # a module's call is of type Any

        def __call__(self, images: torch.Tensor) -> torch.Tensor: ...

    def __init__(self, spec: ModelSpec):
        super().__init__()
        self.spec = spec
        self.backbone, features = create_backbone(spec.arch, spec.pretrained, spec.image_size)
        self.head = _head(features, spec)
        config = self.backbone.pretrained_cfg
        self.register_buffer("mean", 255 * torch.tensor(config["mean"]).view(1, 3, 1, 1), persistent=False)
        self.register_buffer("std", 255 * torch.tensor(config["std"]).view(1, 3, 1, 1), persistent=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = self.backbone((images - self.mean) / self.std)
        with torch.autocast(images.device.type, enabled=False):
            raw = self.head(features.float())
        return self.spec.target.output(raw, self.spec)


def _head(features: int, spec: ModelSpec) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(features, 512),
        nn.Dropout(spec.dropout_features),
        nn.Linear(512, 256),
        nn.ReLU(),
        nn.Dropout(spec.dropout_hidden),
        nn.Linear(256, 128),
        nn.ReLU(),
        nn.Linear(128, spec.target.outputs),
    )


def build(spec: ModelSpec, seed: int) -> AgeNet:
    """A network with fresh weights drawn from ``seed``, or with the weights that the spec names under a fresh head."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        network = AgeNet(spec)
    if spec.weights:
        fill(network, spec)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # which torch's annotations leave out
    return network
