import pytest
import torch

from unlearning.data.faces import Batch
from unlearning.training.losses import absolute_error


def test_absolute_error_is_the_mean_of_the_distances_in_years():
    batch = Batch(torch.zeros(3, 3, 4, 4), torch.tensor([20.0, 40.0, 60.0]), torch.zeros(3, dtype=torch.bool))
    predicted = torch.tensor([25.0, 37.0, 59.0], requires_grad=True)
    loss = absolute_error(predicted, batch)
    loss.backward()
    assert loss.item() == pytest.approx((5 + 3 + 1) / 3)
    assert predicted.grad.tolist() == pytest.approx([1 / 3, -1 / 3, -1 / 3])
