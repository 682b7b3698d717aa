from dataclasses import replace

import pytest
import torch

from unlearning.methods.msg import MaskedSmallGradients
from unlearning.models.blocks import convolutions


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
