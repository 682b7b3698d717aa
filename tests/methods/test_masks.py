"""Masks that hold weights, and the two methods that choose weights by gradients: msg and salun."""

from dataclasses import replace

import pytest
import torch
from watched import watch

from unlearning.data.faces import Batch, FaceSet
from unlearning.methods.masks import disturb, held, highest, scaled, share_of
from unlearning.methods.msg import MaskedSmallGradients
from unlearning.methods.salun import SaliencyUnlearning
from unlearning.models.blocks import convolutions
from unlearning.training.losses import absolute_error
from unlearning.training.predict import predict

OPTIMIZERS = [
    {"optimizer": "adamw", "weight_decay": 0.5},
    {"optimizer": "adam", "weight_decay": 0.5},
    {"optimizer": "sgd", "momentum": 0.9, "weight_decay": 0.5},
]


def half(network, seed=0) -> dict[str, torch.Tensor]:
    """Masks of about half of the weights, drawn at random."""
    random = torch.Generator().manual_seed(seed)
    return {name: torch.rand(weight.shape, generator=random) < 0.5 for name, weight in network.named_parameters()}


def same(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Where two tensors agree in every bit."""
    return one.detach().view(torch.int32) == other.detach().view(torch.int32)


def test_the_highest_scores_of_all_weights_together_are_chosen():
    chosen = highest({"a": torch.tensor([1.0, 5.0, 3.0]), "b": torch.tensor([[4.0], [2.0]])}, 0.4)
    assert chosen["a"].tolist() == [False, True, False]
    assert chosen["b"].tolist() == [[True], [False]]
    assert share_of(chosen) == 0.4


@pytest.mark.parametrize("changes", OPTIMIZERS, ids=lambda changes: changes["optimizer"])
def test_weights_outside_the_masks_stay_bit_for_bit_whatever_decay_and_momentum_want(make_task, changes):
    task = make_task(epochs=2)
    network = task.copy()
    masks = half(network)
    with held(network, masks) as put_back:
        task.fit(network, absolute_error, 1e-3, after_update=put_back, **changes)
    for (name, weight), before in zip(network.named_parameters(), task.model.parameters(), strict=True):
        assert same(weight, before)[~masks[name]].all()
    moved = [~same(weight, before) for weight, before in zip(network.parameters(), task.model.parameters(), strict=True)]
    assert sum(int(one.sum()) for one in moved) > 0.99 * sum(int(mask.sum()) for mask in masks.values())


def test_what_an_optimiser_remembers_of_weights_outside_the_masks_is_nothing():
    weight = torch.nn.Parameter(torch.ones(2))
    network = torch.nn.ParameterDict({"weight": weight})
    adam = torch.optim.AdamW([weight], lr=0.1, weight_decay=0.5)
    with held(network, {"weight": torch.tensor([True, False])}) as put_back:
        for _ in range(3):
            adam.zero_grad()
            weight.square().sum().backward()
            adam.step()
            put_back()
    assert weight[0] != 1
    assert weight[1] == 1
    assert adam.state[weight]["exp_avg"][1] == adam.state[weight]["exp_avg_sq"][1] == 0


def test_a_bound_on_the_gradient_counts_the_masked_gradients_alone(make_task):
    """One weight is free: a plain step at rate 1 is then as long as the bound, whatever the others' gradients are."""
    task = make_task()
    task = replace(task, recipe=replace(task.recipe, batch_size=len(task.retain)))
    network = task.copy()
    masks = {name: torch.zeros_like(weight, dtype=torch.bool) for name, weight in network.named_parameters()}
    masks["head.7.bias"][0] = True
    before = network.head[7].bias.item()
    with held(network, masks) as put_back:
        task.fit(network, absolute_error, 1.0, after_update=put_back, optimizer="sgd", weight_decay=0.0, clip=1e-3)
    assert abs(network.head[7].bias.item() - before) == pytest.approx(1e-3, rel=1e-2)


def test_gradients_are_multiplied_by_their_factors_and_others_are_not():
    network = torch.nn.Linear(2, 1)
    with scaled(network, {"weight": torch.tensor([[0.1, 1.0]])}):
        network(torch.ones(1, 2)).sum().backward()
    assert network.weight.grad.tolist() == [[pytest.approx(0.1), 1.0]]
    assert network.bias.grad.item() == 1


def test_noise_has_the_size_asked_for_and_reaches_the_masks_alone():
    network = torch.nn.Linear(200, 200)
    before = network.weight.detach().clone()
    mask = half(network)["weight"]
    disturb(network, {"weight": mask}, 0.5, torch.Generator().manual_seed(1))
    assert same(network.weight, before)[~mask].all()
    assert (network.weight - before)[mask].std().item() == pytest.approx(0.5 * before.std().item(), rel=0.05)


def numbered(network) -> dict[str, torch.Tensor]:
    """Another gap for every weight of a tensor, in an order of no meaning."""
    random = torch.Generator().manual_seed(0)
    return {n: torch.randperm(w.numel(), generator=random).view(w.shape) - w.numel() / 2 for n, w in network.named_parameters()}


def test_in_every_convolution_the_weights_with_the_smallest_gaps_are_redrawn_and_no_others(make_task):
    task = make_task()
    network, gap = task.copy(), numbered(task.model)
    masks = MaskedSmallGradients(redrawn=0.3).redraw(network, gap, torch.Generator().manual_seed(0))
    assert masks.keys() == {f"{name}.weight" for name in convolutions(network)}
    for (name, weight), before in zip(network.named_parameters(), task.model.parameters(), strict=True):
        changed = weight != before
        if name not in masks:
            assert not changed.any()
            continue
        assert torch.equal(changed, masks[name])
        assert changed.sum() == round(0.3 * weight.numel())
        assert gap[name][changed].abs().max() <= gap[name][~changed].abs().min()


def test_new_weights_have_the_variance_of_two_over_the_outputs_of_an_input(make_task):
    network = make_task().copy()
    MaskedSmallGradients(redrawn=1.0).redraw(network, numbered(network), torch.Generator().manual_seed(0))
    layer = max(convolutions(network).values(), key=lambda layer: layer.weight.numel())
    outputs = layer.out_channels * layer.kernel_size[0] * layer.kernel_size[1] / layer.groups
    assert layer.weight.std().item() == pytest.approx((2 / outputs) ** 0.5, rel=0.05)


def test_kept_weights_of_convolutions_follow_their_gradients_as_far_as_asked(make_task):
    """At 0, and without weight decay, they stay bit for bit; the head is free."""
    task = make_task()
    network = MaskedSmallGradients(redrawn=0.3, kept_rate=0.0, weight_decay=0.0).unlearn(task)
    for layer, before in zip(convolutions(network).values(), convolutions(task.model).values(), strict=True):
        kept = layer.weight == before.weight
        assert kept.sum() == layer.weight.numel() - round(0.3 * layer.weight.numel())
    assert (network.head[0].weight != task.model.head[0].weight).float().mean() > 0.9


@pytest.mark.parametrize(("forgotten", "compared"), [(5, 5), (10_000, 10_000)])
def test_as_many_retained_faces_are_compared_as_are_forgotten_or_all(make_task, forgotten, compared):
    task = make_task()
    faces = task.forget.part("train")
    task = replace(task, forget=faces.where(faces.frame.index < forgotten))
    MaskedSmallGradients().gap(task, task.copy())
    assert task.meter.forget == min(forgotten, len(faces))
    assert task.meter.retain == min(compared, len(faces), len(task.retain.part("train")))


def test_sets_that_pull_alike_leave_no_gap(make_task):
    task = make_task()
    gap = MaskedSmallGradients().gap(replace(task, retain=task.forget), task.copy())
    assert all(not value.any() for value in gap.values())


def unchanged(network, model) -> float:
    """The share of all weights that are bit for bit those of the model."""
    pairs = list(zip(network.parameters(), model.parameters(), strict=True))
    return sum(int((one == other).sum()) for one, other in pairs) / sum(one.numel() for one, _ in pairs)


@pytest.mark.parametrize("saliency", ["sum", "face"])
def test_nine_weights_of_ten_stay_bit_for_bit_with_momentum_and_weight_decay(make_task, saliency):
    task = make_task(epochs=2)
    network = SaliencyUnlearning(top=0.1, saliency=saliency, lr=1e-2, weight_decay=0.5).unlearn(task)
    assert 0.9 - 1e-5 <= unchanged(network, task.model) < 0.92


def test_every_pass_shows_the_forget_set_first_and_then_the_retain_set(make_task):
    task = make_task(epochs=2)
    batches = watch(SaliencyUnlearning(), task)["batches"]
    for _ in range(2):
        flags = torch.cat([batch.forget for batch in batches])
        forgotten = len(task.forget.part("train"))
        assert flags[:forgotten].all()
        assert not flags[forgotten:].any()
        assert len(flags) == forgotten + len(task.retain.part("train"))


def test_forgotten_faces_get_any_age_of_the_range_and_others_keep_theirs(make_task):
    loss = watch(SaliencyUnlearning(youngest=30, oldest=32), make_task())["loss"]
    kept, gone = (Batch(None, torch.tensor([50.0]), torch.tensor([flag])) for flag in (False, True))
    assert {loss(torch.zeros(1), kept).item() for _ in range(20)} == {50.0}
    drawn = [loss(torch.zeros(1), gone).item() for _ in range(200)]
    assert 30 <= min(drawn) < 30.1
    assert 31.9 < max(drawn) <= 32


def test_faces_thought_too_old_cancel_those_thought_too_young_in_the_sum_alone(make_task):
    """The same picture twice, five years above and five below what the model says."""
    task = make_task()
    face = task.forget.part("train")
    face = face.where(face.frame.index == 0)
    said = predict(task.model, face).item()
    twice = FaceSet(face.frame.loc[[0, 0]].assign(age=[said - 5, said + 5]), face.pixels)
    task = replace(task, forget=twice)
    summed, sized = (SaliencyUnlearning(saliency=name).scores(task, task.copy()) for name in ("sum", "face"))
    assert max(score.max() for score in summed.values()) < 1e-3 * max(score.max() for score in sized.values())
