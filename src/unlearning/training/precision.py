"""The precision of training: decided by what the processor can do, never by a clock, so that equal machines agree."""

import logging
from typing import Any

import torch
from lightning_fabric import Fabric

from unlearning.errors import InputError


def resolve_precision(precision: str) -> str:
    """Turn ``auto`` into ``bf16-mixed`` where the GPU, or without one the CPU, has bfloat16 instructions, else ``32-true``.

    Without them bfloat16 is emulated, many times slower than float32. Any other precision is returned as it is.
    """
    if precision != "auto":
        return precision
    return "bf16-mixed" if _has_bfloat16() else "32-true"


def _has_bfloat16() -> bool:
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def make_fabric(precision: str, devices: int = 1, **more: Any) -> Fabric:
    """Devices of the best kind there is at a precision of Lightning Fabric; InputError for one that they cannot do."""
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    if precision == "16-mixed" and not torch.cuda.is_available():
        raise InputError("precision=16-mixed needs a GPU; legal here: auto, 32-true, bf16-mixed")
    return Fabric(accelerator="auto", devices=devices, precision=precision, **more)  # type: ignore[arg-type]  # one of PRECISIONS
