"""What a training costs: a stopwatch and a count of faces, read at any moment."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from unlearning.data.faces import Batch


class Meter:
    """Runs from its making on; time spent ``aside`` does not count.

    ``retain`` and ``forget`` are the faces shown so far, each time that they were shown.
    """

    def __init__(self):
        self._start, self._aside, self._entered = time.perf_counter(), 0.0, None
        self.retain = self.forget = 0

    @property
    def seconds(self) -> float:
        """Of work so far; while aside, up to the moment of stepping aside."""
        now = self._entered if self._entered is not None else time.perf_counter()
        return now - self._start - self._aside

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What happens inside is not work: measuring, logging, saving. Whoever is aside already stays so."""
        if self._entered is not None:
            yield
            return
        self._entered = time.perf_counter()
        try:
            yield
        finally:
            self._aside += time.perf_counter() - self._entered
            self._entered = None

    def count(self, batch: Batch) -> Batch:
        """Note a batch that is about to be shown, and hand it on."""
        forgotten = int(batch.forget.sum())
        self.forget += forgotten
        self.retain += len(batch.forget) - forgotten
        return batch
