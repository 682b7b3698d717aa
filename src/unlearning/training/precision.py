"""Which precision is fastest here: measured, not assumed."""

from __future__ import annotations

import hashlib
import logging
import os
import platform
import time
from dataclasses import replace

import torch
from lightning_fabric import Fabric

from unlearning.data.cache import cache_folder, write_whole
from unlearning.errors import InputError
from unlearning.models.build import build
from unlearning.models.spec import ModelSpec

STEPS = 5
MARGIN = 1.1


def resolve_precision(precision: str, spec: ModelSpec, batch_size: int) -> str:
    """Turn ``auto`` into the faster of ``32-true`` and ``bf16-mixed`` for this network on this device.

    A few training steps of each are timed. Where the processor has no bfloat16 arithmetic it is emulated, many times
    slower, and not tried. bfloat16 has to win by ``MARGIN``. The answer is kept in the cache, so that one machine always
    gives the same one: precision decides the weights, and a noisy clock must not.
    """
    if precision != "auto" or not _has_bfloat16():
        return "32-true" if precision == "auto" else precision
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else f"{platform.node()} {os.cpu_count()} cores"
    key = f"{device} {torch.__version__} {spec.arch} {spec.image_size} {batch_size}"
    kept = cache_folder() / "precision" / hashlib.sha256(key.encode()).hexdigest()[:16]
    if not kept.exists():
        plain = replace(spec, pretrained=False, weights="")
        with torch.random.fork_rng():
            seconds = {name: _time_steps(name, plain, batch_size) for name in ("32-true", "bf16-mixed")}
        faster = "bf16-mixed" if seconds["32-true"] > MARGIN * seconds["bf16-mixed"] else "32-true"
        write_whole(kept, lambda part: part.write_text(faster, encoding="utf-8"))
    return kept.read_text(encoding="utf-8")


def make_fabric(precision: str) -> Fabric:
    """One device, the best there is, at a precision of Lightning Fabric; InputError for one that it cannot do."""
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    if precision == "16-mixed" and not torch.cuda.is_available():
        raise InputError("precision=16-mixed needs a GPU; legal here: auto, 32-true, bf16-mixed")
    return Fabric(accelerator="auto", devices=1, precision=precision)


def _has_bfloat16() -> bool:
    if torch.cuda.is_available():
        return torch.cuda.is_bf16_supported(including_emulation=False)
    return torch.cpu._is_avx512_bf16_supported()


def _time_steps(precision: str, spec: ModelSpec, batch_size: int) -> float:
    fabric = make_fabric(precision)
    model = fabric.setup_module(build(spec, seed=0).train())
    images = torch.zeros((batch_size, 3, spec.image_size, spec.image_size), dtype=torch.uint8, device=fabric.device)
    images = images.to(memory_format=torch.channels_last)
    times = []
    for _ in range(STEPS + 1):
        start = time.perf_counter()
        fabric.backward(model(images).mean())
        if fabric.device.type == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return min(times[1:])
