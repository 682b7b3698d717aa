"""What happens from pass to pass over the data: work before each, and a rate that falls."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from unlearning.methods.task import Batch, EpochBatches


class Passes:
    """Batches that call ``before`` with the number of a pass, counted from 1, before its first batch is made.

    The call comes in the middle of training: it may change weights, and what it takes counts as work.
    """

    def __init__(self, batches: EpochBatches, before: Callable[[int], None]):
        self.batches, self.before, self.number = batches, before, 0

    def __len__(self) -> int:
        return len(self.batches)

    def __iter__(self) -> Iterator[Batch]:
        self.number += 1
        self.before(self.number)
        return iter(self.batches)


def cosine(passes: int) -> Callable[[int], float]:
    """Factor of the learning rate in a pass, from 1 in the first towards 0 behind the last: half a cosine."""
    return lambda number: (1 + math.cos(math.pi * (number - 1) / passes)) / 2
