"""RND, RND over the whole range, and Gaussian amnesiac: the ages that forgotten faces are given."""

from dataclasses import replace

import pytest
import torch
from watched import faces_of, watch

from unlearning.data.faces import Batch, FaceSet
from unlearning.errors import InputError
from unlearning.methods.params import make_method
from unlearning.methods.random_labels import (
    LABELS,
    GaussianAmnesiac,
    RandomLabels,
    RandomLabelsFullRange,
    drawn_evenly,
    relabelled,
)
from unlearning.methods.task import UnlearningTask
from unlearning.targets import AGE


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def perturbed(age, count, seed=0):
    return RandomLabels().perturb(torch.full((count,), age), seeded(seed))


def test_an_age_moves_by_3_to_6_years_up_or_down_about_as_often_and_is_clipped_to_20_and_60():
    """250 expected of each in 2000; the standard deviation is 15."""
    changes, counts = (perturbed(40.0, 2000) - 40).unique(return_counts=True)
    assert changes.tolist() == [-6, -5, -4, -3, 3, 4, 5, 6]
    assert counts.min() > 180
    assert counts.max() < 320
    assert set(perturbed(22.0, 500).tolist()) == {20, 25, 26, 27, 28}
    assert set(perturbed(60.0, 500).tolist()) == {54, 55, 56, 57, 60}


def test_labels_are_redrawn_at_every_call_and_reproduced_by_the_seed():
    ages, random = torch.full((50,), 40.0), seeded()
    first, second = RandomLabels().perturb(ages, random), RandomLabels().perturb(ages, random)
    assert not torch.equal(first, second)
    assert torch.equal(first, perturbed(40.0, 50))
    assert not torch.equal(first, perturbed(40.0, 50, seed=1))


def test_in_a_mixed_batch_only_forgotten_faces_move_and_the_batch_is_not_changed(make_task):
    loss = watch(RandomLabels(), make_task())["loss"]
    batch = Batch(None, torch.tensor([30.0, 50.0]), torch.tensor([False, True]))
    labels = {2 * loss(torch.zeros(2), batch).item() - 30 for _ in range(200)}
    assert labels == {44, 45, 46, 47, 53, 54, 55, 56}
    assert batch.ages.tolist() == [30.0, 50.0]


def test_ages_are_drawn_evenly_from_20_to_60():
    """The mean of 4000 is 40 with a standard error of 0.18, and every eighth of the range has 500 with one of 21."""
    ages = drawn_evenly(AGE, 20, 60)(4000, seeded())
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


@pytest.mark.parametrize("method", [RandomLabels(), RandomLabelsFullRange(), GaussianAmnesiac()], ids=lambda one: one.name)
def test_labels_and_the_order_of_the_faces_are_drawn_apart(method, make_task, monkeypatch):
    """Else a face's place in the first epoch would go with its label."""
    task, plain, drawn = make_task(), UnlearningTask.random, []
    monkeypatch.setattr(UnlearningTask, "random", lambda task, stream=0: drawn.append(plain(task, stream)) or drawn[-1])
    order = torch.rand(9, generator=task.batches().batches._random)
    method.unlearn(task)
    assert [one.initial_seed() for one in drawn] == [task.seed + LABELS]
    assert not torch.equal(torch.rand(9, generator=plain(task, LABELS)), order)


@pytest.mark.parametrize("method", [RandomLabelsFullRange(once=True), GaussianAmnesiac()], ids=lambda method: method.name)
def test_drawn_once_every_forgotten_face_keeps_one_age_in_all_passes_and_every_other_its_own(method, make_task):
    task = make_task()
    told = watch(method, task)
    told["batches"].batches.flip = False
    told["batches"].batches.shift = 0.0
    first, second = faces_of(told["batches"]), faces_of(told["batches"])
    assert first == second
    true = faces_of(task.batches(forget=True, vary=False))
    assert [age != real for (_, age, _), (_, real, _) in zip(first, true, strict=True)] == [forget for _, _, forget in true]
    assert sum(forget for _, _, forget in true) == len(task.forget.part("train"))


