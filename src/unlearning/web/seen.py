"""The registry as it was read last, for each reader, so that a page does not wait for a thousand versions.

The champion is asked for each time, in the reader's name: where it is another, or another thing is said of it, all is read anew
at once. The rest, candidates and their scores, is read behind the page when it is older than FRESH, and before the
page when it is older than STALE.
"""

from __future__ import annotations

import threading
import time
from contextvars import copy_context
from functools import cached_property

from unlearning.errors import InputError
from unlearning.progress import say
from unlearning.registry.lookup import named
from unlearning.registry.version import CHAMPION, Version
from unlearning.reports.lineage_page import drawn
from unlearning.steps.status import Look, look_at, render
from unlearning.tracking.answers import first_line, store_errors
from unlearning.web.desk import Desk

FRESH, STALE = 60.0, 600.0  # seconds after which it is read behind a page, and before one
DRAWING = threading.Lock()  # of figures: their style is Matplotlib's, and one for all threads


class Seen:
    """One look at the registry."""

    def __init__(self, look: Look, champion: Version | None):
        self.look, self.champion, self.time = look, champion, time.monotonic()

    def row(self, number: int) -> dict:
        """What is told of a version; empty where it has none."""
        return next((row for row in self.look.rows if row["version"] == number), {})

    def holds(self, champion: Version | None, number: int) -> bool:
        """May it be shown: is it of this champion, not too old, and does it have the version that is asked for, if one is?"""
        fits = self.champion == champion and (not number or bool(self.row(number)))
        return fits and time.monotonic() - self.time < STALE

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
    """What readers have seen of a registered model; ``desk`` is where it is read."""

    def __init__(self, model: str, desk: Desk):
        self._model, self._desk, self._kept = model, desk, dict[str, Seen]()
        self._reading = threading.Lock()

    def seen(self, reader: str, number: int = 0) -> Seen:
        """The registry for a reader, with a version of that number if there is one; InputError where there is no such model."""
        champion, kept = named(self._model, CHAMPION), self._kept.get(reader)
        if kept is None or not kept.holds(champion, number):
            with self._reading:
                kept = self._kept.get(reader)  # whoever had its turn before may have read it
                return kept if kept and kept.holds(champion, number) else self._read(reader, champion)
        if time.monotonic() - kept.time > FRESH and self._reading.acquire(blocking=False):
            threading.Thread(target=copy_context().run, args=(self._read_behind, reader, champion), daemon=True).start()
        return kept

    def _read(self, reader: str, champion: Version | None) -> Seen:
        seen = self._kept[reader] = Seen(look_at(self._model), champion)
        return seen

    def _read_behind(self, reader: str, champion: Version | None) -> None:
        try:
            with self._desk.taken():
                _ = self._read(reader, champion).lineage
        except (InputError, *store_errors()) as error:
            say(f"web: the registry was not read again: {first_line(error)}")
        finally:
            self._reading.release()
