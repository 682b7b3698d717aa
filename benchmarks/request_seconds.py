"""Seconds from a request to a served champion, by what the new version is measured against, and of retraining itself.

    PYTHONPATH=src python benchmarks/request_seconds.py --data_dir FACES

Each row is one request of five training faces to the same original, promoted whatever its gates say, in this process: the
start of a command, some seconds, is in none. The cross-fitting is made before, once for all requests, and told by itself. It
works in the store that MLFLOW_TRACKING_URI names, which should be an empty one.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path
from time import perf_counter

import click

from unlearning.data.settings import DataSettings
from unlearning.markdown import table
from unlearning.models.spec import ModelSpec
from unlearning.registry.lookup import find
from unlearning.settings.requests import ProcessSettings, RequestSettings
from unlearning.settings.training import CrossfitSettings, TrainSettings
from unlearning.steps.crossfit import crossfit
from unlearning.steps.key import make_key
from unlearning.steps.process import process
from unlearning.steps.request import request
from unlearning.steps.train import train
from unlearning.tracking.store import prepare_store

WHOLE, SLICED = "age-resnet50", "age-sliced"
ROWS = (
    ("fine-tuning, cross-fitting at hand", WHOLE, "ft", "crossfit", ()),
    ("one pass of fine-tuning, cross-fitting at hand", WHOLE, "ft", "crossfit", (1,)),
    ("gradient ascent on the forgotten faces, cross-fitting at hand", WHOLE, "neggrad", "crossfit", ()),
    ("fine-tuning, no reference", WHOLE, "ft", "none", ()),
    ("fine-tuning, a retrained reference", WHOLE, "ft", "retrained", ()),
    ("SISA, exact", SLICED, "sisa", "none", ()),
    ("retraining", WHOLE, "retrain", "none", ()),
)


def timed(act) -> float:
    """Seconds that a call takes."""
    begun = perf_counter()
    act()
    return perf_counter() - begun


def served(number: int, model: str, method: str, reference: str, epochs: tuple[int, ...]) -> tuple[float, str]:
    """Seconds of one request, and the verdict on the version that serves it."""
    rule = f"random:5@{number}"

    def act() -> None:
        request(RequestSettings(rule, name=model))
        process(ProcessSettings(method, epochs=epochs, gates="test_mae < 100", reference=reference, name=model))

    return timed(act), find(model, "champion").tag("verdict")


@click.command()
@click.option("--data_dir", default="", help="Folder of faces; without it 1,000 are drawn.")
@click.option("--fraction", default=0.5, help="Of the faces.")
@click.option("--augment_to", default=0, help="Faces of each age in the training part, with augmented copies.")
@click.option("--image_size", default=48, help="Side of the network's input, in pixels.")
@click.option("--epochs", default=12, help="Of training.")
@click.option("--folds", default=5, help="Of the cross-fitting.")
@click.option("--seeds", default=3, help="Of the cross-fitting.")
def main(data_dir: str, fraction: float, augment_to: int, image_size: int, epochs: int, folds: int, seeds: int):
    """Print the table."""
    prepare_store()
    source = DataSettings(data_dir=data_dir, fraction=fraction) if data_dir else DataSettings(drawn_faces=1000)
    data = replace(source, augment_to=augment_to)
    spec, changes = ModelSpec("test_resnet", image_size), {"epochs": epochs, "precision": "32-true"}
    with tempfile.TemporaryDirectory() as place:
        os.environ["UNLEARNING_SIGNING_KEY"] = str(Path(place) / "signing-key.pem")
        make_key(Path(place) / "signing-key.pem")
        took = timed(lambda: train(TrainSettings(data, spec, changes=changes, name=WHOLE)))
        train(TrainSettings(data, spec, changes=changes, name=SLICED, scheme="sisa"))
        fitted = timed(lambda: crossfit(CrossfitSettings(folds=folds, seeds=tuple(range(seeds)), name=WHOLE)))
        rows = [[what, *served(number, *how)] for number, (what, *how) in enumerate(ROWS)]
    print(f"training the original: {took:.0f} s; cross-fitting, once: {fitted:.0f} s\n")
    print(
        table(
            ("request", "seconds", "share of training", "verdict"),
            [[what, f"{seconds:.0f}", f"{seconds / took:.2f}", verdict] for what, seconds, verdict in rows],
        )
    )


if __name__ == "__main__":
    main()
