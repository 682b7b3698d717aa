"""How the story is played and told: real commands, what they said and how long they took, and a page of it.

Whoever tells a story of faces names none: paths become relative, and a page that holds the name or the id of a picture is
refused.
"""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOISE = re.compile(r"^\s*$|^\d{4}/\d\d/\d\d \d\d:\d\d:\d\d (INFO|ERROR) |Warning: |^\s+warn|^Killed$")
EPOCH = re.compile(r"epoch (\d+)/(\d+) ")
PATIENCE = 1800


class Surprise(Exception):  # noqa: N818 - that is what it is
    """Something did not come out as the story has it."""


@dataclass
class Stage:
    """Where the story is played.

    Args:
        out: a folder for everything that is made, faces included.
        store: URI of the tracking store.
        faces: the folder of faces; empty for drawn ones.
        warm: a process of tools/warm.py that plays the entry points; None for none but ``mlflow run``.
        once: entry points that are played by ``mlflow run`` once, and by ``warm`` from then on.
        blocks: what the page is made of so far.
        secrets: words that no page may hold.
    """

    out: Path
    store: str
    faces: str = ""
    warm: subprocess.Popen | None = None
    once: set[str] = field(default_factory=set)
    blocks: list[dict] = field(default_factory=list)
    secrets: set[str] = field(default_factory=set)

    @property
    def environment(self) -> dict[str, str]:
        """That of a user with a key, a store and a cache of the story's own, and no other setting of MLflow or Python."""
        own = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "PYTHON", "UNLEARNING_"))}
        own |= {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "MLFLOW_TRACKING_URI": self.store}
        own |= {"MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false"}
        return own | {"UNLEARNING_CACHE": str(self.out / "cache"), "UNLEARNING_SIGNING_KEY": str(self.out / "signing-key.pem")}

    def warm_up(self) -> None:
        """From now on entry points are forked from one process that has imported everything; it ends with this one."""
        paths = f"{ROOT / 'src'}:{ROOT}"
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        command = [sys.executable, str(ROOT / "tools" / "warm.py")]
        self.warm = subprocess.Popen(command, env=self.environment | {"PYTHONPATH": paths}, cwd=self.out, **pipes)

    def tell(self, text: str) -> None:
        """A paragraph, or a heading."""
        print(f"\n{text}\n", flush=True)
        self.blocks.append({"text": text})

    def show(self, text: str) -> None:
        """A table."""
        print(text, flush=True)
        self.blocks.append({"table": self.public(text)})

    def run(self, entry: str, *says: str, fails: bool = False, **parameters: object) -> str:
        """``mlflow run`` as a user types it; what it said has to hold every phrase."""
        if self.warm and entry not in self.once:
            return self.call(entry, *says, fails=fails, **parameters)
        self.once.discard(entry)
        return self.play(self._mlflow(entry, parameters), *says, fails=fails)

    def call(self, entry: str, *says: str, fails: bool = False, **options: object) -> str:
        """The entry point without ``mlflow run``: it leaves no run of its own, and is sooner there."""
        command = self._python(entry, options)
        if self.warm:
            return self._ended(command, *self._forked(command), says, fails)
        return self.play(command, *says, fails=fails, PYTHONPATH=str(ROOT / "src"))

    def play(self, command: list[str], *says: str, fails: bool = False, **variables: str) -> str:
        """Any command; it has to end as it should, and to say what it should."""
        where, begun = ROOT if "PYTHONPATH" in variables else self.out, time.monotonic()
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "timeout": PATIENCE}
        done = subprocess.run(command, cwd=where, env=self.environment | variables, check=False, **streams)
        return self._ended(command, done.stdout, done.returncode, time.monotonic() - begun, says, fails)

    def _ended(self, command: list[str], said: str, status: int, seconds: float, says: tuple[str, ...], fails: bool) -> str:
        shown = self._record(command, said, seconds)
        if (status != 0) != fails:
            raise Surprise(f"{shown} ended with {status}:\n{said}")
        expect(said, *says)
        return said

    def _forked(self, command: list[str], kill_when: str = "") -> tuple[str, int, float]:
        """What a warm entry point said, its exit status and its seconds; killed as soon as it has said something."""
        begun, said = time.monotonic(), self.out / "said.txt"
        said.write_text("", encoding="utf-8")
        entry, words = command[2].removeprefix("entrypoints."), command[3:]
        job = {"entry": entry, "words": words, "environment": self.environment, "folder": str(self.out), "said": str(said)}
        self.warm.stdin.write(json.dumps(job) + "\n")
        self.warm.stdin.flush()
        child = int(self.warm.stdout.readline())
        while kill_when and kill_when not in said.read_text(encoding="utf-8") and Path(f"/proc/{child}").exists():
            time.sleep(0.02)
        if kill_when and Path(f"/proc/{child}").exists():
            os.kill(child, signal.SIGKILL)
        status = int(self.warm.stdout.readline())
        return said.read_text(encoding="utf-8"), status, time.monotonic() - begun

    def killed(self, entry: str, when: str, **parameters: object) -> str:
        """``mlflow run`` that is killed, with all its processes, as soon as it has said something; as by a power cut."""
        if self.warm:
            command = self._python(entry, parameters)
            text, status, seconds = self._forked(command, when)
        else:
            command = self._mlflow(entry, parameters)
            text, status, seconds = self._cut(command, when)
        shown = self._record(command, f"{text}(killed by kill -9)\n", seconds)
        if status != -signal.SIGKILL:
            raise Surprise(f"{shown} was not killed, but ended with {status}:\n{text}")
        return text

    def _cut(self, command: list[str], when: str) -> tuple[str, int, float]:
        begun, said = time.monotonic(), []
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True, "start_new_session": True}
        with subprocess.Popen(command, cwd=self.out, env=self.environment, **streams) as process:
            for line in process.stdout:
                said.append(line)
                if when in line:
                    os.killpg(process.pid, signal.SIGKILL)
        return "".join(said), process.returncode, time.monotonic() - begun

    @contextmanager
    def served(self, model: str):
        """``mlflow models serve``; yields the address of its answers."""
        port = free_port()
        command = ["mlflow", "models", "serve", "-m", model, "--env-manager", "local", "-p", str(port)]
        begun, log = time.monotonic(), self.out / "serve.log"
        with log.open("w", encoding="utf-8") as file:
            streams = {"stdout": file, "stderr": file, "start_new_session": True}
            server = subprocess.Popen(command, cwd=self.out, env=self.environment, **streams)
        try:
            wait_for(f"http://127.0.0.1:{port}/ping", server, log)
            self._record(command, "", time.monotonic() - begun)
            yield f"http://127.0.0.1:{port}/invocations"
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait(60)

    def _python(self, entry: str, options: dict[str, object]) -> list[str]:
        words = [part for name, value in options.items() for part in (f"--{name}", str(value))]
        return [sys.executable, "-m", f"entrypoints.{entry}", *words]

    def _mlflow(self, entry: str, parameters: dict[str, object]) -> list[str]:
        given = [part for name, value in parameters.items() for part in ("-P", f"{name}={value}")]
        return ["mlflow", "run", str(ROOT), "-e", entry, "--env-manager", "local", *given]

    def _record(self, command: list[str], said: str, seconds: float) -> str:
        """Keep what was typed and said; returns the command as it is told."""
        shown = self.public(shlex.join(command).replace(sys.executable, "python")).replace(" --env-manager local", "")
        shown = shown.replace("python -m entrypoints", "PYTHONPATH=src python -m entrypoints")
        print(f"$ {shown}\n{said}({seconds:.1f} seconds)", flush=True)
        self.blocks.append({"command": shown, "said": self.public(said), "seconds": round(seconds, 1)})
        return shown

    def public(self, text: str) -> str:
        """Without the paths of this machine."""
        places = {
            f"{self.out}/": "",
            str(self.out): ".",
            f"{ROOT}/": "",
            str(ROOT): ".",
            self.faces: "faces",
            sys.prefix: ".venv",
        }
        for place, word in places.items():
            text = text.replace(place, word) if place else text
        return text

    def write(self, title: str) -> None:
        """``story.md`` and ``story.json``; Surprise when they would name a picture."""
        page = "\n\n".join([f"# {title}", *map(_markdown, self.blocks)]) + "\n"
        content = json.dumps(self.blocks, indent=1)
        told = [secret for secret in self.secrets if secret in page + content]
        if told:
            raise Surprise(f"the page would tell {len(told)} names, ids or keys that it must not, as {told[0][:9]}...")
        (self.out / "story.md").write_text(page, encoding="utf-8")
        (self.out / "story.json").write_text(content + "\n", encoding="utf-8")


