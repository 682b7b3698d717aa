"""Where pages are made: what was fetched for one goes with it, and of those that compute a few are made at once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import BoundedSemaphore, Lock

from unlearning.once import afresh
from unlearning.server.limits import BUSY
from unlearning.tracking import temporary

AT_ONCE, PATIENCE = 2, 60.0  # pages that compute, and the seconds that another waits for its turn
TURN = BoundedSemaphore(AT_ONCE)


class Desk:
    """Tables in memory are one page's own; whoever leaves the desk last also clears the folder that all fetch into."""

    def __init__(self) -> None:
        self._busy, self._lock = 0, Lock()

    @contextmanager
    def taken(self) -> Iterator[None]:
        """While something is read for a page."""
        with self._lock:
            self._busy += 1
        try:
            with afresh():
                yield
        finally:
            with self._lock:
                self._busy -= 1
                if not self._busy:
                    temporary.clear()


@contextmanager
def computes() -> Iterator[None]:
    """While a page reads whole tables or opens networks; RefusedError where its turn does not come."""
    if not TURN.acquire(timeout=PATIENCE):
        raise BUSY
    try:
        yield
    finally:
        TURN.release()
