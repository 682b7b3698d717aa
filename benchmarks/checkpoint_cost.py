"""What checkpoints cost: writing one beside an epoch of training, and passing over the batches of an epoch when one goes on.

    PYTHONPATH=src python benchmarks/checkpoint_cost.py --arch resnet50 --image_size 48 --faces 3060

All of it is measured in this process on drawn faces: seconds of a training step, of a checkpoint (weights and AdamW's moments),
and of a batch that is only made. An epoch has as many steps as FACES fill.
"""

from __future__ import annotations

import math
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter

import click

from unlearning.data.faces import Batches, FaceSet
from unlearning.data.manifest import prepare
from unlearning.data.settings import DataSettings
from unlearning.markdown import table
from unlearning.models.build import build
from unlearning.models.spec import ModelSpec
from unlearning.progress import untold
from unlearning.training.checkpoint import MINUTES, Checkpoint, Checkpoints
from unlearning.training.fit import fit
from unlearning.training.losses import absolute_error
from unlearning.training.precision import make_fabric, resolve_precision
from unlearning.training.recipe import PRESETS


class Timed(Checkpoint):
    """Writes after every step, and notes how long that took and when it was done."""

    def __init__(self, whole: Checkpoints, path: Path):
        super().__init__(whole, path)
        self.took, self.ended, self.sizes = [], [], []

    def is_due(self) -> bool:
        return True

    def write(self, tensors, state) -> None:
        begun = perf_counter()
        super().write(tensors, state)
        self.took.append(perf_counter() - begun)
        self.ended.append(perf_counter())
        self.sizes.append(self.path.stat().st_size)


@click.command()
@click.option("--arch", default="resnet50")
@click.option("--image_size", default=48)
@click.option("--faces", default=3060, help="training faces of an epoch")
@click.option("--steps", default=12, help="that are measured")
def main(arch: str, image_size: int, faces: int, steps: int) -> None:
    recipe = replace(PRESETS["scratch"], epochs=1, precision=resolve_precision(PRESETS["scratch"].precision))
    data = prepare(DataSettings(drawn_faces=60 * steps), image_size, untold)
    train = FaceSet(data.manifest, data.pixels).part("train")
    train = train.where([number < recipe.batch_size * steps for number in range(len(train))])
    batches = Batches(train, None, recipe.batch_size, recipe.flip, recipe.shift, seed=0)
    network, fabric = build(ModelSpec(arch, image_size), seed=0), make_fabric(recipe.precision)
    with tempfile.TemporaryDirectory() as place:
        kept = Timed(Checkpoints(Path(place)), Path(place) / "fit.safetensors")
        fit(fabric, network, batches, absolute_error, recipe, seed=0, keep_best=True, checkpoint=kept)
    between = [ended - begun for begun, ended in zip(kept.ended, kept.ended[1:], strict=False)]
    step = median(between[1:-1]) - median(kept.took[1:-1])
    begun = perf_counter()
    made = sum(1 for _ in batches)
    batch, count = (perf_counter() - begun) / made, math.ceil(faces / recipe.batch_size)
    epoch, write = step * count, median(kept.took[1:-1])
    rows = [
        ("an epoch of training", f"{epoch:.1f} s", "1"),
        (f"a checkpoint ({max(kept.sizes) / 1e6:.0f} MB), one an epoch", f"{write:.2f} s", f"{write / epoch:.4f}"),
        (f"one every {MINUTES:.0f} minutes as well", "", f"{write / (60 * MINUTES):.4f}"),
        ("passing over an epoch's batches when it goes on", f"{batch * count:.2f} s", f"{batch / step:.4f}"),
    ]
    print(table((f"{arch}, {image_size} px, {faces} faces", "seconds", "of an epoch"), rows))


if __name__ == "__main__":
    main()