def test_drawn_once_an_augmented_copy_keeps_the_age_of_its_face(make_task):
    task = make_task()
    frame = task.forget.frame.copy()
    first, second = frame.index[frame.split == "train"][:2]
    frame.loc[second, "copy_of"] = frame.id[first]
    ages = relabelled(replace(task, forget=FaceSet(frame, task.forget.pixels)), drawn_evenly(AGE, 20, 60)).forget.ages.tolist()
    assert ages[0] == ages[1]
    assert len(set(ages)) == len(ages) - 1


def test_no_age_moves_by_more_than_the_offset_where_forgotten_ages_lie_outside_the_range():
    """A face of 5 years would else be trained on as 20, and one of 80 as 60."""
    ages = torch.tensor([5.0, 80.0]).repeat(200)
    changes = RandomLabels().reaching(ages).perturb(ages, seeded()) - ages
    assert changes.abs().max() == 6
    assert set(changes[::2].tolist()) == {0, 3, 4, 5, 6}
    assert set(changes[1::2].tolist()) == {0, -3, -4, -5, -6}
    assert RandomLabels().reaching(torch.tensor([30.0])) == RandomLabels()


def test_a_task_s_forgotten_ages_widen_the_range(make_task):
    loss = watch(RandomLabels(youngest=50), make_task())["loss"]
    batch = Batch(None, torch.tensor([30.0]), torch.tensor([True]))
    assert {loss(torch.zeros(1), batch).item() for _ in range(200)} == {24, 25, 26, 27, 33, 34, 35, 36}


def test_the_bell_curve_has_mean_and_sample_deviation_of_all_training_ages(make_task):
    task = make_task()
    ages = torch.cat([faces.part("train").ages for faces in (task.retain, task.forget)]).double().numpy()
    assert GaussianAmnesiac().moments_of(task) == pytest.approx((ages.mean(), ages.std(ddof=1)))


def test_ages_drawn_from_the_curve_may_be_any_number_and_clipped_ones_are_those_that_people_reach():
    """The standard error of the mean of 4000 is 0.5 years."""
    ages = GaussianAmnesiac().draw(40.0, 30.0, 4000, seeded())
    assert ages.mean().item() == pytest.approx(40, abs=2)
    assert ages.std().item() == pytest.approx(30, abs=2)
    assert ages.min() < 0
    assert ages.max() > 116
    clipped = GaussianAmnesiac(clip=True).draw(40.0, 30.0, 4000, seeded())
    assert (clipped.min(), clipped.max()) == (0, 116)


def published(ages: list[float], forget: list[bool], **settings) -> set[tuple[float, ...]]:
    """The labels that faces of these ages get, drawn 50 times."""
    method, random = RandomLabels(**settings), seeded()
    batch = Batch(None, torch.tensor(ages), torch.tensor(forget))
    return {tuple(method.labels(batch, random).tolist()) for _ in range(50)}


def test_clipped_labels_are_1200_years_for_forgotten_faces_alone_and_divided_ones_are_ages_over_60_for_all():
    """24 / 60 = .4 moved by at most 6 is below 20, and 20 in units of 60 years is 1,200 years."""
    assert published([24.0, 24.0, 50.0], [True, False, False], as_published="clipped") == {(1200.0, 24.0, 50.0)}
    assert published([24.0, 24.0, 51.0], [True, False, False], as_published="divided") == {
        tuple(torch.tensor([0.4, 0.4, 0.85]).tolist())
    }


@pytest.mark.parametrize(
    ("earlier", "now"), [("true", "divided"), ("True", "divided"), ("False", ""), ("", ""), ("clipped", "clipped")]
)
def test_what_runs_of_earlier_versions_say_is_still_read(earlier, now):
    assert make_method(RandomLabels, f"as_published={earlier}").as_published == now


def test_labels_that_nobody_published_are_refused():
    with pytest.raises(InputError, match="as_published='twice' of rnd is not known; legal: divided, clipped, or nothing"):
        make_method(RandomLabels, "as_published=twice")