def free_port() -> int:
    """One of this machine that nobody listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(address: str, server: subprocess.Popen, log: Path) -> None:
    """Surprise when the server does not come up within ten minutes."""
    until = time.monotonic() + 600
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=5):
                return
        except (urllib.error.URLError, TimeoutError, ConnectionError):
            time.sleep(0.5)
    raise Surprise(log.read_text(encoding="utf-8"))


def post(address: str, body: dict) -> dict:
    """The answer to a request in JSON."""
    request = urllib.request.Request(address, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=300) as answer:
        return json.load(answer)


def expect(said: str, *phrases: str) -> None:
    """Surprise when a phrase is missing."""
    for phrase in phrases:
        if phrase not in said:
            raise Surprise(f"{phrase!r} was to be said, and this was:\n{said}")


def expect_same(what: str, found: object, wanted: object) -> None:
    """Surprise when two things differ."""
    if found != wanted:
        raise Surprise(f"{what}: {found!r} instead of {wanted!r}")


def _markdown(block: dict) -> str:
    if "command" in block:
        lines = [line.rstrip() for line in block["said"].splitlines() if _telling(line)]
        return "\n".join(["```", f"$ {block['command']}", *lines, f"({block['seconds']:.0f} seconds)", "```"])
    if "picture" in block:
        name, alt = block["picture"], block["alt"]
        dark = f'<source media="(prefers-color-scheme: dark)" srcset="images/{name}-dark.svg">'
        return f'<picture>{dark}<img alt="{alt}" src="images/{name}-light.svg"></picture>'
    return block.get("text") or block["table"]


def _telling(line: str) -> bool:
    """Neither MLflow's own notes nor an epoch that is not the last one."""
    epoch = EPOCH.search(line)
    return not NOISE.search(line) and (epoch is None or epoch[1] == epoch[2])
