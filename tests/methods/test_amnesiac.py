import pytest
import torch
from watched import faces_of, watch

from unlearning.methods.amnesiac import GaussianAmnesiac


def train_ages(*sets):
    return torch.cat([faces.part("train").ages for faces in sets]).double().numpy()


def test_the_bell_curve_has_mean_and_sample_deviation_of_all_training_ages(make_task):
    task = make_task()
    ages = train_ages(task.retain, task.forget)
    assert GaussianAmnesiac().moments_of(task) == pytest.approx((ages.mean(), ages.std(ddof=1)))


def test_ages_are_drawn_from_the_curve_and_may_be_any_number():
    """The standard error of the mean of 4000 is 0.5 years."""
    ages = GaussianAmnesiac().draw(40.0, 30.0, 4000, torch.Generator().manual_seed(0))
    assert ages.mean().item() == pytest.approx(40, abs=2)
    assert ages.std().item() == pytest.approx(30, abs=2)
    assert ages.min() < 0
    assert ages.max() > 116


def test_clipped_ages_are_those_that_people_reach():
    ages = GaussianAmnesiac(clip=True).draw(40.0, 30.0, 4000, torch.Generator().manual_seed(0))
    assert (ages.min(), ages.max()) == (0, 116)


def test_every_forgotten_face_keeps_one_drawn_age_and_every_other_its_own(make_task):
    task = make_task()
    told = watch(GaussianAmnesiac(), task)
    told["batches"].batches.flip = False
    told["batches"].batches.shift = 0.0
    first, second = faces_of(told["batches"]), faces_of(told["batches"])
    assert first == second
    true = faces_of(task.batches(forget=True, vary=False))
    assert [age != real for (_, age, _), (_, real, _) in zip(first, true, strict=True)] == [forget for _, _, forget in true]
