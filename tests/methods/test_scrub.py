from dataclasses import replace

import pytest
import torch

from unlearning.data.faces import Batch
from unlearning.errors import InputError
from unlearning.methods.scrub import ERROR, Scrub
from unlearning.models.ensemble import weights_digest
from unlearning.targets import AGE
from unlearning.training.predict import predict


def loss(predicted, ages, forget, teacher=30.0, cap=10.0, spread=1.0, **settings):
    """The loss of a batch of which the teacher says one age."""
    batch = Batch(torch.zeros(len(ages), 1), torch.tensor(ages), torch.tensor([forget] * len(ages)))
    says = lambda images: torch.full((len(images),), teacher)  # noqa: E731
    return Scrub(**settings).loss(torch.tensor(predicted), batch, AGE, says, cap, spread).item()


def test_on_the_forget_set_it_leaves_the_teacher_up_to_the_cap_of_each_face():
    """Distances 4, 6 and 25, of which 10 counts; true ages do not."""
    assert loss([34.0, 24.0, 55.0], [1.0, 2.0, 3.0], forget=True) == pytest.approx(-20 / 3)


def test_on_the_retain_set_it_minimises_the_error_and_half_the_distance_from_the_teacher():
    """Errors 1 and 3, distances 4 and 25, which no cap holds there."""
    assert loss([34.0, 55.0], [33.0, 52.0], forget=False) == pytest.approx(2 + 0.5 * 14.5)
    assert loss([34.0, 55.0], [33.0, 52.0], forget=False, label_weight=3.0, teacher_weight=0.0) == pytest.approx(6)


def test_gaussian_distances_are_squares_in_units_of_the_spread_and_the_cap_is_still_in_years():
    """Distances 4 and 10 instead of 25: (16 + 100) / 2 faces / (2 * 4)."""
    assert loss([34.0, 55.0], [0.0, 0.0], forget=True, spread=2.0, distance="gaussian") == pytest.approx(-7.25)


def test_the_spread_is_the_deviation_of_the_original_s_errors_on_unseen_faces_to_keep(make_task):
    task = make_task()
    unseen = task.retain.part("validation")
    errors = (predict(task.model, unseen) - unseen.ages).double().numpy()
    assert Scrub(distance="gaussian").spread_of(task.frozen(), task) == pytest.approx(errors.std())


def test_gaussian_distances_need_errors_that_differ(make_task):
    task = make_task()
    alone = task.retain.where(task.retain.frame.id == task.retain.part("validation").frame.id[0])
    with pytest.raises(InputError, match="use distance=absolute"):
        Scrub(distance="gaussian").spread_of(task.frozen(), replace(task, retain=alone))


def test_the_rate_falls_to_a_tenth_after_epochs_5_8_and_9():
    rates = [Scrub().rate(number) for number in range(1, 11)]
    assert rates == pytest.approx([1.0] * 5 + [0.1] * 3 + [0.01, 0.001])
    assert [Scrub(decay_after="").rate(number) for number in (1, 10)] == [1, 1]


def test_only_the_leading_epochs_show_the_forget_set(make_task):
    task = make_task(epochs=3)
    Scrub(ascent_epochs=2).unlearn(task)
    assert task.meter.forget == 2 * len(task.forget.part("train"))
    assert task.meter.retain == 3 * len(task.retain.part("train"))


def test_an_epoch_of_ascent_takes_forgotten_faces_from_what_the_teacher_says(make_task):
    def moved(ascent_epochs):
        task = make_task(epochs=3)
        student = Scrub(lr=5e-3, rewind=False, ascent_epochs=ascent_epochs).unlearn(task)
        return (predict(student, task.forget) - predict(task.model, task.forget)).abs().mean()

    assert moved(3) > moved(0) + 1


@pytest.mark.parametrize(("errors", "chosen"), [([4.0, -0.5, 3.0], 2), ([1.0, 9.0, -1.0], 3), ([0.0, 1.0, 2.0], 1)])
def test_it_rewinds_to_the_forget_error_closest_to_the_last_network_s_on_unseen_faces_like_them(make_task, errors, chosen):
    """``errors`` are told relative to that; of two as close the later is taken."""
    logged = {}
    task = make_task(epochs=3, log=lambda values, epoch: logged.update(values))
    student = task.fresh(9).eval()
    aim = task.error(student, task.forget.part("validation"))
    networks = [task.fresh(seed) for seed in (1, 2, 3)]
    for epoch, (error, network) in enumerate(zip(errors, networks, strict=True), 1):
        kept = network.state_dict() | {ERROR: torch.tensor(aim + error, dtype=torch.float64)}
        task.checkpoints.put(f"epoch-{epoch}", kept)
    assert weights_digest(Scrub().rewound(student, task)) == weights_digest(networks[chosen - 1])
    assert logged["rewound_to"] == chosen
    assert logged["unseen_error_at_end"] == pytest.approx(aim)


def test_the_network_returned_is_one_that_was_seen_after_an_epoch_and_the_last_without_rewinding(make_task):
    seen = []
    task = make_task(epochs=3, after_epoch=lambda epoch, model: seen.append(weights_digest(model)))
    assert weights_digest(Scrub().unlearn(task)) in seen
    assert len(seen) == 3
    assert weights_digest(Scrub(rewind=False).unlearn(task)) == seen[-1]
