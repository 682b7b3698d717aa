"""The stopwatch of a training, and the most memory that it took."""

import mmap
from types import SimpleNamespace

import numpy as np
import pytest

from unlearning.training import cost
from unlearning.training.cost import Meter
from unlearning.training.memory import peak_mb, reset_peak


@pytest.fixture
def passed(monkeypatch) -> list[int]:
    """The seconds that have passed, by the clock of all meters."""
    seconds = []
    monkeypatch.setattr(cost, "time", SimpleNamespace(perf_counter=lambda: sum(seconds)))
    return seconds


def test_time_aside_does_not_count_and_stepping_aside_twice_is_once(passed):
    meter = Meter()
    passed.append(1)
    with meter.aside():
        passed.append(20)
        with meter.aside():
            passed.append(300)
        passed.append(4000)
        assert meter.seconds == 1
    passed.append(5)
    assert meter.seconds == 6


def test_a_meter_goes_on_from_what_another_showed(passed):
    first = Meter()
    passed.append(10)
    second = Meter()
    passed.append(200)
    second.resume(first.state())
    passed.append(1)
    assert second.seconds == 211


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
