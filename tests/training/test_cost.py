"""The stopwatch of a training, and the most memory that it took."""

import mmap
import time

import numpy as np

from unlearning.training.cost import Meter
from unlearning.training.memory import peak_mb, reset_peak


def test_time_aside_does_not_count_and_stepping_aside_twice_is_once():
    meter = Meter()
    with meter.aside():
        before = meter.seconds
        time.sleep(0.05)
        with meter.aside():
            time.sleep(0.05)
        assert meter.seconds == before
    assert meter.seconds - before < 0.05


def test_the_peak_is_in_megabytes_and_starts_again_when_told_to():
    reset_peak()
    before = peak_mb()
    # Asked of the system itself: an allocator may have as much left from what ran before.
    with mmap.mmap(-1, 100 * 10**6) as taken:
        np.frombuffer(taken, dtype=np.uint8)[:] = 1
        assert 95 < peak_mb() - before < 125
    assert peak_mb() - before > 90, "it is the most, not what is there now"
    reset_peak()
    assert peak_mb() - before < 50
