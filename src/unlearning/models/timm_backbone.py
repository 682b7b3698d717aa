"""timm, where its compiled companion does not fit.

timm imports torchvision, whose packages on the index are compiled for CUDA. Beside a PyTorch built for the CPU their
compiled operators cannot load, and torchvision then fails on import while it describes two operators that do not exist.
timm needs none of them: declaring the two names lets torchvision import, and calling them still fails.
"""

import importlib
from contextlib import suppress
from types import ModuleType
from typing import Any

import torch

from unlearning.commands import spelt
from unlearning.errors import InputError
from unlearning.naming import did_you_mean

MISSING = ("nms", "qnms")
REFUSALS = (RuntimeError, AssertionError, ValueError, IndexError, ZeroDivisionError)
STRIDE = 32  # pixels: what most networks halve a picture by, five times in a row
_declared: list[torch.library.Library] = []
_widths: dict[tuple[str, int], int] = {}  # of networks that were shown a picture in this process


def import_timm() -> ModuleType:
    """The module ``timm``, also beside a CPU build of PyTorch."""
    try:
        import torchvision  # noqa: F401
    except RuntimeError as error:
        if "operator torchvision::" not in str(error):
            raise
        library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]  # torch has no annotation
        for name in MISSING:
            operator = f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            library.define(operator)  # type: ignore[no-untyped-call]  # nor here
        _declared.append(library)
    timm: ModuleType = importlib.import_module("timm")
    return timm


def create_backbone(arch: str, pretrained: bool, side: int) -> tuple[torch.nn.Module, int]:
    """A timm model without its classifier for pictures of ``side`` pixels, and how many features it gives of one.

    Both are found by showing it a picture. Where it refuses that size and can be made for another (``img_size``: most
    transformers, whose positions are counted), it is made for this one.

    Raises:
        InputError: an unknown name, weights that cannot be fetched, or a size that the model cannot take; names a legal one.
    """
    timm = import_timm()
    if not timm.is_model(arch):
        hint = did_you_mean(arch, timm.list_models())
        raise InputError(f"unknown arch {arch!r}{hint}; legal: any name of timm.list_models(), for example resnet50")
    try:
        return _fitting(arch, pretrained, side)
    except InputError:
        raise
    except REFUSALS as error:
        reason, legal = (str(error).splitlines() or [type(error).__name__])[0], _legal_side(arch, side)
        way = f"legal is, for example, {spelt(image_size=legal)}" if legal else "choose another network, as resnet50"
        raise InputError(f"{arch} cannot take pictures of {side} pixels ({reason}); {way}") from error


def _fitting(arch: str, pretrained: bool, side: int) -> tuple[torch.nn.Module, int]:
    backbone = _create(arch, pretrained)
    try:
        if (arch, side) not in _widths:
            _widths[arch, side] = _features(backbone, side)
        return backbone, _widths[arch, side]
    except REFUSALS as refusal:
        try:
            backbone = _create(arch, pretrained, img_size=side)
        except TypeError:  # the model has no such argument
            raise refusal from None
    return backbone, _features(backbone, side)


def _create(arch: str, pretrained: bool, **size: int) -> torch.nn.Module:
    try:
        backbone: torch.nn.Module = import_timm().create_model(arch, pretrained=pretrained, num_classes=0, **size)
    except (OSError, RuntimeError) as error:
        if not pretrained:
            raise
        raise InputError(
            f"timm could not fetch pretrained weights for {arch!r} ({type(error).__name__}); "
            f"give a local file with {spelt(weights='FILE')}, or train from scratch with {spelt(pretrained=False)}"
        ) from error
    for module in backbone.modules():
        if hasattr(module, "get_attention_biases"):
            layer: Any = type(module)
            layer.get_attention_biases = _attention_biases
    return backbone


def _attention_biases(self: Any, device: torch.device) -> Any:
    """What timm's layers give in training. In eval mode they keep what they gave, also when the weights have changed since."""
    return self.attention_biases[:, self.attention_bias_idxs]


def _features(backbone: torch.nn.Module, side: int) -> int:
    """How many features the backbone gives of a picture: not ``num_features`` where layers follow the pooling."""
    with torch.no_grad():
        features = backbone.eval()(torch.zeros(1, 3, side, side))
    backbone.train()
    if not isinstance(features, torch.Tensor) or features.ndim != 2:
        raise ValueError("it gives no row of features for a picture")
    return features.shape[1]


def _legal_side(arch: str, side: int) -> int | None:
    """The side nearest to ``side``, of a few that networks are made for, that the model takes."""
    trained: int = import_timm().get_pretrained_cfg(arch).input_size[-1]
    larger = range(side - side % STRIDE + STRIDE, side + 4 * STRIDE + 1, STRIDE)
    for other in sorted({trained, *larger} - {side}, key=lambda other: abs(other - side)):
        with suppress(*REFUSALS):
            _fitting(arch, False, other)
            return int(other)
    return None
