"""The most memory that something took."""

import mmap

import numpy as np

from unlearning.training.memory import peak_mb, reset_peak


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
