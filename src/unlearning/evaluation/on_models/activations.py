"""How alike two networks are inside: what their answers hide may still be there in their features."""

import math
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import torch

from unlearning.data.faces import FaceSet
from unlearning.errors import InputError
from unlearning.models.blocks import last_linear, stages
from unlearning.models.build import AgeNet

BATCH = 32
PENULTIMATE = "penultimate"
ROUNDING = 1e-12


@dataclass(frozen=True)
class Likeness:
    """How alike two networks are on some faces."""

    # activation distance, from 0; 0 is equal, lower is better against the retrained model. In the features' own unit, so it
    # means something only beside the distance of two retrained models
    distance: float
    # linear CKA by stage of the backbone, from input to output, 0 to 1; 1 is equal up to a rotation and a scale, higher is
    # better against the retrained model
    cka: dict[str, float]


def likeness(first: AgeNet, second: AgeNet, faces: FaceSet) -> Likeness:
    """Compare the features of two networks of one architecture; both stay as they are, and see the pictures unvaried.

    Activation distance: mean over faces of the Euclidean length of phi_1(x) - phi_2(x), with phi the 128 inputs of the last
    linear layer (Golatkar et al. 2021, https://arxiv.org/abs/2012.13431, take the final outputs). Two trainings from different
    seeds order their features differently, so they are far apart although they know the same.

    Linear CKA of a stage: see ``Moments``, with one row for every position of every picture. It does not see the order.

    Without any face neither is a number.

    Raises:
        InputError: networks of two architectures, or one whose stages timm does not name.
    """
    if first.spec.arch != second.spec.arch:
        raise InputError(f"{first.spec.arch} and {second.spec.arch} have no stages in common; compare networks of one arch")
    device = next(first.parameters()).device
    moments, distances = {name: Moments() for name in stages(first)}, 0.0
    with ExitStack() as stack, torch.inference_mode():
        seen = [stack.enter_context(_watched(network)) for network in (first, second)]
        for positions in torch.split(torch.arange(len(faces)), BATCH):
            images = faces.images(positions).permute(0, 3, 1, 2).to(device)
            for network in (first, second):
                network(images)
            distances += (seen[0][PENULTIMATE] - seen[1][PENULTIMATE]).norm(dim=1).double().sum().item()
            for name, moment in moments.items():
                moment.add(seen[0][name], seen[1][name])
    mean = distances / len(faces) if len(faces) else math.nan
    return Likeness(mean, {name: moment.cka() for name, moment in moments.items()})


@contextmanager
def _watched(network: AgeNet) -> Iterator[dict[str, torch.Tensor]]:
    """The features of the last forward pass by name, one row a position; the network is in eval mode meanwhile."""
    seen: dict[str, torch.Tensor] = {}
    training = [module for module in network.modules() if module.training]
    stages_of: Any = network.backbone.feature_info
    channels = {entry["module"]: entry["num_chs"] for entry in stages_of}

    def keep(name: str, features: torch.Tensor) -> None:
        seen[name] = _rows(features, channels.get(name)).float().clone()

    with ExitStack() as stack:
        for name, stage in stages(network).items():
            hook = stage.register_forward_hook(lambda module, inputs, output, name=name: keep(name, output))
            stack.callback(hook.remove)
        hook = last_linear(network).register_forward_pre_hook(lambda module, inputs: keep(PENULTIMATE, inputs[0]))
        stack.callback(hook.remove)
        network.eval()
        try:
            yield seen
        finally:
            for module in training:
                module.training = True


def _rows(features: torch.Tensor, channels: int | None) -> torch.Tensor:
    """One row of channels a position: from (batch, channels, height, width) as from (batch, ..., channels)."""
    if features.ndim == 4 and features.shape[1] == channels:
        features = features.permute(0, 2, 3, 1)
    return features.reshape(-1, features.shape[-1])


class Moments:
    """Sums and products of two tables of features that come in parts; the mean is that of all rows, not of a part's.

    They give the linear centred kernel alignment of tables of shape (n, p) and (n, q), 0 to 1, 1 is alike::

        CKA = ||X'Y||^2 / (||X'X|| ||Y'Y||)

    with Frobenius norms, and the columns of X and Y centred over all rows. Rotating the features, or multiplying all of them
    by one number, changes nothing. Source: Kornblith et al. 2019, https://arxiv.org/abs/1905.00414.
    """

    def __init__(self) -> None:
        self.count = 0
        self.sums: list[torch.Tensor] = []
        self.products: list[torch.Tensor] = []

    def add(self, first: torch.Tensor, second: torch.Tensor) -> None:
        """Note rows of both tables, shape (rows, p) and (rows, q)."""
        first, second = first.double(), second.double()
        sums = [first.sum(dim=0), second.sum(dim=0)]
        products = [a.T @ b for a, b in ((first, second), (first, first), (second, second))]
        self.sums = [a + b for a, b in zip(self.sums, sums, strict=True)] if self.count else sums
        self.products = [a + b for a, b in zip(self.products, products, strict=True)] if self.count else products
        self.count += len(first)

    def cka(self) -> float:
        """Linear CKA of all rows so far; not a number where a table is constant or empty."""
        if not self.count:
            return math.nan
        a, b = self.sums
        pairs = list(zip(self.products, ((a, b), (a, a), (b, b)), strict=True))
        cross, own, other = (torch.linalg.norm(p - torch.outer(*s) / self.count).item() for p, s in pairs)
        rounding = [ROUNDING * torch.linalg.norm(p).item() for p, _ in pairs]
        return cross**2 / (own * other) if own > rounding[1] and other > rounding[2] else math.nan
