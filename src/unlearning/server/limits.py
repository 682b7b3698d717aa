"""What a server lets a request cost, and how many it lets in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True)
class Limits:
    """Bounds of a server."""

    batch: int = 32  # most pictures that are predicted together
    wait_ms: int = 5  # milliseconds that a picture waits for others
    queue: int = 64  # requests that are answered at once, or wait
    megabytes: int = 64  # of a request's body; of all bodies at once four times as many
    megapixels: int = 100  # of all pictures of a request
    seconds: int = 60  # that a request may take, and a client may take to send it


class RefusedError(Exception):
    """A request that gets no ages: HTTP's status, a word for counting, and a sentence that repeats nothing that was sent."""

    def __init__(self, status: int, reason: str, sentence: str):
        super().__init__(sentence)
        self.status, self.reason, self.sentence = status, reason, sentence


BUSY = RefusedError(503, "busy", "the server is busy; ask again in a second")


class Door:
    """Lets requests in, as long as there is room for them and for what they bring."""

    def __init__(self, limits: Limits):
        self._limits, self.inside, self._bytes, self._lock = limits, 0, 0, Lock()

    @contextmanager
    def entered(self) -> Iterator[Bag]:
        """A place for a request, and what it may bring.

        Raises:
            RefusedError: 503 where there is no room now.
        """
        with self._lock:
            if self.inside >= self._limits.queue:
                raise BUSY
            self.inside += 1
        bag = Bag(self._limits.megabytes * 1_000_000, self._take)
        try:
            yield bag
        finally:
            with self._lock:
                self.inside, self._bytes = self.inside - 1, self._bytes - bag.size

    def _take(self, count: int) -> None:
        with self._lock:
            if self._bytes + count > 4 * self._limits.megabytes * 1_000_000:
                raise BUSY
            self._bytes += count


class Bag:
    """What one request has brought so far: bytes count when they arrive, so that a client that only says so holds no room.

    ``most`` of them are legal, and ``take`` makes room for some more.
    """

    def __init__(self, most: int, take: Callable[[int], None]):
        self.most, self.size, self._take = most, 0, take

    def add(self, count: int) -> None:
        """RefusedError: 413 where it is too large, 503 where there is no room for it now."""
        self.require(self.size + count)
        self._take(count)
        self.size += count

    def require(self, size: int) -> None:
        """The same for a size that is only told."""
        if size > self.most:
            raise RefusedError(413, "bytes", f"a request may have {self.most // 1_000_000} megabytes; send fewer pictures")
