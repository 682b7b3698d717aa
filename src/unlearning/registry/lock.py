"""A lock that works on every store: creating a registered model of a fixed name has exactly one winner.

The entry says whose it is and until when. A lock that was left behind - its process is gone, or, on another machine, its time
is over - is never deleted by those who wait for it: one of them could be deleting somebody's fresh lock. It is succeeded, by
creating ``NAME-after-TOKEN``, whose name holds the token of the lock that it follows; so that has one winner too, and whoever
comes late with an old token finds that the line of locks does not end with him. The owner at its end deletes the whole line,
oldest first. Machines that share a store must have clocks that agree within half of HELD_SECONDS.
"""

import random
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import mlflow
from mlflow.exceptions import MlflowException

from unlearning.errors import InputError
from unlearning.registry.version import as_number
from unlearning.tracking import processes
from unlearning.tracking.answers import or_none
from unlearning.tracking.paging import every

HELD_SECONDS = 120.0
WAIT_SECONDS = 240.0
PAUSES = (0.1, 0.4)
AGAIN = ("RESOURCE_ALREADY_EXISTS", "RESOURCE_DOES_NOT_EXIST", "TEMPORARILY_UNAVAILABLE")
GONE = "RESOURCE_DOES_NOT_EXIST"
AFTER = "-after-"
OWNER, TOKEN, PROCESS, EXPIRES = "owner", "token", "process", "expires"
DESCRIPTION = "Somebody is writing; this entry goes by itself."


class LockLostError(InputError):
    """The time of a lock ran out, so somebody else may be writing by now."""


@dataclass(frozen=True)
class Entry:
    """One lock of a line.

    Args:
        base: name of the line's first entry.
        token: made anew for every lock.
        owner: for people; ``process`` is for programs: see ``processes.identity``.
        expires: seconds since 1970.
    """

    base: str
    name: str
    token: str
    owner: str
    process: str
    expires: float

    @property
    def is_left(self) -> bool:
        """Is nobody behind it any more?"""
        return self.expires < time.time() or processes.is_gone(self.process)

    @property
    def successor(self) -> str:
        """The only name under which it can be followed."""
        return f"{self.base}{AFTER}{self.token}"


class Lock:
    """The lock as its owner holds it: it beats, so that it lasts as long as its process works."""

    def __init__(self, own: Entry, line: list[str]):
        self.own, self.line, self.expires = own, line, own.expires
        self._ended = threading.Event()
        self._beating = threading.Thread(target=self._beat, daemon=True)
        self._beating.start()

    def confirm(self) -> None:
        """LockLostError when the lock could be somebody else's by now."""
        if self.expires < time.time():
            raise LockLostError(
                f"the lock {self.own.name} ran out while this process stood still: somebody else may be writing; type the same "
                f"command again"
            )

    def _beat(self) -> None:
        while not self._ended.wait(HELD_SECONDS / 4):
            until = time.time() + HELD_SECONDS
            if self.expires < time.time():
                return
            with suppress(MlflowException):
                mlflow.MlflowClient().set_registered_model_tag(self.own.name, EXPIRES, f"{until:.0f}")
                self.expires = until

    def release(self) -> None:
        """Delete the line, oldest first, unless the lock has run out and is followed by another.

        A store that does not answer any more keeps it until this process has ended: what was done under it is done.
        """
        self._ended.set()
        self._beating.join()
        with suppress(MlflowException):
            self._delete_line(mlflow.MlflowClient())

    def _delete_line(self, client: mlflow.MlflowClient) -> None:
        if self.expires < time.time() + HELD_SECONDS / 4:
            closing = _entry(self.own.base, self.own.successor)
            if not _try_create(client, closing):
                return
            self.line.append(closing.name)
        for name in self.line:
            _delete(client, name)


@contextmanager
def registry_lock(model: str) -> Iterator[Lock]:
    """Hold the lock of a registered model; InputError when somebody else keeps it for too long."""
    lock = _acquire(f"{model}.lock")
    try:
        yield lock
    finally:
        lock.release()


def owner_of(model: str) -> str:
    """Who holds the lock of a registered model; empty when nobody does who lives."""
    line = _line(mlflow.MlflowClient(), f"{model}.lock")
    return "" if not line or line[-1].is_left else line[-1].owner


def clear_leftovers(lock: Lock) -> None:
    """Under the lock: delete what processes left behind that died while they released one."""
    client = mlflow.MlflowClient()
    start = f"{lock.own.base}{AFTER}"
    for left in every(client.search_registered_models, f"name LIKE '{start}%'"):
        if left.name.startswith(start) and left.name not in lock.line:
            _delete(client, left.name)


def _acquire(base: str) -> Lock:
    client, until = mlflow.MlflowClient(), time.time() + WAIT_SECONDS
    while True:
        line = _line(client, base)
        last = line[-1] if line else None
        if last is None or last.is_left:
            own = _entry(base, last.successor if last else base)
            if _try_create(client, own):
                if last is None or own.token in [entry.token for entry in _line(client, base)[-1:]]:
                    return Lock(own, [*(entry.name for entry in line), own.name])
                _delete(client, own.name)
        if time.time() > until:
            raise InputError(_waited_for(base, last))
        time.sleep(random.uniform(*PAUSES))


def _waited_for(base: str, last: Entry | None) -> str:
    """Why nobody waits any longer, in a sentence."""
    if last is None or last.is_left:
        return f"the lock {base} could not be taken for {WAIT_SECONDS:.0f} seconds, although nobody holds it: try again later"
    return (
        f"{last.owner} holds the lock {base} and has for {WAIT_SECONDS:.0f} seconds; when that process has ended, its "
        f"lock ends by itself in at most {HELD_SECONDS:.0f} seconds: try again later"
    )


def _entry(base: str, name: str) -> Entry:
    return Entry(base, name, uuid.uuid4().hex[:12], processes.owner(), processes.identity(), time.time() + HELD_SECONDS)


def _line(client: mlflow.MlflowClient, base: str) -> list[Entry]:
    """The lock and those that follow it, oldest first."""
    line, name = [], base
    while entry := _read(client, base, name):
        line.append(entry)
        name = entry.successor
    return line


def _try_create(client: mlflow.MlflowClient, entry: Entry) -> bool:
    tags = {OWNER: entry.owner, TOKEN: entry.token, PROCESS: entry.process, EXPIRES: f"{entry.expires:.0f}"}
    try:
        client.create_registered_model(entry.name, tags=tags, description=DESCRIPTION)
    except MlflowException as error:
        if error.error_code in AGAIN:
            return False
        raise
    return True


def _read(client: mlflow.MlflowClient, base: str, name: str) -> Entry | None:
    found = or_none(client.get_registered_model, name)
    if found is None:
        return None
    tags = found.tags
    expires = max(0.0, as_number(tags.get(EXPIRES, "")))
    return Entry(base, name, tags.get(TOKEN, "none"), tags.get(OWNER, "somebody"), tags.get(PROCESS, ""), expires)


def _delete(client: mlflow.MlflowClient, name: str) -> None:
    """Delete a lock; on a server, one that another user left may stay, and is followed again by whoever comes next."""
    try:
        client.delete_registered_model(name)
    except MlflowException as error:
        if error.error_code not in (GONE, "PERMISSION_DENIED"):
            raise
