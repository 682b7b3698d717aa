"""A server that follows the champion, and clients who ask it all the time: no request may fail, whatever the registry does."""

import base64
import http.client
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path

from telling import Surprise, free_port, wait_for

CLIENTS = 16
REFRESH = 1.0  # seconds between two looks at the registry
PAUSE = 0.5  # seconds between two requests of a client: what else is played needs the cores too
PIECE = 64  # bytes of weights that are looked for in a process's memory


class Live:
    """``age-unlearning serve`` beside a story.

    Args:
        environment: of the server's process.
        folder: where it works; its log is ``live.log`` there.
        root: of the project.
        picture: what the clients send.
    """

    def __init__(self, environment: dict[str, str], folder: Path, root: Path, picture: bytes):
        self.port = free_port()
        self.log, self.heard = folder / "live.log", []
        command = [sys.executable, "-m", "entrypoints.console", "serve", "--port", str(self.port), "--refresh", str(REFRESH)]
        own = environment | {"PYTHONPATH": f"{root / 'src'}:{root}"}
        with self.log.open("w", encoding="utf-8") as log:
            self.process = subprocess.Popen(command, env=own, cwd=folder, stdout=log, stderr=log)
        body = {"dataframe_records": [{"image": base64.b64encode(picture).decode()}], "params": {"tell_version": True}}
        self._body, self._ended = json.dumps(body), threading.Event()
        self._clients = [threading.Thread(target=self._ask, daemon=True) for _ in range(CLIENTS)]

    def begin(self) -> None:
        """Wait until it answers, and ask from then on."""
        wait_for(f"http://127.0.0.1:{self.port}/ping", self.process, self.log)
        for client in self._clients:
            client.start()

    def _ask(self) -> None:
        own = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        while not self._ended.wait(PAUSE):
            try:
                own.request("POST", "/invocations", self._body, {"Content-Type": "application/json"})
                answer = own.getresponse()
                content = json.loads(answer.read())
            except OSError as error:
                self.heard.append((type(error).__name__, ""))
                return
            told = content["predictions"][0]["version"] if answer.status == 200 else content["message"]
            self.heard.append((answer.status, told))
        own.close()

    def follows(self, version: str, seconds: float = 60.0) -> bool:
        """Does it answer with a version, now or soon?"""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if self.heard and self.heard[-1] == (200, version):
                return True
            time.sleep(0.1)
        return False

    def said(self) -> Counter:
        """How often each status and version was heard."""
        return Counter(self.heard)

    def switches(self) -> list[str]:
        """The log's lines about switches."""
        return [line for line in self.log.read_text(encoding="utf-8").splitlines() if '"switched"' in line]

    def end(self) -> None:
        """Clients first, then the server."""
        self._ended.set()
        for client in self._clients:
            client.join()
        self.process.terminate()
        if self.process.wait(60) != 143:
            raise Surprise(self.log.read_text(encoding="utf-8"))


def pieces(weights: Path) -> list[bytes]:
    """Some bytes of each large tensor of a file of weights."""
    from safetensors import safe_open

    with safe_open(weights, "np") as file:
        tensors = [file.get_tensor(name).tobytes() for name in file.keys()]  # noqa: SIM118 - it is no dictionary
    found = [data[len(data) // 2 :][:PIECE] for data in tensors if len(data) >= 16 * PIECE]
    return [piece for piece in found if len(set(piece)) > PIECE // 4]


def in_memory(process: int, wanted: list[bytes]) -> int:
    """How many of these pieces a process has in its memory, whatever for."""
    left = set(wanted)
    maps = Path(f"/proc/{process}/maps").read_text(encoding="utf-8").splitlines()
    with Path(f"/proc/{process}/mem").open("rb", buffering=0) as memory:
        for line in maps:
            span, rights, *_ = line.split()
            if not rights.startswith("r") or "[v" in line:
                continue
            begin, end = (int(place, 16) for place in span.split("-"))
            try:
                content = os.pread(memory.fileno(), end - begin, begin)
            except OSError:
                continue  # a page that cannot be read holds nothing
            left -= {piece for piece in left if piece in content}
    return len(wanted) - len(left)
