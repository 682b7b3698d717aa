from dataclasses import replace

import pytest
import torch

from unlearning.methods.masks import disturb, held, highest, scaled, share_of
from unlearning.training.losses import absolute_error

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
