"""Pictures of several requests in one batch."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from unlearning.registry.lookup import find
from unlearning.server.batches import Batches
from unlearning.server.limits import Limits
from unlearning.server.loaded import Loaded
from unlearning.server.numbers import Numbers
from unlearning.serving.age_model import AgeModel
from waiting import wait_until


def images(*values: int) -> np.ndarray:
    """Pictures that are their own number."""
    return np.array(values, np.uint8).reshape(-1, 1, 1, 1)


class Network:
    """Says a picture's number, and remembers the batches; the first waits until it may go on."""

    def __init__(self):
        self.batches, self.may_go_on = [], threading.Event()

    def __call__(self, pictures: np.ndarray) -> np.ndarray:
        self.batches.append(len(pictures))
        self.may_go_on.wait(10)
        if 99 in pictures:
            raise ArithmeticError("a network that fails")
        return pictures.reshape(-1).astype(float)


def test_what_waits_is_predicted_together_and_every_request_gets_its_own():
    network = Network()
    batches = Batches(network, 4, 0.0)
    with ThreadPoolExecutor(8) as pool:
        first = pool.submit(batches, images(7))
        wait_until(lambda: network.batches)
        others = [pool.submit(batches, images(number, number + 1)) for number in (10, 20, 30)]
        large = pool.submit(batches, images(*range(40, 50)))
        wait_until(lambda: batches._asked.qsize() == 4)
        network.may_go_on.set()
        assert first.result().tolist() == [7]
        assert sorted(one.result().tolist() for one in others) == [[10, 11], [20, 21], [30, 31]]
        assert large.result().tolist() == list(range(40, 50))
    assert network.batches[0] == 1
    assert sorted(network.batches[1:]) in ([2, 4, 10], [2, 2, 2, 10])
    batches.stop()


def test_a_version_whose_first_pass_fails_leaves_nothing_behind(untouched, monkeypatch):
    """Each refresh tries again, and would leave another copy of the weights."""
    opened = []

    def failing(self, images):
        opened.append(self)
        raise RuntimeError("out of memory")

    monkeypatch.setattr(AgeModel, "ages", failing)
    version = find("age-resnet50", "1")
    with pytest.raises(RuntimeError, match="out of memory"):
        Loaded(version, Limits(batch=1), Numbers())
    assert not opened[0]._batches._thread.is_alive()
    assert not hasattr(opened[0], "ensemble")


def test_a_picture_that_is_alone_waits_no_longer_than_it_must():
    network = Network()
    network.may_go_on.set()
    batches = Batches(network, 32, 0.005)
    before = time.monotonic()
    assert batches(images(3)).tolist() == [3]
    assert time.monotonic() - before < 1
    batches.stop()


def test_an_error_reaches_everybody_who_asked_and_the_next_are_answered():
    network = Network()
    network.may_go_on.set()
    batches = Batches(network, 32, 0.2)
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(batches, images(number)) for number in (99, 1)]
        assert [str(one.exception()) for one in both] == ["a network that fails"] * 2
    assert batches(images(5)).tolist() == [5]
    batches.stop()


@pytest.mark.parametrize("waiting", [0, 3])
def test_to_stop_answers_what_was_asked_before(waiting):
    network = Network()
    batches = Batches(network, 32, 0.0)
    with ThreadPoolExecutor(5) as pool:
        asked = [pool.submit(batches, images(number)) for number in range(waiting)]
        wait_until(lambda: batches._asked.qsize() + sum(network.batches) == waiting)
        stopped = pool.submit(batches.stop)
        network.may_go_on.set()
        stopped.result(10)
        assert [one.result(10).tolist() for one in asked] == [[number] for number in range(waiting)]
