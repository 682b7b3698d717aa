"""How large the preset ``study`` is: an estimate from its plan and its network, without a GPU and without training.

    PYTHONPATH=src:. python benchmarks/study_scale.py

Operations are counted by PyTorch's own counter (a multiplication and an addition are two); memory is what a step keeps:
weights, gradients, Adam's two moments, and every tensor that the backward pass needs. A GPU's libraries need some more for
themselves. No pass is left out, so patience makes it less.
"""

from __future__ import annotations

import click
import torch
from torch.utils.flop_counter import FlopCounterMode

from unlearning.experiments.plan import EVERY, STUDIES, UNLEARNED, cells
from unlearning.experiments.presets import PRESETS
from unlearning.experiments.published import COUNTS
from unlearning.models.build import build
from unlearning.models.spec import ModelSpec
from unlearning.training.recipe import PRESETS as RECIPES

PRESET, FLOAT, HALF = PRESETS["study"], "32-true", "bf16-mixed"


def step_size(faces: int, precision: str) -> tuple[float, float]:
    """(operations, bytes of the tensors kept for the backward pass) of one training step."""
    network = build(ModelSpec(**PRESET.model), seed=0).train()
    images = torch.zeros(faces, 3, *[PRESET.model["image_size"]] * 2, dtype=torch.uint8)
    own, kept = {weight.data_ptr() for weight in network.parameters()}, {}

    def keep(tensor: torch.Tensor) -> torch.Tensor:
        if tensor.data_ptr() not in own:
            kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    half = torch.autocast("cpu", torch.bfloat16, enabled=precision == HALF)
    with FlopCounterMode(display=False) as counter:
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor), half:
            error = network(images).mean()
        error.backward()
    return counter.get_total_flops(), sum(kept.values())


def of_a_batch(batch: int, precision: str) -> tuple[float, float]:
    """The same for a whole batch: both grow by the same amount with every face, which steps on two and four faces tell."""
    two, four = step_size(2, precision), step_size(4, precision)
    return tuple(small + (large - small) / 2 * (batch - 2) for small, large in zip(two, four, strict=True))


def passes() -> dict[str, int]:
    """Passes over the training faces, at the most, by what they are for."""
    studies = [study for study in STUDIES.values() if study.arms and study.arms[0].method != EVERY]
    plan = cells(studies, PRESET.seeds, {}, {})
    trained = sum(cell.role != UNLEARNED for cell in plan)
    return {
        f"{trained} trainings of {RECIPES[PRESET.recipe].epochs} epochs": trained * RECIPES[PRESET.recipe].epochs,
        f"{len(plan) - trained} unlearnings": sum(max(cell.epochs) for cell in plan if cell.role == UNLEARNED),
    }


@click.command()
@click.option("--batch", default=RECIPES[PRESET.recipe].batch_size, help="Faces in a step.")
@click.option("--tera", default=20.0, help="Operations a second that a GPU sustains, in 10^12, to tell hours.")
def main(batch: int, tera: float):
    """Print operations, passes, hours at a given pace, and memory."""
    weights = sum(weight.numel() for weight in build(ModelSpec(**PRESET.model), seed=0).parameters())
    operations = of_a_batch(batch, FLOAT)[0] / batch
    counts = passes()
    images = sum(counts.values()) * COUNTS["train"]
    print(f"{weights / 1e6:.1f} million weights, {operations / 1e9:.1f} x 10^9 operations to train on one face")
    print(f"{' and '.join(counts)}: {sum(counts.values()):,} passes over {COUNTS['train']:,} faces at the most")
    print(f"{images / 1e6:.1f} million faces, {images * operations:.2g} operations, validation not counted")
    print(f"{images * operations / tera / 1e12 / 3600:.1f} hours at {tera:g} x 10^12 operations a second")
    for precision in (FLOAT, HALF):
        kept = of_a_batch(batch, precision)[1]
        print(f"{precision}: {(kept + 16 * weights) / 1e9:.2f} x 10^9 bytes for a step on {batch} faces")


if __name__ == "__main__":
    main()
