"""A tracking server of one's own, as docs/server.md sets it up: PostgreSQL and ``mlflow server`` with names and passwords.

Started once for the session by ``tools/server.sh``, in a temporary folder and on free ports, and stopped afterwards. Tests that
ask for it are skipped where PostgreSQL's programs are missing, and fail there when the environment variable
REQUIRE_POSTGRES is set, as .ci/run does.
"""

import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from places import ROOT
from postgres import free_port, skip_without_programs

SCRIPT = ROOT / "tools" / "server.sh"
ADMIN, PASSWORD = ("admin", "the-administrators-own")
READER, READING = ("reader", "reads-and-never-writes")


@dataclass(frozen=True)
class Server:
    """A running server.

    Args:
        folder: all that it keeps.
        port: of ``mlflow server`` on this machine.
        database_port: of PostgreSQL.
        pages_port: of the pages that it hands on, where a test starts them.
    """

    folder: Path
    port: int
    database_port: int
    pages_port: int

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def call(self, *words: str, **settings: str) -> subprocess.CompletedProcess:
        """``tools/server.sh WORDS``, with the environment's programs on the path and no MLflow setting of a test."""
        own = {key: value for key, value in os.environ.items() if not key.startswith("MLFLOW_")}
        own |= {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "SERVER_FOLDER": str(self.folder)}
        own |= {"SERVER_PORT": str(self.port), "SERVER_DATABASE_PORT": str(self.database_port), "SERVER_WORKERS": "1"}
        own |= {"MLFLOW_AUTH_ADMIN_PASSWORD": PASSWORD, "SERVER_DATABASE_OPTIONS": "-c fsync=off", "SERVER_PATIENCE": "900"}
        own |= {"SERVER_APP": "age-unlearning", "UNLEARNING_WEB": f"127.0.0.1:{self.pages_port}"}
        own |= {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
        return subprocess.run([SCRIPT, *words], env=own | settings, cwd="/", capture_output=True, text=True, check=False)

    def start(self) -> None:
        done = self.call("start")
        assert done.returncode == 0, done.stderr + self.log[-3000:]

    @property
    def log(self) -> str:
        path = self.folder / "mlflow.log"
        return path.read_text() if path.exists() else ""

    @property
    def group(self) -> int:
        return int((self.folder / "mlflow.pid").read_text())

    def ask(self, what: str, **content: str) -> None:
        """The administrator's request to the server's accounts."""
        answer = requests.post(f"{self.address}/api/{what}", json=content, auth=(ADMIN, PASSWORD), timeout=60)
        assert answer.ok, answer.text

    def add_user(self, name: str, password: str) -> None:
        """Somebody new, who may read."""
        self.ask("2.0/mlflow/users/create", username=name, password=password)

    def grant(self, name: str, kind: str, key: str, right: str) -> None:
        """The user has this right from now on, on an experiment or a registered model."""
        own = {"resource_type": kind, "resource_id": key, "permission": right}
        self.ask("3.0/mlflow/users/permissions/grant", username=name, **own)

    def kill(self) -> None:
        """As the kernel does when memory runs out: ``mlflow server`` is gone at once, PostgreSQL stays."""
        os.killpg(self.group, 9)

    @contextmanager
    def full_disk(self, most: int) -> Iterator[None]:
        """No file that the server writes may become larger than ``most`` bytes."""
        processes = [int(path.name) for path in Path("/proc").glob("[0-9]*") if _group(path) == self.group]
        _, hard = resource.prlimit(self.group, resource.RLIMIT_FSIZE)
        for process in processes:
            resource.prlimit(process, resource.RLIMIT_FSIZE, (most, hard))
        try:
            yield
        finally:
            for process in processes:
                resource.prlimit(process, resource.RLIMIT_FSIZE, (hard, hard))


def _group(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(") ")[2].split()[2])
    except (FileNotFoundError, ProcessLookupError):
        return 0


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """A server for the session, with a user who may read only."""
    skip_without_programs()
    folder = Path(tempfile.mkdtemp(prefix="server-"))
    folder.chmod(0o755)
    own = Server(folder, free_port(), free_port(), free_port())
    try:
        own.start()
        own.add_user(READER, READING)
        yield own
    finally:
        own.call("stop")
        shutil.rmtree(folder)


def as_user(patch: pytest.MonkeyPatch, address: str, name: str, password: str) -> None:
    """From now on this process is a client of the server."""
    patch.setenv("MLFLOW_TRACKING_URI", address)
    patch.setenv("MLFLOW_TRACKING_USERNAME", name)
    patch.setenv("MLFLOW_TRACKING_PASSWORD", password)


@contextmanager
def listening(folder: Path, asked: str, *words: str, program: str = "mlflow", **settings: str) -> Iterator[str]:
    """``mlflow WORDS --port ...``, or those of another ``program``, as a user starts it in a folder; yields its address.

    It has these settings alone, and is waited for until it answers at the path ``asked``.
    """
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    own = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "PYTHON"))}
    own["PATH"] = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    own |= settings
    command = [program, *words, "--port", str(port)]
    with (folder / "listening.txt").open("w") as log:
        process = subprocess.Popen(command, env=own, stdout=log, stderr=log, cwd=folder, start_new_session=True)
    try:
        until = time.monotonic() + 300
        while not _answers(f"{address}/{asked}"):
            assert process.poll() is None, (folder / "listening.txt").read_text()
            assert time.monotonic() < until, (folder / "listening.txt").read_text()
            time.sleep(0.5)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).ok
    except (requests.ConnectionError, requests.Timeout):
        return False


class Wire:
    """A port before a server's: it hands everything on, later if asked to, and counts the connections it was asked for."""

    def __init__(self, to: int, delay: float = 0.0):
        self.to, self.delay, self.asked = to, delay, 0
        self._open = [socket.create_server(("127.0.0.1", 0))]
        self.address = f"http://127.0.0.1:{self._open[0].getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._open[0].accept()
                far = socket.create_connection(("127.0.0.1", self.to))
                self._open += [client, far]
                threading.Thread(target=self._hand_on, args=(client, far, self.delay), daemon=True).start()
                threading.Thread(target=self._hand_on, args=(far, client, 0.0), daemon=True).start()

    def _hand_on(self, source: socket.socket, target: socket.socket, delay: float) -> None:
        with suppress(OSError):
            while data := source.recv(1 << 16):
                if delay and data.startswith((b"GET ", b"POST ", b"PUT ", b"PATCH ", b"DELETE ")):
                    self.asked += 1
                    time.sleep(delay)
                target.sendall(data)
        for end in (source, target):
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        """Nobody is connected any more, and nobody gets through."""
        for one in self._open:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()


@contextmanager
def wire(to: int, delay: float = 0.0) -> Iterator[Wire]:
    """A ``Wire`` for a while."""
    own = Wire(to, delay)
    try:
        yield own
    finally:
        own.cut()
