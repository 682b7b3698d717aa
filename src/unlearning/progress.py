"""Progress for people: a bar with an ETA on a terminal; elsewhere a line an epoch, and lines of whatever takes long."""

import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Protocol, TypeVar

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from unlearning.commands import as_typed
from unlearning.secrets import without_secrets

COLUMNS = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeElapsedColumn(), TimeRemainingColumn())

FIRST_SECONDS, EVERY_SECONDS = 1.0, 20.0
Item = TypeVar("Item")


class Track(Protocol):
    """Passes ``count`` items on while a person is told under ``title`` how far it is: ``track``, or ``untold``."""

    def __call__(self, items: Iterable[Item], count: int, title: str) -> Iterable[Item]:
        """The same items in the same order."""
        ...


def untold(items: Iterable[Item], count: int, title: str) -> Iterable[Item]:
    """Pass ``items`` on and tell nobody."""
    return items


def say(text: str) -> None:
    """A line to the person who waits, on standard error; standard output is for results."""
    print(without_secrets(as_typed(text)), file=sys.stderr, flush=True)


def _bar() -> Progress:
    return Progress(*COLUMNS, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True)


def track(items: Iterable, count: int, title: str) -> Iterable:
    """Pass ``items`` on, under a bar."""
    with _bar() as bar:
        yield from _tracked(bar, items, count, title)


def _tracked(bar: Progress, items: Iterable, count: int, title: str) -> Iterator:
    if bar.disable:
        yield from _told(items, count, title)
        return
    task = bar.add_task(title, total=count)
    try:
        yield from bar.track(items, total=count, task_id=task)
    finally:
        bar.remove_task(task)


def _told(items: Iterable, count: int, title: str) -> Iterator:
    """A line when an item comes and the last line, or the beginning, is a while ago: what is soon done says nothing."""
    start = time.monotonic()
    due = start + FIRST_SECONDS
    for done, item in enumerate(items):
        now = time.monotonic()
        if done and now >= due:
            say(f"{title}: {done} of {count}, about {(now - start) / done * (count - done):.0f} s left")
            due = now + EVERY_SECONDS
        yield item


class TrainingBar:
    """One bar over the epochs of a training, and one line an epoch where there is no terminal."""

    def __init__(self, bar: Progress, title: str, epochs: int, error: str, unit: str):
        self.bar, self.title, self.epochs, self.error, self.unit = bar, title, epochs, error, f" {unit}".rstrip()
        self.task = bar.add_task(title, total=epochs)

    def after_step(self, done: float) -> None:
        """``done``: epochs finished so far, the present one in part."""
        self.bar.update(self.task, completed=done)

    def track(self, items: Iterable, count: int, title: str) -> Iterator:
        """A loop beside the epochs, under a bar of its own."""
        return _tracked(self.bar, items, count, f"{self.title}: {title}")

    def after_epoch(self, epoch, more: str = "") -> None:
        text = (
            f"{self.title}: epoch {epoch.number}/{self.epochs}  train {self.error} {epoch.train_mae:.2f}  {more}"
            f"validation {self.error} {epoch.validation_mae:.2f}{self.unit}  {epoch.images_per_second:.0f} images/s"
        )
        if self.bar.disable:
            say(text)
        else:
            self.bar.update(self.task, description=text)


@contextmanager
def training_bar(title: str, epochs: int, error: str = "MAE", unit: str = "years") -> Iterator[TrainingBar]:
    """A bar for one call of the loop; what a mean error is called, and its unit."""
    with _bar() as bar:
        yield TrainingBar(bar, title, epochs, error, unit)
