"""What trainings and the steps around them tell each other: that the process is to end, and that a checkpoint is written."""

import threading
from collections.abc import Callable

stopping = threading.Event()  # the process was asked to end: whoever trains writes a checkpoint first
at_work: list[object] = []  # the checkpoints of the trainings that are going on
when_written: list[Callable[[], None]] = []  # called when one, or what goes with it, is written


def tell_written() -> None:
    """Call whoever wants to know that there is something new to keep."""
    for act in when_written:
        act()
