"""The most memory that something took."""

import torch

from unlearning.training.memory import peak_mb, reset_peak


def test_the_peak_is_in_megabytes_and_starts_again_when_told_to():
    reset_peak()
    before = peak_mb()
    taken = torch.ones(100 * 10**6, dtype=torch.uint8)
    assert 95 < peak_mb() - before < 125
    del taken
    assert peak_mb() - before > 90, "it is the most, not what is there now"
    reset_peak()
    assert peak_mb() - before < 50
