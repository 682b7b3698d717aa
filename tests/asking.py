"""A server of this process, asked over a real socket."""

import base64
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import pytest
import requests
import uvicorn

from made import drawn
from unlearning.server.application import Application
from unlearning.server.following import Following
from unlearning.server.http import server_of
from unlearning.server.limits import Limits
from unlearning.server.loaded import Loaded
from unlearning.server.numbers import Numbers
from waiting import wait_until

MODEL = "age-resnet50"
USUAL = Limits()


@dataclass(frozen=True)
class Asked:
    """A running server.

    Args:
        address: where it answers.
        following: the version that answers.
    """

    address: str
    following: Following

    def json(self, body, **more) -> requests.Response:
        return requests.post(f"{self.address}/invocations", json=body, timeout=60, **more)

    def send(self, body: bytes, kind: str | None) -> requests.Response:
        headers = {} if kind is None else {"Content-Type": kind}
        return requests.post(f"{self.address}/invocations", data=body, headers=headers, timeout=60)

    def numbers(self) -> dict[str, float]:
        lines = requests.get(f"{self.address}/metrics", timeout=60).text.splitlines()
        return {name: float(value) for name, _, value in (line.rpartition(" ") for line in lines if not line.startswith("#"))}


@contextmanager
def started(limits: Limits = USUAL, follow: str = "champion", beside: str = "", refresh: float = 600.0) -> Iterator[Asked]:
    """A server of the store that is open, which looks at the registry when it is told to."""

    def begun(name: str, numbers: Numbers, address: str) -> Following:
        one = Following(MODEL, name, partial(Loaded, limits=limits, numbers=numbers), numbers, refresh)
        one.begin(address)
        return one

    taken = socket.create_server(("127.0.0.1", 0))
    address, numbers = f"http://127.0.0.1:{taken.getsockname()[1]}", Numbers()
    following = begun(follow, numbers, address)
    other = begun(beside, Numbers(), f"{address} (beside)") if beside else None
    server: uvicorn.Server = server_of(Application(following, numbers, limits, other).asgi())
    thread = threading.Thread(target=server.run, args=([taken],))
    thread.start()
    try:
        wait_until(lambda: server.started)
        yield Asked(address, following)
    finally:
        server.should_exit = True
        thread.join()
        for one in filter(None, (following, other)):
            one.end()


@pytest.fixture(scope="module")
def asked(workplace, promoted_store) -> Iterator[Asked]:
    """A server of version 3 for tests that change nothing."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{promoted_store}")
        with started() as own:
            yield own


@pytest.fixture(scope="session")
def pictures(data) -> list[bytes]:
    return [path.read_bytes() for path in drawn()[:6]]


@pytest.fixture(scope="session")
def texts(pictures) -> list[str]:
    return [base64.b64encode(picture).decode() for picture in pictures]
