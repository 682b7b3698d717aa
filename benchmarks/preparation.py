"""Seconds to prepare a folder the first time and again, in one run, with a cache of its own.

PYTHONPATH=src python benchmarks/preparation.py --data_dir FOLDER
"""

from __future__ import annotations

import os
import tempfile
import time

import click

from unlearning.data.folder import CACHE_VARIABLE
from unlearning.data.manifest import prepare
from unlearning.data.settings import DataSettings


@click.command()
@click.option("--data_dir", required=True, help="Folder of UTKFace-named pictures.")
@click.option("--image_size", default=64, help="Side of the stored pictures, in pixels.")
def main(data_dir: str, image_size: int):
    """Print both times."""
    with tempfile.TemporaryDirectory() as cache:
        os.environ[CACHE_VARIABLE] = cache
        for title in ("first time", "again"):
            start = time.perf_counter()
            data = prepare(DataSettings(data_dir), image_size, lambda items, count, title: items)
            took = time.perf_counter() - start
            print(f"{title}: {len(data.manifest) + len(data.rejected)} files in {took:.2f} s, data {data.digest}")


if __name__ == "__main__":
    main()
