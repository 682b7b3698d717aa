"""Bad Teacher and Blindspot: what teachers say that know nothing of the forgotten faces, and what a student learns of it."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch
from watched import watch

from unlearning.data.faces import Batch, FaceSet
from unlearning.errors import InputError
from unlearning.methods.teachers import BadTeacher, Blindspot, Maps, proxy, untrained
from unlearning.models.ensemble import weights_digest
from unlearning.targets import AGE
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


class Plain(torch.nn.Module):
    """A network whose only stage hands on what it is given."""

    def __init__(self, stage=None):
        super().__init__()
        self.backbone = torch.nn.Sequential(stage or torch.nn.Identity())
        self.backbone.feature_info = [{"module": "0"}]
        self.spec = SimpleNamespace(arch="plain")

    def forward(self, images):
        return self.backbone(images).mean((1, 2, 3))


def test_a_map_is_the_mean_of_squared_activations_of_length_one():
    """Two channels at two positions: means of squares 3 and 4, and their length is 5."""
    network = Plain()
    with Maps(network) as maps:
        network(torch.tensor([[[[1.0, 2.0]], [[5.0**0.5, 2.0]]]]))
    assert maps.take()[0].tolist() == [pytest.approx([0.6, 0.8])]


def test_channels_may_come_last():
    """As above, with positions before channels, which timm's account of the stage numbers."""
    network = Plain()
    network.backbone.feature_info[0]["num_chs"] = 2
    with Maps(network) as maps:
        network(torch.tensor([[[[1.0, 5.0**0.5]], [[2.0, 2.0]], [[0.0, 0.0]]]]))
    assert maps.take()[0].tolist() == [pytest.approx([0.6, 0.8, 0.0])]


def test_the_stages_of_a_resnet_are_its_four_and_the_stem_is_none_of_them(make_task):
    network = make_task().copy()
    with Maps(network) as maps, torch.no_grad():
        network(torch.zeros(3, 3, 32, 32, dtype=torch.uint8))
        taken = maps.take()
    assert len(taken) == 4
    assert all(len(found) == 3 for found in taken)


@pytest.fixture
def known():
    """A loss whose parts are known: the proxy says 40, and the only maps are those given."""

    def make(mine, theirs, **settings):
        asked = []

        def blind(images):
            asked.append(len(images))
            return torch.full((len(images),), 40.0)

        own, other = (SimpleNamespace(take=lambda found=found: [torch.tensor(found)]) for found in (mine, theirs))
        return lambda predicted, batch: Blindspot(**settings).loss(predicted, batch, AGE, blind, own, other), asked

    return make


def batch_of(ages, forget):
    return Batch(torch.zeros(len(ages), 3, 2, 2), torch.tensor(ages), torch.tensor(forget))


def test_the_loss_by_hand(known):
    """A quarter is forgotten: .75 * mean(5, 1, 3) + .25 * (10 + 50 * mean(.36, .04)) = 2.25 + 2.5 + 2.5."""
    loss, asked = known([[9.0, 9.0], [0.6, 0.8], [9.0, 9.0], [9.0, 9.0]], [[0.0, 1.0]], attention=50.0)
    batch = batch_of([35.0, 20.0, 50.0, 60.0], [False, True, False, False])
    assert loss(torch.tensor([30.0, 50.0, 51.0, 57.0]), batch).item() == pytest.approx(7.25)
    assert asked == [1], "the proxy sees forgotten faces alone"


def test_a_batch_without_forgotten_faces_is_plain_training(known):
    loss, asked = known([[0.6, 0.8], [0.6, 0.8]], [[0.0, 1.0]])
    assert loss(torch.tensor([30.0, 51.0]), batch_of([35.0, 50.0], [False, False])).item() == pytest.approx(3)
    assert not asked


def test_the_proxy_never_sees_a_forgotten_face_learns_from_the_others_and_is_no_start_of_the_reference(make_task):
    blind = [weights_digest(proxy(make_task(spoilt=parts), 1e-2, 1)) for parts in ((), ("forget",), ("retain",))]
    assert blind[0] == blind[1] != blind[2]
    # That of a member starts from the member's seed, and the members of one model have seeds that follow each other.
    task = make_task()
    started = proxy(task, 1e-12, 1).head[-1].weight
    assert not any(started.allclose(task.fresh(task.seed + member).head[-1].weight) for member in range(10))


def test_a_network_without_stages_is_refused_before_anything_is_trained(make_task):
    task = make_task()
    task.model.backbone.feature_info = None
    with pytest.raises(InputError, match="timm names no stages of test_resnet"):
        Blindspot().unlearn(task)
    assert not task.meter.retain


def test_stages_without_positions_are_refused_with_what_to_choose():
    network = Plain(torch.nn.Flatten())
    with Maps(network), pytest.raises(InputError, match="plain has none; choose a convolutional network, as resnet50"):
        network.backbone(torch.ones(1, 2, 2, 2))


def test_blindspot_is_refused_on_several_devices_each_of_which_sees_a_part_of_a_batch(make_task):
    task = replace(make_task(), fabric=SimpleNamespace(world_size=2))
    with pytest.raises(InputError, match="legal: devices=1"):
        Blindspot().unlearn(task)
