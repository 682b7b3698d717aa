import pytest
import torch
from watched import faces_of, watch

from unlearning.data.faces import Batch
from unlearning.methods.relabel import LABELS, drawn_evenly
from unlearning.methods.rnd_full import RandomLabelsFullRange


def draw(youngest=20, oldest=60, seed=0):
    return drawn_evenly(youngest, oldest)(4000, torch.Generator().manual_seed(seed))


def test_ages_are_drawn_evenly_from_20_to_60():
    """The mean of 4000 is 40 with a standard error of 0.18, and every eighth of the range has 500 with one of 21."""
    ages = draw()
    assert ages.min() >= 20
    assert ages.max() <= 60
    assert ages.mean().item() == pytest.approx(40, abs=0.8)
    assert torch.histc(ages, 8, 20, 60).sub(500).abs().max() < 100


def test_a_forgotten_face_gets_another_age_at_every_batch_and_a_kept_one_its_own(make_task):
    """For a model that says 0 years of one face the loss is the label itself."""
    loss = watch(RandomLabelsFullRange(), make_task())["loss"]

    def labels(forget: bool) -> set[float]:
        batch = Batch(None, torch.tensor([25.0]), torch.tensor([forget]))
        return {loss(torch.zeros(1), batch).item() for _ in range(50)}

    assert labels(False) == {25.0}
    drawn = labels(True)
    assert len(drawn) == 50
    assert all(20 <= label <= 60 for label in drawn)


def test_drawn_once_every_forgotten_face_keeps_one_age_in_all_passes(make_task):
    task = make_task()
    told = watch(RandomLabelsFullRange(once=True), task)
    told["batches"].batches.flip = False
    told["batches"].batches.shift = 0.0
    first, second = faces_of(told["batches"]), faces_of(told["batches"])
    assert first == second
    true = faces_of(task.batches(forget=True, vary=False))
    assert [face for face in first if not face[2]] == [face for face in true if not face[2]]
    changed = [age != real for (_, age, forget), (_, real, _) in zip(first, true, strict=True) if forget]
    assert all(changed)
    assert len(changed) == len(task.forget.part("train"))


def test_labels_and_the_order_of_the_faces_are_drawn_apart(make_task):
    """Else a face's place in the first epoch would go with its label."""
    task = make_task()
    assert not torch.equal(
        torch.rand(9, generator=task.random(LABELS)), torch.rand(9, generator=task.batches().batches._random)
    )
