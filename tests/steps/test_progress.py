"""Who waits without a terminal is told of what takes long, and is not bothered with what does not."""

import re

import pytest

from unlearning import progress
from unlearning.progress import track, training_bar


@pytest.fixture
def clock(monkeypatch):
    """A clock that goes on when it is told to."""
    now = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: now[0])
    return now


def work(clock, items, seconds: float) -> list:
    done = []
    for item in items:
        clock[0] += seconds
        done.append(item)
    return done


def test_a_slow_loop_tells_at_once_how_long_it_takes_and_then_now_and_then(clock, capsys):
    assert work(clock, track(range(10), 10, "reading faces"), 8.0) == list(range(10))
    said = capsys.readouterr().err.splitlines()
    assert said == [
        "reading faces: 1 of 10, about 72 s left",
        "reading faces: 4 of 10, about 48 s left",
        "reading faces: 7 of 10, about 24 s left",
    ]


def test_a_phase_of_a_method_is_told_under_the_methods_name(clock, capsys):
    with training_bar("ssd, seed 0", 1) as bar:
        work(clock, bar.track(range(3), 3, "what matters to all faces"), 500.0)
    assert re.match(r"ssd, seed 0: what matters to all faces: 1 of 3, about 1000 s left", capsys.readouterr().err)


def test_what_is_soon_done_says_nothing(clock, capsys):
    work(clock, track(range(100), 100, "reading faces"), 0.005)
    assert capsys.readouterr().err == ""
