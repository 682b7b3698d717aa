"""The registry as it was read last, for each reader, so that a page does not wait for a thousand versions.

What the journal's head says is asked each time, in the reader's name: after a transition all is read anew at once. Numbers that
change without one, as scores do, are read behind the page when they are older than FRESH.
"""

from __future__ import annotations

import threading
import time
from contextvars import copy_context
from functools import cached_property

from unlearning.errors import InputError
from unlearning.progress import say
from unlearning.registry.journal import find_head
from unlearning.reports.lineage_page import drawn
from unlearning.steps.status import Look, look_at, render
from unlearning.tracking.answers import first_line, store_errors

FRESH = 10.0  # seconds
DRAWING = threading.Lock()  # of figures: their style is Matplotlib's, and one for all threads


class Seen:
    """One look at the registry."""

    def __init__(self, look: Look, head: str):
        self.look, self.head, self.time = look, head, time.monotonic()

    @cached_property
    def lineage(self) -> dict:
        """Its figure."""
        with DRAWING:
            return drawn(self.look.rows)

    @cached_property
    def page(self) -> str:
        """All versions."""
        with DRAWING:
            return render(self.look, "html")


class Registry:
    """What readers have seen of a registered model."""

    def __init__(self, model: str):
        self._model, self._kept = model, dict[str, Seen]()
        self._reading = threading.Lock()

    def seen(self, reader: str) -> Seen:
        """The registry for a reader; InputError where there is no such model."""
        head, kept = find_head(self._model), self._kept.get(reader)
        if kept is None or kept.head != head:
            with self._reading:
                return self._read(reader, head)
        if time.monotonic() - kept.time > FRESH and self._reading.acquire(blocking=False):
            threading.Thread(target=copy_context().run, args=(self._read_behind, reader, head), daemon=True).start()
        return kept

    def _read(self, reader: str, head: str) -> Seen:
        seen = self._kept[reader] = Seen(look_at(self._model), head)
        return seen

    def _read_behind(self, reader: str, head: str) -> None:
        try:
            _ = self._read(reader, head).lineage
        except (InputError, *store_errors()) as error:
            say(f"web: the registry was not read again: {first_line(error)}")
        finally:
            self._reading.release()
