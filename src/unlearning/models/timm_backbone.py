"""timm, where its compiled companion does not fit.

timm imports torchvision, whose packages on the index are compiled for CUDA. Beside a PyTorch built for the CPU their
compiled operators cannot load, and torchvision then fails on import while it describes two operators that do not exist.
timm needs none of them: declaring the two names lets torchvision import, and calling them still fails.
"""

from __future__ import annotations

import torch

from unlearning.errors import InputError
from unlearning.naming import did_you_mean

MISSING = ("nms", "qnms")
_declared = []


def import_timm():
    """The module ``timm``, also beside a CPU build of PyTorch."""
    try:
        import torchvision  # noqa: F401
    except RuntimeError as error:
        if "operator torchvision::" not in str(error):
            raise
        library = torch.library.Library("torchvision", "FRAGMENT")
        for name in MISSING:
            library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
        _declared.append(library)
    import timm

    return timm


def create_backbone(arch: str, pretrained: bool) -> torch.nn.Module:
    """A timm model without its classifier; InputError for an unknown name or weights that cannot be fetched."""
    timm = import_timm()
    if not timm.is_model(arch):
        hint = did_you_mean(arch, timm.list_models())
        raise InputError(f"unknown arch {arch!r}{hint}; legal: any name of timm.list_models(), for example resnet50")
    try:
        return timm.create_model(arch, pretrained=pretrained, num_classes=0)
    except (OSError, RuntimeError) as error:
        if not pretrained:
            raise
        raise InputError(
            f"timm could not fetch pretrained weights for {arch!r} ({type(error).__name__}); "
            "give a local file with -P weights=FILE, or train from scratch with -P pretrained=false"
        ) from error
