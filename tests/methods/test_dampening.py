"""SSD, LFSSD and fisher: what is dampened or disturbed, by how much, and what that depends on."""

from dataclasses import replace

import pytest
import torch

from unlearning.data.faces import Batch, FaceSet
from unlearning.errors import InputError
from unlearning.methods.dampening import LossFreeDampening, SelectiveSynapticDampening, dampening, squared_answer
from unlearning.methods.fisher import FisherNoise, information_of, relative
from unlearning.models.build import build
from unlearning.models.ensemble import weights_digest
from unlearning.targets import AGE
from unlearning.training.gradients import mean_of_gradients

both = pytest.mark.parametrize("method", [SelectiveSynapticDampening, LossFreeDampening])
LAST = "head.7.bias"


def factors(network, overall: float, forgotten: float, alpha: float, strength: float = 1.0) -> dict[str, set[float]]:
    """The factors of every weight of a network whose weights all have the same importance, as sets."""

    def all_are(value: float) -> dict[str, torch.Tensor]:
        return {name: torch.full_like(weight, value) for name, weight in network.named_parameters()}

    found = dampening(network, all_are(overall), all_are(forgotten), alpha, strength)
    return {name: set(factor.flatten().tolist()) for name, factor in found.items()}


def test_a_weight_four_times_as_important_to_the_forget_set_is_quartered_and_the_last_bias_stays(make_task):
    found = factors(make_task.original, overall=1.0, forgotten=4.0, alpha=2.0)
    assert found.pop(LAST) == {1.0}
    assert all(values == {0.25} for values in found.values())


@pytest.mark.parametrize(
    ("overall", "forgotten", "alpha", "strength", "factor"),
    [(1, 4, 2, 0.5, 0.125), (1, 4, 2, 10, 1), (1, 2, 2, 1, 1), (1, 1.5, 2, 1, 1), (0, 0, 1, 1, 1), (2, 1, 0.1, 1, 1)],
)
def test_factors_are_those_of_the_formula_and_never_above_1(make_task, overall, forgotten, alpha, strength, factor):
    assert factors(make_task.original, overall, forgotten, alpha, strength)["head.0.weight"] == {factor}


def test_the_loss_of_two_faces_is_the_mean_square_of_their_answers():
    batch = Batch(None, torch.tensor([25.0, 40.0]), torch.tensor([True, False]))
    assert squared_answer(AGE)(torch.tensor([30.0, 40.0]), batch).item() == (900 + 1600) / 2


@both
def test_weights_shrink_and_never_grow_or_change_their_sign(method, make_task):
    task = make_task()
    network = method().unlearn(task)
    assert weights_digest(network) != weights_digest(task.model)
    for weight, before in zip(network.parameters(), task.model.parameters(), strict=True):
        assert (weight.abs() <= before.abs()).all()
        assert (weight * before >= 0).all()


@both
def test_importances_by_face_do_not_depend_on_the_size_of_a_batch(method, make_task):
    recipes = (replace(make_task.recipe, batch_size=size) for size in (4, 32))
    small, large = (method(per_batch=False).unlearn(replace(make_task(), recipe=recipe)) for recipe in recipes)
    for one, other in zip(small.parameters(), large.parameters(), strict=True):
        assert torch.allclose(one, other, atol=1e-4)


@both
def test_what_is_dampened_and_how_it_was_measured_is_logged(method, make_task):
    logged = {}
    method(per_batch=True).unlearn(make_task(log=lambda values, epoch: logged.update(values)))
    assert 0 < logged["dampened_share"] < 1
    assert logged["importance_batch_size"] == make_task.recipe.batch_size
    method(per_batch=False).unlearn(make_task(log=lambda values, epoch: logged.update(values)))
    assert logged["importance_batch_size"] == 1


@both
def test_no_weight_is_more_important_to_a_share_of_all_faces_than_one_over_that_share(method, make_task):
    """So a larger alpha is refused rather than returning the model as it was."""
    task = make_task()
    forget, retain = len(task.forget.part("train")), len(task.retain.part("train"))
    with pytest.raises(InputError, match="dampen no weight for this forget set; give smaller ones"):
        method(alpha=1.001 * (forget + retain) / forget, per_batch=False).unlearn(task)


@both
def test_no_true_age_is_looked_at_so_faces_with_small_errors_matter_as_much_as_others(method, make_task):
    task = make_task()
    older = [FaceSet(faces.frame.assign(age=faces.frame.age + 9), faces.pixels) for faces in (task.retain, task.forget)]
    aged = replace(task, retain=older[0], forget=older[1])
    assert weights_digest(method().unlearn(aged)) == weights_digest(method().unlearn(task))


def test_the_noise_falls_with_the_fourth_root_of_the_information_in_units_of_its_mean():
    information = relative({"a": torch.tensor([1.0, 16.0]), "b": torch.tensor([[0.0], [1.0], [2.0]])})
    assert information["a"].tolist() == [0.25, 4.0]
    spread = FisherNoise(noise=0.1).spread(torch.tensor([1.0, 16.0, 81.0]))
    assert spread.tolist() == pytest.approx([0.1, 0.05, 0.1 / 3])


def test_the_information_of_the_last_bias_is_the_square_of_the_years_it_moves_an_answer(make_task):
    """A linear output is bias * age_std + age_mean, so that every answer moves by age_std, 12 years."""
    spec = replace(make_task.spec, output="linear")
    task = replace(make_task(), model=build(spec, seed=0).eval())
    information = mean_of_gradients(task.copy(), task.batches(vary=False), information_of(task.target), torch.square)
    assert information["head.7.bias"].item() == pytest.approx(144.0)


def test_every_weight_gets_noise_within_its_bound_and_batch_norms_keep_their_statistics(make_task):
    task = make_task()
    network = FisherNoise(noise=10.0, largest=0.1).unlearn(task)
    for weight, before in zip(network.parameters(), task.model.parameters(), strict=True):
        assert (weight - before).abs().max() < 6 * 0.1 * before.square().mean().sqrt() + 1e-12
    before, after = task.model.state_dict(), network.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before if "running" in name)


@pytest.mark.parametrize("settings", [{"noise": 0.0}, {"largest": 0.0}])
def test_without_noise_nothing_changes(make_task, settings):
    task = make_task()
    assert weights_digest(FisherNoise(**settings).unlearn(task)) == weights_digest(task.model)


def test_weights_that_no_answer_hangs_on_are_bounded_and_counted(make_task):
    """In the untrained head some hidden units are silent for every face: their information is 0."""
    shares = []
    for noise in (1e-9, 1e-3, 1e3):
        FisherNoise(noise=noise).unlearn(make_task(log=lambda values, epoch: shares.append(values["bounded_share"])))
    assert 0 < shares[0] < shares[1] < shares[2]
