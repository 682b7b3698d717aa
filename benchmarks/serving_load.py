"""Pictures a second that a server answers, as a share of the bare network's forward passes, beside MLflow's own server.

    PYTHONPATH=src:. python benchmarks/serving_load.py --arch resnet50 --image_size 224
    PYTHONPATH=src:. python benchmarks/serving_load.py --arch test_resnet --image_size 64

A network of random weights is registered in a store of its own. Each server answers requests of 32 drawn faces from two
clients, and single ones from 16, for some seconds; in between the network is asked for the same batches in this process. The
clients are threads of this process and need a core themselves. Machines differ: the ratios of one run are what is told.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import click
import mlflow
import numpy as np
import torch

from unlearning.data.images import decode
from unlearning.data.manifest import source_folder
from unlearning.data.settings import DataSettings
from unlearning.models.build import build
from unlearning.models.ensemble import Ensemble, load_model, save_member, save_spec
from unlearning.models.spec import ModelSpec
from unlearning.naming import MODEL_ARTIFACT
from unlearning.registry.logged_models import log_model
from unlearning.tracking.store import prepare_store

MODEL = "age-resnet50"
TOGETHER, ALONE = (32, 2), (1, 16)  # pictures in a request, clients


def registered(spec: ModelSpec, place: Path) -> Ensemble:
    """A network of random weights as the champion of a new store."""
    os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{place}/mlflow.db"
    os.chdir(place)
    prepare_store()
    folder = place / MODEL_ARTIFACT
    save_member(build(spec, 0), folder, 0)
    save_spec(folder, spec, (0,), {})
    with mlflow.start_run():
        model_id = log_model(folder, {"role": "original"})
    client = mlflow.MlflowClient()
    client.create_registered_model(MODEL)
    client.create_model_version(MODEL, f"models:/{model_id}", model_id=model_id)
    client.set_registered_model_alias(MODEL, "champion", "1")
    return load_model(folder)


@contextmanager
def listening(port: int, *command: str) -> Iterator[str]:
    """A server, once it answers."""
    with Path("server.log").open("w", encoding="utf-8") as log:
        process = subprocess.Popen([*command, "--port", str(port)], stdout=log, stderr=log, start_new_session=True)
    try:
        while not answers(port):
            assert process.poll() is None, Path("server.log").read_text(encoding="utf-8")
            time.sleep(0.5)
        yield f"127.0.0.1:{port}"
    finally:
        os.killpg(process.pid, 9)
        process.wait()


def answers(port: int) -> bool:
    try:
        own = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        own.request("GET", "/ping")
        return own.getresponse().status == 200
    except OSError:
        return False


def load(where: str, pictures: list[bytes], raw: bool, count: int, clients: int, seconds: float) -> float:
    """Pictures a second."""
    rows = [[base64.b64encode(pictures[number % len(pictures)]).decode()] for number in range(count)]
    body = json.dumps({"dataframe_split": {"columns": ["image"], "data": rows}}).encode()
    body, kind = (pictures[0], "image/jpeg") if raw else (body, "application/json")
    done, until = [0] * clients, time.monotonic() + seconds

    def ask(number: int) -> None:
        own = http.client.HTTPConnection(where, timeout=600)
        while time.monotonic() < until:
            own.request("POST", "/invocations", body, {"Content-Type": kind})
            answer = own.getresponse()
            content = answer.read()
            assert answer.status == 200, content[:300]
            done[number] += count

    begun = time.monotonic()
    threads = [threading.Thread(target=ask, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(done) / (time.monotonic() - begun)


def bare(network: Ensemble, pixels: np.ndarray, count: int, seconds: float) -> float:
    """Pictures a second of the network alone, on batches of pixels."""
    batch = torch.from_numpy(np.resize(pixels, (count, *pixels.shape[1:]))).permute(0, 3, 1, 2)
    done, begun = 0, time.monotonic()
    while time.monotonic() < begun + seconds:
        network.predict(batch)
        done += count
    return done / (time.monotonic() - begun)


def together(network: Ensemble, pictures: list[bytes], side: int, count: int, seconds: float) -> float:
    """Pictures a second that are decoded and predicted in this process, two batches at once: more no server can do."""
    batch, until = [pictures[number % len(pictures)] for number in range(count)], time.monotonic() + seconds

    def work(_: int) -> int:
        done = 0
        while time.monotonic() < until:
            pixels = np.stack([decode(picture, side) for picture in batch])
            network.predict(torch.from_numpy(pixels).permute(0, 3, 1, 2))
            done += count
        return done

    begun = time.monotonic()
    with ThreadPoolExecutor(2) as pool:
        done = sum(pool.map(work, range(2)))
    return done / (time.monotonic() - begun)


@click.command()
@click.option("--arch", default="test_resnet", help="Backbone of timm.")
@click.option("--image_size", default=64, help="Side of the pictures, in pixels.")
@click.option("--seconds", default=10.0, help="Of each measurement.")
@click.option("--rounds", default=3, help="Measurements, of which the median is told.")
def main(arch, image_size, seconds, rounds):
    """Print a line for each server and kind of request."""
    folder = source_folder(DataSettings(drawn_faces=160))
    pictures = [path.read_bytes() for path in sorted(folder.glob("*.jpg"))[:32]]
    pixels = np.stack([decode(picture, image_size) for picture in pictures])
    with tempfile.TemporaryDirectory() as place:
        network = registered(ModelSpec(arch, image_size), Path(place))
        own = (sys.executable, "-m", "entrypoints.console", "serve")
        theirs = ("mlflow", "models", "serve", "-m", f"models:/{MODEL}@champion", "--env-manager", "local")
        for name, command, port in (("serve", own, 5301), ("mlflow models serve", theirs, 5302)):
            with listening(port, *command) as where:
                for (count, clients), raw in ((TOGETHER, False), (ALONE, False), *(((ALONE, True),) if command is own else ())):
                    load(where, pictures, raw, count, clients, 2)
                    measured = [
                        (
                            load(where, pictures, raw, count, clients, seconds),
                            bare(network, pixels, count, seconds / 2),
                            together(network, pictures, image_size, count, seconds / 2),
                        )
                        for _ in range(rounds)
                    ]
                    rate, alone, most = np.median(measured, axis=0)
                    share = np.median([answered / passes for answered, passes, _ in measured])
                    kind = "picture as it is" if raw else "JSON"
                    click.echo(
                        f"{name}, {count} in a request, {clients} clients, {kind}: {rate:.0f} pictures/s; "
                        f"the network on batches of {count}: {alone:.0f}; {share:.2f}; with decoding, no server: {most:.0f}"
                    )


if __name__ == "__main__":
    main()
