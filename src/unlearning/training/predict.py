"""Predictions: no dropout, no random transforms, float32 (on a GPU too, which would round to 10 bits), the model as it was."""

from __future__ import annotations

from typing import Any

import torch

from unlearning.data.faces import FaceSet
from unlearning.progress import Track, untold

BATCH = 256  # faces at once: bounds the memory and changes nothing else


def predict(
    model: torch.nn.Module, faces: FaceSet, device: torch.device | None = None, progress: Track = untold
) -> torch.Tensor:
    """Ages in years, float32 on the CPU, shape (len(faces),). Weights, buffers and training mode stay as they were."""
    positions = torch.split(torch.arange(len(faces)), BATCH)
    device = device or next(model.parameters()).device
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
        return predict(model.to(device), faces, device, progress)
    finally:
        model.to(own)


def mean_absolute_error(
    model: torch.nn.Module, faces: FaceSet, device: torch.device | None = None, progress: Track = untold
) -> float:
    """Mean over the faces of abs(f(x) - y), in years; not a number when there are none."""
    return float((predict(model, faces, device, progress) - faces.ages).abs().mean())
