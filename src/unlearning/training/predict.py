"""Predictions: no dropout, no random transforms, float32, and the model as it was."""

from __future__ import annotations

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
    model.eval()
    try:
        with torch.inference_mode():
            ages = [
                model(faces.images(few).permute(0, 3, 1, 2).to(device)).float()
                for few in progress(positions, len(positions), f"predicting {len(faces)} faces")
            ]
    finally:
        for module in training:
            module.training = True
    return torch.cat(ages).cpu() if ages else torch.empty(0)


def mean_absolute_error(
    model: torch.nn.Module, faces: FaceSet, device: torch.device | None = None, progress: Track = untold
) -> float:
    """Mean over the faces of abs(f(x) - y), in years; not a number when there are none."""
    return float((predict(model, faces, device, progress) - faces.ages).abs().mean())
