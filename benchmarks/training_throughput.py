"""Images a second of the training loop, as a share of the same step on one batch that is already in memory, and of a loop as
people write it: a DataLoader with two workers, Pillow, torchvision's transforms, float32.

    PYTHONPATH=src python benchmarks/training_throughput.py --data_dir FOLDER

All are measured in one process, in turn, and the medians of the ratios are printed: machines differ, ratios hold. The loop
cuts its batches from the memory map with flips and shifts; the resident batch costs nothing to make.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import click
import pandas as pd
import torch
from lightning_fabric import Fabric
from PIL import Image
from torch.utils.data import DataLoader

from unlearning.data.faces import Batches, FaceSet
from unlearning.data.manifest import prepare, source_folder
from unlearning.data.settings import DataSettings
from unlearning.models.build import build
from unlearning.models.spec import ModelSpec
from unlearning.models.timm_backbone import import_timm
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


class Pictures(torch.utils.data.Dataset):
    """Files read one by one."""

    def __init__(self, paths: list[Path], ages: list[float], side: int, shift: float):
        from torchvision import transforms

        self.paths, self.ages = paths, ages
        self.transform = transforms.Compose(
            [
                transforms.Resize((side, side)),
                transforms.RandomHorizontalFlip(),
                transforms.RandomAffine(0, translate=(shift, shift)),
                transforms.PILToTensor(),
            ]
        )

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, index: int):
        return self.transform(Image.open(self.paths[index]).convert("RGB")), self.ages[index]


def usual_images_per_second(pictures: Pictures, spec: ModelSpec, recipe, device: torch.device) -> float:
    """An epoch of a loop as people write it, after one that starts the workers."""
    loader = DataLoader(pictures, recipe.batch_size, shuffle=True, num_workers=2, persistent_workers=True)
    model = build(spec, seed=0).to(device, memory_format=torch.contiguous_format).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=recipe.lr, weight_decay=recipe.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, recipe.lr, total_steps=2 * len(loader))
    for _ in range(2):
        start, total = time.perf_counter(), 0.0
        for images, ages in loader:
            optimizer.zero_grad()
            loss = (model(images.to(device)) - ages.float().to(device)).abs().mean()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += loss.item()
    return len(pictures) / (time.perf_counter() - start)


def ratios(arch: str, side: int, data_dir: str, steps: int, rounds: int, device: str) -> pd.DataFrame:
    """One row a round: images a second of the loop, and its ratios to the resident batch and the usual loop."""
    settings = DataSettings(data_dir)
    data = prepare(settings, side, lambda items, count, title: items)
    frame = data.manifest[data.manifest.copy_of == ""]
    frame = frame.sample(steps * 32, replace=len(frame) < steps * 32, random_state=0)
    spec, recipe = ModelSpec(arch, side), replace(PRESETS["scratch"], epochs=1)
    recipe = replace(recipe, precision=resolve_precision("auto"))
    fabric = Fabric(accelerator=device, devices=1, precision=recipe.precision)
    faces = FaceSet(frame, data.pixels).on(fabric.device)
    batches = Batches(faces, None, recipe.batch_size, recipe.flip, recipe.shift, 0)
    resident = Resident(batches, len(batches), fabric.device)
    pictures = Pictures([source_folder(settings) / name for name in frame.file], frame.age.tolist(), side, recipe.shift)
    rows = []
    for _ in range(rounds + 1):
        loop, still = (images_per_second(one, spec, recipe, fabric) for one in (batches, resident))
        usual = usual_images_per_second(pictures, spec, recipe, fabric.device)
        rows.append({"images/s": loop, "loop / resident batch": loop / still, "loop / usual loop": loop / usual})
    return pd.DataFrame(rows[1:])


@click.command()
@click.option("--data_dir", default="", help="Folder of UTKFace-named pictures; empty draws faces.")
@click.option("--rounds", default=5, help="Measurements for each network.")
@click.option("--device", default="auto", help="auto, cpu or cuda.")
def main(data_dir: str, rounds: int, device: str):
    """Print the ratios for test_resnet and resnet50."""
    import_timm()
    for arch, side, steps in (("test_resnet", 64, 100), ("resnet50", 48, 12)):
        found = ratios(arch, side, data_dir, steps, rounds, device)
        for name, values in found.items():
            print(f"{arch} at {side} px: {name} = {values.median():.4g} ({values.min():.4g} to {values.max():.4g})")


if __name__ == "__main__":
    main()
