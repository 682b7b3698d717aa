"""Which process this is, and whether another one still lives, as far as this machine can know."""

import getpass
import os
import socket
from contextlib import suppress
from functools import cache
from pathlib import Path

HIDDEN = "hidden"


def owner() -> str:
    """User, machine and process, for people."""
    return f"{getpass.getuser()} on {socket.gethostname()} (process {os.getpid()})"


def identity(pid: int = 0) -> str:
    """``PLACE PID START``: a process id means something in its place only, and is given again after its process has ended.

    ``pid``: of another process of this machine; 0 for this one.
    """
    pid = pid or os.getpid()
    return f"{place()} {pid} {_start(pid)}"


def is_gone(process: str) -> bool:
    """Is the process of an ``identity`` certainly at its end? Of other places nothing is certain."""
    parts = process.split(" ")
    if len(parts) != 3 or parts[0] != place() or not parts[1].isdecimal():
        return False
    return _start(int(parts[1])) not in (HIDDEN, parts[2])


@cache
def place() -> str:
    """This boot of this machine and, within it, the space that process ids are given in: containers have their own."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    if not boot.exists():
        return socket.gethostname().replace(" ", "_")
    return f"{boot.read_text(encoding='utf-8').strip()}/{Path('/proc/self/ns/pid').readlink()}"


def _start(pid: int) -> str:
    """When a process began, in the kernel's ticks; ``ended`` for none or one that only waits to be buried.

    Where there is no /proc: ``runs`` for one that lives; ``hidden`` for another user's that /proc does not show.
    """
    if Path("/proc/self/stat").exists():
        try:
            state, *rest = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return HIDDEN if _lives(pid) else "ended"
        return "ended" if state in "ZX" else rest[18]
    return "runs" if _lives(pid) else "ended"


def _lives(pid: int) -> bool:
    try:
        with suppress(PermissionError):  # it is another user's
            os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
