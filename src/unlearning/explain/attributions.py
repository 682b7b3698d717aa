"""Attributions: how much of a network's answer each pixel carries, beside a picture that says nothing.

Of ages that is counted in years, of other numbers in their unit; of classes the answer is the probability of the true one.

The baseline is the mean picture of the kept training faces. That of aligned faces lies where faces do, so that the way from it
to a face leads through pictures such as the network knows; no network was trained on plain grey, which lends the outline of
every head a share that tells no age. No forgotten face is in the mean, and it is never shown.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat

import numpy as np
import torch

from unlearning.data.faces import FaceSet
from unlearning.data.labels import labels_of
from unlearning.models.spec import target_of

GRID = 16  # cells a side of a map: neighbouring pixels share what they carry
STEPS = 24  # Gauss-Legendre points between baseline and picture
WINDOWS = 8  # places a side that are occluded, one after the other
AT_ONCE, PICTURES = 16, 32  # faces, and varied pictures of them, in memory
Network = Callable[[torch.Tensor], torch.Tensor]
Labels = torch.Tensor | None  # of classes, one a picture; none for numbers
Method = Callable[[Network, torch.Tensor, torch.Tensor, Labels], torch.Tensor]


def pictures_of(faces: FaceSet, device: torch.device | None = None) -> torch.Tensor:
    """All pictures, float32, shape (n, 3, side, side)."""
    return faces.images(torch.arange(len(faces))).permute(0, 3, 1, 2).float().to(device)


def baseline_of(faces: FaceSet, device: torch.device | None = None) -> torch.Tensor:
    """The mean picture, shape (1, 3, side, side)."""
    parts = torch.split(torch.arange(len(faces)), 1024)
    total = sum(faces.images(part).double().sum(dim=0) for part in parts)
    return (total / len(faces)).permute(2, 0, 1).float()[None].to(device)  # type: ignore[union-attr]  # no faces are refused


def asked(network: torch.nn.Module, faces: FaceSet, device: torch.device | None = None) -> tuple[Network, Labels]:
    """What is explained: of numbers the network, of classes its probabilities, and the true class of every face."""
    target = target_of(network)
    if target.numeric:
        return network, None
    return lambda some: target.answers(network(some)), torch.from_numpy(labels_of(faces.frame).to_numpy(np.int64)).to(device)


def integrated_gradients(
    network: Network, pictures: torch.Tensor, baseline: torch.Tensor, labels: Labels = None
) -> torch.Tensor:
    """(x - b) * mean of the gradient between b and x, in the unit, as the pictures are shaped; a face's sum is f(x) - f(b).

    Source: Sundararajan et al. 2017, https://arxiv.org/abs/1703.01365.
    """
    from captum.attr import IntegratedGradients  # seconds: only for who explains

    found: torch.Tensor = IntegratedGradients(network).attribute(
        pictures, baselines=baseline, target=labels, n_steps=STEPS, internal_batch_size=PICTURES
    )
    return found


def occlusion(network: Network, pictures: torch.Tensor, baseline: torch.Tensor, labels: Labels = None) -> torch.Tensor:
    """f(x) - f(x with one window of the baseline), in the unit, of the window that each pixel lies in; it needs no gradients.

    Source: Zeiler and Fergus 2014, https://arxiv.org/abs/1311.2901.
    """
    from captum.attr import Occlusion

    window = -(-pictures.shape[-1] // WINDOWS)
    with torch.no_grad():
        found: torch.Tensor = Occlusion(network).attribute(
            pictures,
            sliding_window_shapes=(pictures.shape[1], window, window),
            strides=(pictures.shape[1], window, window),
            baselines=baseline,
            target=labels,
            perturbations_per_eval=max(1, PICTURES // len(pictures)),
        )
    return found


METHODS: dict[str, Method] = {"gradients": integrated_gradients, "occlusion": occlusion}


def carried(
    method: Method, network: Network, pictures: torch.Tensor, baseline: torch.Tensor, labels: Labels = None
) -> torch.Tensor:
    """What every pixel carries, to either side: abs of the sum over the colours, shape (n, side, side)."""
    own = repeat(None) if labels is None else torch.split(labels, AT_ONCE)
    parts = zip(torch.split(pictures, AT_ONCE), own, strict=False)
    return torch.cat([method(network, some, baseline, each).detach().sum(dim=1).abs() for some, each in parts])


def in_cells(maps: torch.Tensor) -> np.ndarray:
    """The mean of every cell's pixels, float64, shape (n, GRID, GRID)."""
    cells: np.ndarray = torch.nn.functional.adaptive_avg_pool2d(maps[:, None].double(), GRID)[:, 0].cpu().numpy()
    return cells
