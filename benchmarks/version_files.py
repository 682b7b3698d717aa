"""What goes with a version: how many files, and how long logging it takes, with all sources and with those served.

    PYTHONPATH=src python benchmarks/version_files.py --rounds 3

Each round logs one ``test_resnet`` of 32 pixels both ways into a store in a temporary folder; the first, which imports, is not
measured.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from time import perf_counter
from unittest.mock import patch

import click
import mlflow

from unlearning.markdown import table
from unlearning.models.build import build
from unlearning.models.ensemble import save_member, save_spec
from unlearning.models.spec import ModelSpec
from unlearning.registry import logged_models
from unlearning.registry.served_code import PACKAGE, copy_served

WAYS = {"all sources": lambda folder: PACKAGE, "those served": copy_served}


@click.command()
@click.option("--rounds", default=3)
def main(rounds: int) -> None:
    with tempfile.TemporaryDirectory() as place:
        os.environ |= {"MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false"}
        os.chdir(place)
        mlflow.set_tracking_uri(f"sqlite:///{place}/mlflow.db")
        folder, spec = Path(place) / "age_model", ModelSpec("test_resnet", 32)
        save_member(build(spec, 0), folder, 0)
        save_spec(folder, spec, (0,), {})
        rows = [[way, *_logged(folder, WAYS[way])] for _ in range(rounds + 1) for way in WAYS][len(WAYS) :]
    print(table(("with", "seconds", "files", "kB of code"), rows))


def _logged(folder: Path, copy) -> list[str]:
    with patch.object(logged_models, "copy_served", copy), mlflow.start_run():
        begun = perf_counter()
        model_id = logged_models.log_model(folder, {"role": "original"})
        seconds = perf_counter() - begun
    files = [path for path in Path(mlflow.artifacts.download_artifacts(f"models:/{model_id}")).rglob("*") if path.is_file()]
    code = sum(path.stat().st_size for path in files if "code" in path.parts)
    return [f"{seconds:.2f}", str(len(files)), f"{code / 1000:.0f}"]


if __name__ == "__main__":
    main()
