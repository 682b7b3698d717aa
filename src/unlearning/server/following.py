"""Which version answers: the one that an alias leads to, also after it was moved."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Event, Lock, Thread

from unlearning.errors import InputError
from unlearning.registry import lookup, servers
from unlearning.registry.version import GONE, Version
from unlearning.server.limits import RefusedError
from unlearning.server.loaded import Loaded
from unlearning.server.numbers import Numbers
from unlearning.tracking.answers import first_line, impatience, refused_in_words, store_errors

LEAST = 0.5  # seconds between two looks, however often somebody asks for one


def tell(event: str, **more: object) -> None:
    """One line of the log, which is standard output, as JSON."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    print(json.dumps({"time": now, "event": event} | more), flush=True)


class Following:
    """The version that answers now, and the thread that looks whether another one should.

    Args:
        model: registered model.
        follow: an alias, which is followed, or a version's number.
        open_version: loads one.
        numbers: of the server.
        refresh: seconds between two looks at the registry.
    """

    def __init__(self, model: str, follow: str, open_version: Callable[[Version], Loaded], numbers: Numbers, refresh: float):
        self._model, self.follow, self._open, self._numbers = model, follow, open_version, numbers
        self._refresh, self._lock, self._users = refresh, Lock(), dict[Loaded, int]()
        self._wake, self._ended = Event(), Event()
        self._thread = Thread(target=self._work, name="following", daemon=True)
        self._heart: servers.Heart | None = None
        self._refused = 0  # the number of a version whose files are damaged: it is not opened at every look
        self.current: Loaded | None = None
        self.trouble = ""

    @contextmanager
    def held(self) -> Iterator[Loaded]:
        """The version that answers, for one request: it is not given up meanwhile.

        Raises:
            RefusedError: none is served.
        """
        with self._lock:
            if self.current is None:
                raise RefusedError(503, "unserved", f"no version of {self._model} is served now: {self.trouble}")
            one = self.current
            self._users[one] += 1
        try:
            yield one
        finally:
            with self._lock:
                self._users[one] -= 1
            self._give_up_old()

    def begin(self, address: str) -> None:
        """Load the version, tell the registry, and look again and again from now on.

        Raises:
            InputError: there is no such version, or it cannot be opened.
        """
        version = lookup.find(self._model, self.follow)
        self._model = version.model
        if self.follow not in (*version.aliases, str(version.number)):  # a model URI names the version itself, or its alias
            self.follow = next((alias for alias in version.aliases if self.follow.endswith(f"@{alias}")), str(version.number))
        self._switch(self._open(version))
        try:
            with refused_in_words("read, and write no run", f"ask who runs it for the right EDIT on {servers.EXPERIMENT}"):
                self._heart = servers.Heart(self._model, self.follow, address, self._refresh)
        except InputError as error:
            tell("unknown to the registry", reason=str(error))
        self._tell_registry()
        self._thread.start()

    def look_now(self) -> None:
        """Look at the registry without waiting for the next time."""
        self._wake.set()

    def end(self) -> None:
        """The server stops: the registry is told, and nothing is kept of the weights."""
        self._ended.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()
        self._switch(None)
        try:
            if self._heart:
                self._heart.stop()
        except store_errors() as error:
            tell("the registry was not told of the end", reason=first_line(error))

    def _work(self) -> None:
        while not self._ended.wait(LEAST):
            self._wake.wait(self._refresh)
            self._wake.clear()
            if not self._ended.is_set():
                self.look()

    def look(self) -> None:
        """Switch if another version should answer; whatever hinders that is told, and what is served stays."""
        before = self.trouble
        try:
            with impatience():
                self.trouble = self._look()
                self._tell_registry()
        except Exception as error:  # noqa: BLE001 - whatever it is, what is served stays, and the next look may go well
            self._numbers.failures.inc()
            self.trouble = f"{type(error).__name__}: {first_line(error)}"
        if self.trouble != before:
            tell("trouble" if self.trouble else "well again", reason=self.trouble, serves=self.served)

    def _look(self) -> str:
        """Why the version that answers stays although it should not; empty where all is well."""
        version = lookup.named(self._model, self.follow)
        if version is None:
            return self._without(f"{self.follow!r} leads to no version of {self._model} any more")
        if version.tag("state") in GONE:
            return self._without(f"{version.label} was purged")
        if self.current and self.current.version.number == version.number:
            self.current.version = version  # its verdict may be another by now
            return ""
        if version.number == self._refused:
            return self.trouble
        self._refused = version.number
        self._switch(self._open(version))
        self._refused = 0
        return ""

    def _without(self, reason: str) -> str:
        """A version that is still whole goes on to answer; one that was purged or deleted must not."""
        served = self.current
        if served:
            now = lookup.named(served.version.model, str(served.version.number))
            if now is None or now.tag("state") in GONE:
                self._switch(None)
        return reason

    @property
    def served(self) -> str:
        """The version that answers, as ``age-resnet50/4``; empty for none."""
        return self.current.label if self.current else ""

    def _switch(self, new: Loaded | None) -> None:
        """From one request to the next."""
        with self._lock:
            before, self.current = self.served, new
            if new:
                self._users[new] = 0
        self._numbers.answers(self.served)
        if before:
            self._numbers.switches.inc()
        tell("switched", before=before, now=self.served)
        self._give_up_old()

    def _give_up_old(self) -> None:
        with self._lock:
            idle = [one for one, users in self._users.items() if one is not self.current and not users]
            for one in idle:
                del self._users[one]
        for one in idle:
            one.forget()
            tell("forgot", version=one.label)

    def _tell_registry(self) -> None:
        if self._heart:
            with self._lock:
                held = [one.version.number for one in self._users if one is not self.current]
            since = self.current.since if self.current else None
            self._heart.beat(self.current.version.number if self.current else None, since, held)
