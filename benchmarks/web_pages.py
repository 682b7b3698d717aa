"""How long a reader waits for a page at many versions and requests: median and 95th percentile, in milliseconds.

    PYTHONPATH=src:. python benchmarks/web_pages.py --versions 1000

The store is that of ``status_scale.py``, in SQLite, with requests beside it; the pages answer in this process, over a
real socket. The first look at the registry after a transition is told apart: it reads all versions.
"""

from __future__ import annotations

import os
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

import click
import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent))
from status_scale import MODEL, fill

from unlearning.data.forget import ForgetSet
from unlearning.requests import store as requests
from unlearning.requests.states import GATED, REFUSED, RUNNING
from unlearning.server.http import server_of
from unlearning.steps.serve import listening
from unlearning.tracking.store import prepare_store
from unlearning.web.application import Application


def ask(address: str) -> float:
    """Milliseconds until a page is there."""
    begun = time.perf_counter()
    with urllib.request.urlopen(address, timeout=60) as answer:
        answer.read()
    return 1000 * (time.perf_counter() - begun)


def file_requests(count: int) -> str:
    """Some requests, the last of which is open; its id."""
    for number in range(count):
        forget = ForgetSet(f"{number:010x}", f"file:person-{number:04d}.csv", "0123456789abcdef", (f"{number:032x}",))
        one = requests.create(MODEL, forget.sha256, forget, "Art. 17", None, "received")
        for state in (RUNNING, GATED, REFUSED) if number < count - 1 else ():
            one = requests.change_state(one, state, "as a benchmark has it", version="1")
    return one.run_id


@click.command()
@click.option("--versions", "count", default=1000, help="How many versions.")
@click.option("--requests", "filed", default=40, help="How many requests.")
@click.option("--times", default=60, help="How often each page is asked for.")
def main(count: int, filed: int, times: int):
    """Print a line a page."""
    with tempfile.TemporaryDirectory() as place, listening("127.0.0.1", 0) as taken:
        os.environ["MLFLOW_TRACKING_URI"] = f"sqlite:///{place}/mlflow.db"
        os.chdir(place)
        prepare_store()
        fill(count)
        one = file_requests(filed)
        server = server_of(Application(MODEL, ["127.0.0.1"]).asgi())
        thread = threading.Thread(target=server.run, args=([taken],), daemon=True)
        thread.start()
        address = f"http://127.0.0.1:{taken.getsockname()[1]}"
        for path in ("/", "/versions"):
            print(f"{path:<24} first look {ask(address + path):6.0f} ms", flush=True)
        for path in ("/", f"/requests/{one}", "/requests/new", f"/versions/{count // 2}", "/versions"):
            taken_ms = [ask(address + path) for _ in range(times)]
            median, high = np.percentile(taken_ms, (50, 95))
            print(f"{path[:24]:<24} median {median:6.0f} ms   95th percentile {high:6.0f} ms", flush=True)
        server.should_exit = True
        thread.join()


if __name__ == "__main__":
    main()
