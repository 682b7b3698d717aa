"""What is read once and then kept in memory: until the process ends, or, where it answers several people, for one answer.

What the rights of one reader have fetched is then never another's, and nothing that a purge erases lives on in a process.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache, wraps
from typing import ParamSpec, TypeVar

Given, Result = ParamSpec("Given"), TypeVar("Result")
OF_THE_PROCESS: dict[Callable, Callable] = {}
MEMORY: ContextVar[dict[Callable, Callable]] = ContextVar("memory", default=OF_THE_PROCESS)


def once(most: int) -> Callable[[Callable[Given, Result]], Callable[Given, Result]]:
    """Keep what a function has read last, for as many different arguments."""

    def keeping(read: Callable[Given, Result]) -> Callable[Given, Result]:
        @wraps(read)
        def kept(*given: Given.args, **named: Given.kwargs) -> Result:
            return MEMORY.get().setdefault(read, lru_cache(most)(read))(*given, **named)

        return kept

    return keeping


@contextmanager
def afresh() -> Iterator[None]:
    """Know nothing of what was read before, and keep nothing of what is read meanwhile."""
    token = MEMORY.set({})
    try:
        yield
    finally:
        MEMORY.reset(token)
