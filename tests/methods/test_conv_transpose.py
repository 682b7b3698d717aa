from types import SimpleNamespace

import pytest
import torch

from unlearning.errors import InputError
from unlearning.methods.conv_transpose import transpose


def network_of(*layers) -> torch.nn.Module:
    """Convolutions alone, with a name."""
    network = torch.nn.Sequential(*layers)
    network.spec = SimpleNamespace(arch="a-network")
    return network


def test_a_transposed_network_sees_mirrored_pictures_as_it_saw_pictures(make_task):
    task, mirrored = make_task(), make_task().copy()
    transpose(mirrored)
    images = next(iter(task.batches(vary=False))).images
    with torch.no_grad():
        said, again = task.model(images), mirrored(images.transpose(2, 3))
        assert torch.allclose(said, again, atol=1e-3)
        assert not torch.allclose(said, mirrored(images), atol=1e-3)


def test_height_and_width_of_square_kernels_change_places_and_other_kernels_stay():
    square, flat, point = (torch.nn.Conv2d(1, 1, size) for size in ((3, 3), (1, 7), 1))
    before = [layer.weight.detach().clone() for layer in (square, flat, point)]
    assert transpose(network_of(square, flat, point)) == 9 / 17
    assert torch.equal(square.weight[0, 0], before[0][0, 0].T)
    assert torch.equal(flat.weight, before[1])
    assert torch.equal(point.weight, before[2])


def test_a_network_without_anything_to_transpose_is_refused_with_a_sentence():
    with pytest.raises(InputError, match="a-network has no square kernel to transpose; choose a network that has"):
        transpose(network_of(torch.nn.Conv2d(3, 3, 1)))
