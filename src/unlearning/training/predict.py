"""Predictions: no dropout, no random transforms, float32 (on a GPU too, which would round to 10 bits), the model as it was."""

import math
from collections.abc import Callable
from typing import Any

import torch

from unlearning.data.faces import FaceSet
from unlearning.models.spec import target_of
from unlearning.progress import Track, untold

Measure = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]
BATCH = 256  # faces at once: bounds the memory and changes nothing else


def predict(model: torch.nn.Module, faces: FaceSet, progress: Track = untold) -> torch.Tensor:
    """What the network says, ages in years or what its target makes of them, float32 on the CPU, one row a face.

    Weights, buffers and training mode stay as they were.
    """
    positions = torch.split(torch.arange(len(faces)), BATCH)
    device = next(model.parameters()).device
    training = [module for module in model.modules() if module.training]
    cudnn: Any = torch.backends.cudnn  # of which annotations leave a part out
    rounding, cudnn.conv.fp32_precision = cudnn.conv.fp32_precision, "ieee"
    model.eval()
    try:
        with torch.inference_mode():
            ages = [
                model(faces.images(few).permute(0, 3, 1, 2).to(device)).float()
                for few in progress(positions, len(positions), f"predicting {len(faces)} faces")
            ]
    finally:
        cudnn.conv.fp32_precision = rounding
        for module in training:
            module.training = True
    return torch.cat(ages).cpu() if ages else torch.empty(0)


def predict_on(device: torch.device, model: torch.nn.Module, faces: FaceSet, progress: Track = untold) -> torch.Tensor:
    """``predict`` on a device, which the model leaves again."""
    own = next(model.parameters()).device
    try:
        return predict(model.to(device), faces, progress)
    finally:
        model.to(own)


def mean_absolute_error(model: torch.nn.Module, faces: FaceSet) -> float:
    """Mean error over the faces, of ages abs(f(x) - y) in years; not a number when there are none."""
    return _mean(target_of(model).errors, model, faces)


def mean_loss(model: torch.nn.Module, faces: FaceSet, progress: Track = untold) -> float:
    """The same of the target's losses, which of ages are their errors."""
    return _mean(target_of(model).losses, model, faces, progress)


def _mean(measure: Measure, model: torch.nn.Module, faces: FaceSet, progress: Track = untold) -> float:
    if not len(faces):
        return math.nan
    return float(measure(predict(model, faces, progress), faces.ages).mean())
