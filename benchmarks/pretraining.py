r"""Does a backbone that was pretrained on faces help, when no face of the study is among them?

    PYTHONPATH=src:. python benchmarks/pretraining.py train --preset resnet50 --data_dir FOLDER --weights backbone.safetensors
    PYTHONPATH=src:. python benchmarks/pretraining.py compare --preset resnet50 --table FILE.csv \
        --name age-scratch --name age-pretrained

The study began with a network that had been pretrained on faces. ``train`` learns age, gender and race of the faces that a
preset leaves out, because they are too young, too old or beyond its share: no near-copy of a face that it keeps is among them,
mirrored ones neither. ``compare`` reads what originals that began with these weights err by, beside others that did not, and
prints the name of the better one by the validation faces; the test faces decide nothing.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click
import pandas as pd
import torch
from safetensors.torch import save_file
from torch import nn
from torch.nn.functional import cross_entropy

from unlearning.data.faces import Batches, FaceSet
from unlearning.data.labels import GENDERS, OLDEST, RACES
from unlearning.data.manifest import prepare
from unlearning.experiments.presets import PRESETS, Preset
from unlearning.models.build import build
from unlearning.models.spec import ModelSpec
from unlearning.progress import say, track
from unlearning.registry.lookup import all_versions
from unlearning.tracking.store import prepare_store
from unlearning.training.precision import make_fabric, resolve_precision
from unlearning.training.predict import predict
from unlearning.versions.files import predictions_of

SIZES = (1, len(GENDERS), len(RACES))
HELD_OUT = 10  # one face in so many is not trained on, and tells how well the rest was learned
TEN_YEARS = 10.0


def unused(preset: Preset, data_dir: str) -> FaceSet:
    """The faces that a preset leaves out, without near-copies of those that it keeps; ``age`` numbers them."""
    own, side = replace(preset.data, data_dir=data_dir), preset.model["image_size"]
    kept = prepare(own, side, track).manifest
    whole = prepare(replace(own, fraction=1.0, min_age=0, max_age=OLDEST, augment_to=0), side, track)
    frame = whole.manifest[~whole.manifest.near.isin(kept.near) & (whole.manifest.gender >= 0) & (whole.manifest.race >= 0)]
    return FaceSet(frame.assign(years=frame.age, age=range(len(frame))), whole.pixels)


class Labels(nn.Module):
    """A backbone under one linear layer that says age (in tens of years), gender and race; shape (batch, 1 + 2 + 5)."""

    def __init__(self, preset: Preset, seed: int):
        super().__init__()
        self.network = build(ModelSpec(**preset.model), seed)
        torch.manual_seed(seed)
        self.network.head = nn.Sequential(nn.Dropout(0.5), nn.Linear(self.network.head[0].in_features, sum(SIZES)))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features = self.network.backbone((images - self.network.mean) / self.network.std)
        with torch.autocast(images.device.type, enabled=False):
            said: torch.Tensor = self.network.head(features.float())
        return said


def learn(faces: FaceSet, preset: Preset, epochs: int, seed: int) -> Labels:
    """Train on all faces but the held-out ones, and say how well these are known."""
    fabric = make_fabric(resolve_precision("auto"))
    faces, network = faces.on(fabric.device), Labels(preset, seed).to(fabric.device)
    held = faces.frame.index.to_numpy() % HELD_OUT == 0
    batches = Batches(faces.where(~held), None, 32, flip=True, shift=0.1, seed=seed)
    labels = [torch.tensor(faces.frame[name].to_numpy(), device=fabric.device) for name in ("years", "gender", "race")]
    optimizer = torch.optim.AdamW(network.parameters(), 1e-3, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-3, total_steps=epochs * len(batches))
    wrapped, optimizer = fabric.setup(network, optimizer)
    for _ in track(range(epochs), epochs, "pretraining"):
        network.train()
        for images, which, _ in batches:
            years, gender, race = (one[which.to(fabric.device).long()] for one in labels)
            age, *said = wrapped(images.to(fabric.device)).split(SIZES, dim=1)
            loss = (age.squeeze(1) - years / TEN_YEARS).abs().mean()
            loss = loss + cross_entropy(said[0], gender) + cross_entropy(said[1], race)
            optimizer.zero_grad()
            fabric.backward(loss)
            optimizer.step()
            schedule.step()
    _tell(network, faces.where(held))
    return network


def _tell(network: Labels, held: FaceSet) -> None:
    age, gender, race = predict(network, held).split(SIZES, dim=1)
    error = abs(TEN_YEARS * age.squeeze(1).numpy() - held.frame.years.to_numpy()).mean()
    right = {name: (said.argmax(1).numpy() == held.frame[name]).mean() for name, said in (("gender", gender), ("race", race))}
    known = " and ".join(f"{name} {share:.0%}" for name, share in right.items())
    say(f"pretraining: of {len(held)} held-out faces age is {error:.2f} years off; right are {known}")


@click.group(help=__doc__)
def main() -> None:
    prepare_store()


@main.command()
@click.option("--preset", "name", type=click.Choice(list(PRESETS)), required=True)
@click.option("--data_dir", required=True, help="Folder of the faces.")
@click.option("--weights", type=click.Path(path_type=Path), required=True, help="Safetensors file to write the backbone to.")
@click.option("--epochs", default=30, show_default=True)
@click.option("--seed", default=100, show_default=True)
def train(name: str, data_dir: str, weights: Path, epochs: int, seed: int) -> None:
    """Pretrain the backbone of a preset on the faces that it leaves out."""
    faces = unused(PRESETS[name], data_dir)
    say(f"pretraining: {len(faces)} faces that the preset {name} leaves out")
    network = learn(faces, PRESETS[name], epochs, seed)
    weights.parent.mkdir(parents=True, exist_ok=True)
    save_file({key: value.cpu().contiguous() for key, value in network.network.backbone.state_dict().items()}, weights)


@main.command()
@click.option("--name", "names", multiple=True, required=True, help="Experiments, by the name of their models.")
@click.option("--preset", type=click.Choice(list(PRESETS)), required=True)
@click.option("--table", type=click.Path(path_type=Path), required=True, help="CSV file to write.")
def compare(names: tuple[str, ...], preset: str, table: Path) -> None:
    """Write the errors of every original, in years, and print the name of the better ones by the validation faces."""
    rows = []
    for name, seed in ((name, seed) for name in names for seed in PRESETS[preset].seeds):
        [original] = [version for version in all_versions(f"{name}-{preset}-seed-{seed}") if version.tag("role") == "original"]
        known = predictions_of(original)
        errors = (known.predicted - known.age).abs().groupby(known.split).mean()
        rows.append({"name": name, "seed": seed, "validation_mae": errors["validation"], "test_mae": errors["test"]})
    frame = pd.DataFrame(rows).round(4)
    table.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(table, index=False)
    click.echo(frame.groupby("name").validation_mae.mean().idxmin())


if __name__ == "__main__":
    main()
