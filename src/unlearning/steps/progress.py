"""Progress for people: a bar with an ETA on a terminal, a line an epoch elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from unlearning.secrets import without_secrets

COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    TaskProgressColumn(),
    TimeElapsedColumn(),
    TimeRemainingColumn(),
)


def say(text: str) -> None:
    """A line to the person who waits, on standard error; standard output is for results."""
    print(without_secrets(text), file=sys.stderr, flush=True)


def _bar() -> Progress:
    return Progress(*COLUMNS, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True)


def track(items: Iterable, count: int, title: str) -> Iterable:
    """Pass ``items`` on, under a bar."""
    with _bar() as bar:
        yield from bar.track(items, total=count, description=title)


class TrainingBar:
    """One bar over the epochs of a training, and one line an epoch where there is no terminal."""

    def __init__(self, bar: Progress, title: str, epochs: int):
        self.bar, self.title, self.epochs = bar, title, epochs
        self.task = bar.add_task(title, total=epochs)

    def after_step(self, done: float) -> None:
        """``done``: epochs finished so far, the present one in part."""
        self.bar.update(self.task, completed=done)

    def after_epoch(self, epoch) -> None:
        text = (
            f"{self.title}: epoch {epoch.number}/{self.epochs}  train MAE {epoch.train_mae:.2f}  "
            f"validation MAE {epoch.validation_mae:.2f} years  {epoch.images_per_second:.0f} images/s"
        )
        if self.bar.disable:
            say(text)
        else:
            self.bar.update(self.task, description=text)


@contextmanager
def training_bar(title: str, epochs: int) -> Iterator[TrainingBar]:
    """A bar for one call of the loop."""
    with _bar() as bar:
        yield TrainingBar(bar, title, epochs)
