"""Many ages become one."""

import pytest
import torch

from unlearning.errors import InputError
from unlearning.models.aggregate import Aggregate

AGES = torch.tensor([[20.0, 30.0, 70.0], [40.0, 10.0, 40.0]])


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [
        (Aggregate(), [40, 30]),
        (Aggregate("median"), [30, 40]),
        (Aggregate("mean", (2,)), [25, 25]),
        (Aggregate("median", (2,)), [25, 25]),
        (Aggregate("median", (0, 1)), [70, 40]),
    ],
)
def test_mean_and_median_of_the_members_that_take_part(aggregate, expected):
    assert aggregate(AGES).tolist() == expected


def test_the_median_of_four_is_the_mean_of_the_middle_two_and_another_aggregate_is_refused():
    assert Aggregate("median")(torch.tensor([[1.0, 100.0, 3.0, 5.0]])).tolist() == [4.0]
    with pytest.raises(InputError, match="aggregate='mode' is unknown; legal: mean, median"):
        Aggregate("mode")
