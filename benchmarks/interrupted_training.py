"""A training that is killed and typed again, against one that was left alone: seconds, and whether the weights are equal.

    PYTHONPATH=src python benchmarks/interrupted_training.py --data_dir FOLDER --arch resnet50 --image_size 48

Each is a command of its own in a store of its own; the killed one gets SIGKILL inside its second epoch, and no warning.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import mlflow

from unlearning.models.ensemble import load_model, weights_digest
from unlearning.registry.lookup import find
from unlearning.versions.files import model_folder

ROOT = Path(__file__).resolve().parents[1]
NAME = "interrupted"


def begin(words: list[str], store: Path, minutes: float) -> subprocess.Popen:
    """The command in its store."""
    own = {"MLFLOW_TRACKING_URI": f"sqlite:///{store}/mlflow.db", "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    own |= {"UNLEARNING_CHECKPOINT_MINUTES": str(minutes)}
    command = [sys.executable, "-m", "entrypoints.train", *words, "--name", NAME]
    return subprocess.Popen(command, cwd=store, env=os.environ | own, stderr=subprocess.PIPE, text=True)


def told(process: subprocess.Popen, until: str = "") -> None:
    """Pass on what a command says, to its end or to the first line with some words in it."""
    for line in process.stderr:
        print(line, end="", file=sys.stderr, flush=True)
        if until and until in line:
            return


def digests(store: Path) -> list[str]:
    """Of the weights of what was registered."""
    mlflow.set_tracking_uri(f"sqlite:///{store}/mlflow.db")
    return [weights_digest(member) for member in load_model(model_folder(find(NAME, "original"))).members]


@click.command()
@click.option("--data_dir", default="", help="Folder of UTKFace-named pictures; empty draws faces.")
@click.option("--arch", default="test_resnet", help="Network.")
@click.option("--image_size", default="48", help="Side of the network's input, in pixels.")
@click.option("--fraction", default=".3", help="Of the faces.")
@click.option("--seconds", default=20.0, help="From the end of the first epoch to the kill.")
def main(data_dir: str, arch: str, image_size: str, fraction: str, seconds: float):
    """Print what came of both."""
    words = ["--data_dir", data_dir, "--fraction", fraction, "--arch", arch, "--image_size", image_size, "--epochs", "3"]
    with tempfile.TemporaryDirectory() as folder:
        whole, killed = (Path(folder) / name for name in ("whole", "killed"))
        for store in (whole, killed):
            store.mkdir()
        start = time.perf_counter()
        told(alone := begin(words, whole, 10))
        print(f"left alone: exit status {alone.wait()}, {time.perf_counter() - start:.0f} s")
        start = time.perf_counter()
        told(first := begin(words, killed, seconds / 120), "epoch 1/3")
        time.sleep(seconds)
        first.kill()
        print(f"killed: exit status {first.wait()}, after {time.perf_counter() - start:.0f} s")
        start = time.perf_counter()
        told(again := begin(words, killed, 10))
        print(f"typed again: exit status {again.wait()}, {time.perf_counter() - start:.0f} s")
        print(f"weights equal, bit for bit: {digests(whole) == digests(killed)}")


if __name__ == "__main__":
    main()
