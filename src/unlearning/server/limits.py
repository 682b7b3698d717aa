"""What a server lets a request cost, and how many it lets in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock


@dataclass(frozen=True)
class Limits:
    """Bounds of a server.

    Args:
        batch: most pictures that are predicted together.
        wait_ms: milliseconds that a picture waits for others.
        queue: requests that are answered at once, or wait.
        megabytes: of a request's body; of all bodies at once four times as many.
        megapixels: of all pictures of a request.
        seconds: that a request may take, and a client may take to send it.
    """

    batch: int = 32
    wait_ms: int = 5
    queue: int = 64
    megabytes: int = 64
    megapixels: int = 100
    seconds: int = 60


class RefusedError(Exception):
    """A request that gets no ages.

    Args:
        status: HTTP's.
        reason: one word, for counting.
        sentence: the answer; nothing that was sent stands in it.
    """

    def __init__(self, status: int, reason: str, sentence: str):
        super().__init__(sentence)
        self.status, self.reason, self.sentence = status, reason, sentence


class Door:
    """Lets requests in, as long as there is room for them and for what they bring."""

    def __init__(self, limits: Limits):
        self._limits, self.inside, self._bytes, self._lock = limits, 0, 0, Lock()

    @property
    def most_bytes(self) -> int:
        """Of one request."""
        return self._limits.megabytes * 1_000_000

    @contextmanager
    def entered(self, size: int | None) -> Iterator[None]:
        """Hold room for a request whose body has so many bytes; one that does not tell may have the most.

        Raises:
            RefusedError: 413 where it is too large at all, 503 where there is no room now.
        """
        held = self.most_bytes if size is None else size
        if held > self.most_bytes:
            raise self.too_large()
        with self._lock:
            if self.inside >= self._limits.queue or self._bytes + held > 4 * self.most_bytes:
                raise RefusedError(503, "busy", "the server is busy; ask again in a second")
            self.inside, self._bytes = self.inside + 1, self._bytes + held
        try:
            yield
        finally:
            with self._lock:
                self.inside, self._bytes = self.inside - 1, self._bytes - held

    def too_large(self) -> RefusedError:
        """The answer to a body with too many bytes."""
        return RefusedError(413, "bytes", f"a request may have {self._limits.megabytes} megabytes; send fewer pictures")
