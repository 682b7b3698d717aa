"""The stopwatch of a training."""

import time

from unlearning.training.cost import Meter


def test_time_aside_does_not_count_and_stepping_aside_twice_is_once():
    meter = Meter()
    with meter.aside():
        before = meter.seconds
        time.sleep(0.05)
        with meter.aside():
            time.sleep(0.05)
        assert meter.seconds == before
    assert meter.seconds - before < 0.05
