"""Images a second of the training loop, as a share of the same step on one batch that is already in memory.

    PYTHONPATH=src python benchmarks/training_throughput.py --data_dir FOLDER

Both are measured in one process, in turn, and the median of the ratios is printed: machines differ, ratios hold. The loop
cuts its batches from the memory map with flips and shifts; the resident batch costs nothing to make.
"""

from __future__ import annotations

import statistics
import time
from dataclasses import replace

import click
import torch
from lightning_fabric import Fabric

from unlearning.data.faces import Batches, FaceSet
from unlearning.data.manifest import prepare
from unlearning.data.settings import DataSettings
from unlearning.models.build import build
from unlearning.models.spec import ModelSpec
from unlearning.training.fit import fit
from unlearning.training.losses import absolute_error
from unlearning.training.precision import resolve_precision
from unlearning.training.recipe import PRESETS


class Resident:
    """Stands for ``Batches``: as many batches of the same sizes, all cut from one that stays in memory."""

    def __init__(self, batches: Batches, count: int, device: torch.device):
        self.batch = next(iter(batches)).to(device)
        self.count = count
        self.ages = self.batch.ages.repeat(count)

    def __len__(self) -> int:
        return self.count

    def __iter__(self):
        return iter([self.batch] * self.count)


def images_per_second(batches, spec: ModelSpec, recipe, fabric: Fabric) -> float:
    model = build(spec, seed=0)
    start = time.perf_counter()
    fit(fabric, model, batches, absolute_error, recipe, seed=0)
    return len(batches.ages) / (time.perf_counter() - start)


def ratios(arch: str, side: int, data_dir: str, steps: int, rounds: int, device: str) -> tuple[list[float], float]:
    data = prepare(DataSettings(data_dir), side, lambda items, count, title: items)
    faces = FaceSet(data.manifest.sample(steps * 32, replace=len(data.manifest) < steps * 32, random_state=0), data.pixels)
    spec, recipe = ModelSpec(arch, side), replace(PRESETS["scratch"], epochs=1)
    recipe = replace(recipe, precision=resolve_precision("auto"))
    fabric = Fabric(accelerator=device, devices=1, precision=recipe.precision)
    batches = Batches(faces.on(fabric.device), None, recipe.batch_size, recipe.flip, recipe.shift, 0)
    resident = Resident(batches, len(batches), fabric.device)
    pairs = [tuple(images_per_second(one, spec, recipe, fabric) for one in (batches, resident)) for _ in range(rounds + 1)][1:]
    return [loop / resident_speed for loop, resident_speed in pairs], statistics.median(loop for loop, _ in pairs)


@click.command()
@click.option("--data_dir", default="", help="Folder of UTKFace-named pictures; empty draws faces.")
@click.option("--rounds", default=5, help="Pairs of measurements for each network.")
@click.option("--device", default="auto", help="auto, cpu or cuda.")
def main(data_dir: str, rounds: int, device: str):
    """Print the ratio for test_resnet and resnet50."""
    for arch, side, steps in (("test_resnet", 64, 100), ("resnet50", 48, 12)):
        found, speed = ratios(arch, side, data_dir, steps, rounds, device)
        spread = f"{min(found):.3f} to {max(found):.3f}"
        print(f"{arch} at {side} px: loop / resident batch = {statistics.median(found):.3f} ({spread}), {speed:.0f} images/s")


if __name__ == "__main__":
    main()
