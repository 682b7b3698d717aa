"""What a training costs: a stopwatch and a count of faces, read at any moment."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from unlearning.data.faces import Batch


class Meter:
    """Counts seconds from its creation on, without the time spent in ``aside``.

    ``retain`` and ``forget`` are the faces shown so far, each time that they were shown.
    """

    def __init__(self) -> None:
        self._start, self._aside = time.perf_counter(), 0.0
        self._entered: float | None = None
        self.retain = self.forget = 0

    @property
    def seconds(self) -> float:
        """Seconds of work so far; inside ``aside`` those up to entering it."""
        now = self._entered if self._entered is not None else time.perf_counter()
        return now - self._start - self._aside

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Time inside does not count: measuring, logging, saving. A nested ``aside`` changes nothing."""
        if self._entered is not None:
            yield
            return
        self._entered = time.perf_counter()
        try:
            yield
        finally:
            self._aside += time.perf_counter() - self._entered
            self._entered = None

    def state(self) -> dict[str, float]:
        """What it shows, for a checkpoint."""
        return {"seconds": self.seconds, "retain": self.retain, "forget": self.forget}

    def resume(self, state: dict[str, float]) -> None:
        """Show what it showed then, and count on from there."""
        self._aside += self.seconds - state["seconds"]
        self.retain, self.forget = int(state["retain"]), int(state["forget"])

    def count(self, batch: Batch) -> Batch:
        """Note a batch that is about to be shown, and hand it on."""
        forgotten = int(batch.forget.sum())
        self.forget += forgotten
        self.retain += len(batch.forget) - forgotten
        return batch
