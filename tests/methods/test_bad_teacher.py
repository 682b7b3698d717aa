from dataclasses import replace

import pytest
import torch
from watched import watch

from unlearning.data.faces import Batch, FaceSet
from unlearning.methods.bad_teacher import BadTeacher
from unlearning.methods.incompetent import untrained
from unlearning.models.ensemble import weights_digest
from unlearning.training.predict import predict


def pictures(faces):
    return faces.images(torch.arange(len(faces))).permute(0, 3, 1, 2)


@pytest.mark.parametrize("output", ["sigmoid", "linear"])
def test_an_untrained_teacher_says_ages_with_mean_and_spread_of_the_retained_ones(output, make_task):
    task = replace(make_task, spec=replace(make_task.spec, output=output))()
    retained = task.retain.part("train")
    said = untrained(task)(pictures(retained))
    assert said.mean().item() == pytest.approx(retained.ages.mean().item(), abs=0.01)
    assert said.std(correction=0).item() == pytest.approx(retained.ages.std(correction=0).item(), rel=0.01)


def test_a_teacher_that_says_one_age_of_everybody_says_the_mean_of_the_retained_ones(make_task):
    task = make_task()

    def flat(seed):
        network = task.model
        torch.nn.init.zeros_(network.head[-1].weight)
        return network

    task = replace(task, fresh=flat)
    retained = task.retain.part("train")
    assert untrained(task)(pictures(retained)).tolist() == pytest.approx([retained.ages.mean().item()] * len(retained))


@pytest.mark.parametrize("teacher", ["random", "proxy"])
def test_faces_to_keep_are_learned_from_the_original_and_the_others_from_the_bad_teacher(teacher, make_task):
    """A student that is the original has no loss on faces to keep, and on the others its distance from the bad teacher."""
    task = make_task()
    loss = watch(BadTeacher(teacher=teacher, proxy_epochs=1), task)["loss"]

    def value(faces, forget):
        said = predict(task.model, faces)
        return loss(said, Batch(pictures(faces), faces.ages, torch.full((len(faces),), forget))).item()

    assert value(task.retain, False) == pytest.approx(0, abs=1e-4)
    if teacher == "random":
        forgotten = task.forget.part("train")
        distance = (predict(task.model, forgotten) - untrained(task)(pictures(forgotten))).abs().mean().item()
        assert value(forgotten, True) == pytest.approx(distance, abs=1e-4)
    assert value(task.forget, True) > 0.5


def test_no_face_is_shown_with_its_true_age(make_task):
    """Ages that go round among the faces to keep change nothing: the teacher knows their mean and spread only."""

    def run(turn):
        task = make_task()
        frame = task.retain.frame
        train = (frame.split == "train").to_numpy()
        ages = frame.age.to_numpy().copy()
        ages[train] = ages[train][::-1] if turn else ages[train]
        retain = FaceSet(frame.assign(age=ages), task.retain.pixels)
        return weights_digest(BadTeacher(teacher="random").unlearn(replace(task, retain=retain)))

    assert run(True) == run(False)


def test_a_share_of_the_retain_set_is_shown_and_all_of_it_once_to_the_bad_teacher(make_task):
    task = make_task(epochs=2)
    BadTeacher(retain_share=0.5, teacher="random").unlearn(task)
    count = len(task.retain.part("train"))
    assert task.meter.retain == count + 2 * round(0.5 * count)
    assert task.meter.forget == 2 * len(task.forget.part("train"))


def test_fewer_retained_faces_are_drawn_by_the_seed_from_training_faces(make_task):
    def chosen(seed=0):
        return make_task(seed=seed).with_fewer_retained(9).retain.frame

    assert len(chosen()) == 9
    assert set(chosen().split) == {"train"}
    assert set(chosen().id) == set(chosen().id)
    assert set(chosen().id) != set(chosen(seed=1).id)
