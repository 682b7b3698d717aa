"""Pictures of requests that arrive together are predicted together."""

import time
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Thread

import numpy as np

Asked = tuple[np.ndarray, Future]


class Batches:
    """One thread that predicts whatever waits, in batches.

    A network takes little longer for many pictures than for one. A first picture waits ``patience`` seconds at most for
    others; while a batch is predicted the next one gathers.

    Args:
        predict: years, shape (n,), of uint8 pictures of shape (n, side, side, 3).
        most: pictures in a batch; a request with more is a batch of its own.
        patience: seconds.
    """

    def __init__(self, predict: Callable[[np.ndarray], np.ndarray], most: int, patience: float):
        self._predict, self._most, self._patience = predict, most, patience
        self._asked: SimpleQueue[Asked | None] = SimpleQueue()
        self._thread = Thread(target=self._work, name="batches", daemon=True)
        self._thread.start()

    def __call__(self, images: np.ndarray) -> np.ndarray:
        """The years of a request's pictures, once their batch was predicted."""
        years: Future[np.ndarray] = Future()
        self._asked.put((images, years))
        return years.result()

    def stop(self) -> None:
        """End when all that was asked is answered."""
        self._asked.put(None)
        self._thread.join()

    def _work(self) -> None:
        waiting: Asked | None = None
        while asked := waiting or self._asked.get():
            group, waiting, more = self._gather(asked)
            self._answer(group)
            if not more:
                return

    def _gather(self, first: Asked) -> tuple[list[Asked], Asked | None, bool]:
        """What is predicted together; what did not fit; is there more to come?"""
        group, count, until = [first], len(first[0]), time.monotonic() + self._patience
        while count < self._most:
            try:
                asked = self._asked.get(timeout=max(0.0, until - time.monotonic()))
            except Empty:
                break
            if asked is None:
                return group, None, False
            if count + len(asked[0]) > self._most:
                return group, asked, True
            group.append(asked)
            count += len(asked[0])
        return group, None, True

    def _answer(self, group: list[Asked]) -> None:
        """An error is every asker's: each is told in its own request."""
        try:
            years = self._predict(np.concatenate([images for images, _ in group]))
        except Exception as error:  # noqa: BLE001 - raised again where it was asked for
            for _, waits in group:
                waits.set_exception(error)
            return
        ends = np.cumsum([len(images) for images, _ in group])[:-1]
        for (_, waits), part in zip(group, np.split(years, ends), strict=True):
            waits.set_result(part)
