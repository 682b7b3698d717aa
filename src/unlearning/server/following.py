"""Which version answers: the one that an alias leads to, also after it was moved."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime
from threading import Event, Lock, Thread

from unlearning.errors import DamagedError, InputError
from unlearning.registry import lookup, servers
from unlearning.registry.version import GONE, Version
from unlearning.server.limits import RefusedError
from unlearning.server.loaded import Loaded
from unlearning.server.numbers import Numbers
from unlearning.tracking.answers import first_line, impatience, refused_in_words, store_errors

LEAST = 0.5  # seconds between two looks, however often somebody asks for one
AGAIN = 60.0  # seconds after which files that were damaged are looked at again
SEE_LOG = "the server's log says why"


def tell(event: str, **more: object) -> None:
    """One line of the log, which is standard output, as JSON; a log that cannot be written to stops no answer."""
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    with suppress(OSError, ValueError):  # the reader has left, or the disk is full
        print(json.dumps({"time": now, "event": event} | more), flush=True)


class Following:
    """The version that answers now, with a thread that looks whether another one should, and one that says that it lives.

    Args:
        follow: an alias, which is followed, or a version's number; a model URI names one of them.
        refresh: seconds between two looks at the registry, and between two signs of life.
    """

    def __init__(self, model: str, follow: str, open_version: Callable[[Version], Loaded], numbers: Numbers, refresh: float):
        self._model, self.follow = lookup.named_by(model, follow)
        self._open, self._numbers, self._refresh = open_version, numbers, refresh
        self._lock, self._looking, self._users = Lock(), Lock(), dict[Loaded, int]()
        self._wake, self._ended = Event(), Event()
        self._impatience = ExitStack()
        self._threads = [Thread(target=work, daemon=True) for work in (self._follow, self._beat)]
        self._heart: servers.Heart | None = None
        self._damaged: dict[int, float] = {}  # version: when its files may be looked at again
        self.current: Loaded | None = None
        self.trouble = ""

    @contextmanager
    def held(self) -> Iterator[Loaded]:
        """The version that answers, for one request: it is not given up meanwhile.

        Raises:
            RefusedError: none is served.
        """
        with self._lock:
            one = self.current
            if one is None:
                raise RefusedError(503, "unserved", f"no version of {self._model} is served now: {self.trouble}")
            self._users[one] += 1
        try:
            yield one
        finally:
            with self._lock:
                self._users[one] -= 1
                waits = not self._users[one] and one is not self.current
            if waits:
                self._wake.set()

    def begin(self, address: str) -> None:
        """Load the version, tell the registry, and look again and again from now on.

        Raises:
            InputError: there is no such version, it cannot be opened, or it was purged.
        """
        # Once for all threads: it is set in the environment, which others may be reading whenever it changes.
        self._impatience.enter_context(impatience())
        version = lookup.find(self._model, self.follow)
        if version.tag("state") in GONE:
            raise InputError(f"{version.label} of {version.model} was purged; legal is a version that has its files")
        if self.follow not in (*version.aliases, str(version.number)):
            self._model, self.follow = version.model, str(version.number)
        self._switch(self._open(version))
        try:
            with refused_in_words("read, and write no run", f"ask who runs it for the right EDIT on {servers.EXPERIMENT}"):
                self._heart = servers.Heart(self._model, self.follow, address, self._refresh)
        except InputError as error:
            tell("unknown to the registry", reason=str(error))
        self._tell_registry()
        for thread in self._threads:
            thread.start()

    def look_now(self) -> None:
        """Look at the registry without waiting for the next time."""
        self._wake.set()

    def end(self) -> None:
        """The server stops: the registry is told, and nothing is kept of the weights."""
        self._ended.set()
        self._wake.set()
        for thread in self._threads:
            if thread.is_alive():
                thread.join()
        self._switch(None)
        with self._impatience:
            try:
                if self._heart:
                    self._heart.stop()
            except (InputError, *store_errors()) as error:
                tell("the registry was not told of the end", reason=first_line(error))

    def _follow(self) -> None:
        while not self._ended.wait(LEAST):
            self._wake.wait(self._refresh)
            self._wake.clear()
            if not self._ended.is_set():
                self._give_up_old()
                self.look()

    def _beat(self) -> None:
        """While a version is loaded, which may take long, the server lives and answers with the one before."""
        while not self._ended.wait(self._refresh):
            try:
                self._tell_registry()
            except (InputError, *store_errors()):
                self._numbers.failures.inc()

    def look(self) -> None:
        """Switch if another version should answer; whatever hinders that is told, and what is served stays."""
        with self._looking:
            before, reason = self.trouble, ""
            try:
                self.trouble = self._look()
                self._tell_registry()
            except Exception as error:  # noqa: BLE001 - whatever it is, what is served stays, and the next look may go well
                self._numbers.failures.inc()
                self.trouble = f"the last look at the registry failed; {SEE_LOG}"
                reason = f"{type(error).__name__}: {first_line(error)}"
            if self.trouble != before:
                tell("trouble" if self.trouble else "well again", reason=reason or self.trouble, serves=self.served)

    def _look(self) -> str:
        """Why the version that answers stays although it should not, for everybody; empty where all is well."""
        version = lookup.named(self._model, self.follow)
        if self.current and version and self.current.version.number == version.number and version.tag("state") not in GONE:
            self.current.version = version  # its verdict may be another by now
            return ""
        self._require_whole()
        if version is None:
            return f"{self.follow!r} leads to no version of {self._model} any more"
        if version.tag("state") in GONE:
            return f"{version.label} was purged"
        damaged = f"{version.label} is not served: its files are not those that were registered; {SEE_LOG}"
        if time.monotonic() < self._damaged.get(version.number, 0.0):
            return damaged
        try:
            self._switch(self._open(version))
        except DamagedError as error:
            self._damaged[version.number] = time.monotonic() + AGAIN
            tell("damaged", version=version.number, reason=first_line(error))
            return damaged
        return ""

    def _require_whole(self) -> None:
        """A version that was purged or deleted must not answer any more, whatever takes its place."""
        served = self.current
        if served:
            now = lookup.named(served.version.model, str(served.version.number))
            if now is None or now.tag("state") in GONE:
                self._switch(None)

    @property
    def served(self) -> str:
        """The version that answers, as ``age-resnet50/4``; empty for none."""
        current = self.current
        return current.label if current else ""

    def _switch(self, new: Loaded | None) -> None:
        """From one request to the next; a version that was loaded while the server ended is given up."""
        with self._lock:
            before = self.served
            if new:
                self._users[new], new.since = 0, datetime.now(UTC)
            self.current = None if self._ended.is_set() else new
        self._numbers.answers(self.served)
        if before and new:
            self._numbers.switches.inc()
        if before != self.served:
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
        with self._lock:
            current, held = self.current, [one.version.number for one in self._users if one is not self.current]
        if self._heart:
            self._heart.beat(current.version.number if current else None, current.since if current else None, held)
