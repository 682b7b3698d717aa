"""Predictions: no dropout, no random transforms, float32, and the model as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import torch

from unlearning.data.faces import FaceSet

BATCH = 256


def predict(
    model: torch.nn.Module,
    faces: FaceSet,
    device: torch.device | None = None,
    progress: Callable[[Iterable, int, str], Iterable] = lambda items, count, title: items,
) -> torch.Tensor:
    """Ages in years, float32 on the CPU, shape (len(faces),). Weights, buffers and training mode stay as they were.

    ``progress`` wraps the batches under a title (a bar on a terminal).
    """
    turns = torch.arange(len(faces)).split(BATCH)
    device = device or next(model.parameters()).device
    training = [module for module in model.modules() if module.training]
    model.eval()
    try:
        with torch.inference_mode():
            shown = progress(turns, len(turns), f"predicting {len(faces)} faces")
            parts = [_predict_batch(model, faces, positions, device) for positions in shown]
    finally:
        for module in training:
            module.training = True
    return torch.cat(parts) if parts else torch.empty(0)


def _predict_batch(model, faces: FaceSet, positions: torch.Tensor, device: torch.device) -> torch.Tensor:
    return model(faces.images(positions).permute(0, 3, 1, 2).to(device)).float().cpu()


def mean_absolute_error(model: torch.nn.Module, faces: FaceSet, device: torch.device | None = None, **progress) -> float:
    """Mean over the faces of abs(f(x) - y), in years; not a number when there are none."""
    return float((predict(model, faces, device, **progress) - faces.ages).abs().mean())
