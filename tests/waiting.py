"""Waiting for what another thread or process does."""

import time
from collections.abc import Callable

PAUSE = 0.05


def wait_until(met: Callable[[], object], seconds: float = 60.0) -> None:
    """Come back once it is ``met``; fail where it is not after so many seconds."""
    until = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < until, f"not met within {seconds:g} seconds"
        time.sleep(PAUSE)
