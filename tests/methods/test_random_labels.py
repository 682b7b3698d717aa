import pytest
import torch
from watched import watch

from unlearning.data.faces import Batch
from unlearning.methods.random_labels import RandomLabels


def draw(ages, seed=0, **settings):
    return RandomLabels(**settings).perturb(ages, torch.Generator().manual_seed(seed))


def test_an_age_moves_by_3_to_6_years_up_or_down_and_by_nothing_else():
    change = draw(torch.full((2000,), 40.0)) - 40
    assert set(change.tolist()) == {-6, -5, -4, -3, 3, 4, 5, 6}


def test_all_eight_changes_are_about_as_likely():
    """250 expected of each in 2000; the standard deviation is 15."""
    _, counts = (draw(torch.full((2000,), 40.0)) - 40).unique(return_counts=True)
    assert counts.min() > 180
    assert counts.max() < 320


def test_perturbed_ages_are_clipped_to_20_and_60():
    assert set(draw(torch.full((500,), 22.0)).tolist()) == {20, 25, 26, 27, 28}
    assert set(draw(torch.full((500,), 60.0)).tolist()) == {54, 55, 56, 57, 60}


def test_labels_are_redrawn_at_every_call_and_reproduced_by_the_seed():
    ages, random = torch.full((50,), 40.0), torch.Generator().manual_seed(0)
    first, second = RandomLabels().perturb(ages, random), RandomLabels().perturb(ages, random)
    assert not torch.equal(first, second)
    assert torch.equal(first, draw(ages))
    assert not torch.equal(first, draw(ages, seed=1))


@pytest.fixture
def loss(make_task):
    """The loss that the method hands to the shared loop."""
    return watch(RandomLabels(), make_task())["loss"]


def test_in_a_mixed_batch_only_forgotten_faces_move_and_the_batch_is_not_changed(loss):
    batch = Batch(None, torch.tensor([30.0, 50.0]), torch.tensor([False, True]))
    labels = {2 * loss(torch.zeros(2), batch).item() - 30 for _ in range(200)}
    assert labels == {44, 45, 46, 47, 53, 54, 55, 56}
    assert batch.ages.tolist() == [30.0, 50.0]
