"""CF-k and EU-k: what is frozen stays as it was, and what is drawn anew was."""

from dataclasses import replace

import pytest
import torch

from unlearning.errors import InputError
from unlearning.methods.last_blocks import CatastrophicForgetting, LastBlocksAnew, free_last
from unlearning.models.blocks import blocks
from unlearning.models.build import build
from unlearning.models.spec import ModelSpec

BOTH = pytest.mark.parametrize("kind", [CatastrophicForgetting, LastBlocksAnew])


def parts(network, k):
    """States of the frozen pieces and of the last k blocks with the head."""
    pieces = [{f"{i}.{k}": v for i, m in enumerate(piece) for k, v in m.state_dict().items()} for piece in blocks(network)]
    return pieces[: -1 - k], pieces[-1 - k :]


def same(one: dict, other: dict) -> bool:
    return all(torch.equal(value, other[name]) for name, value in one.items())


@pytest.mark.parametrize(("arch", "depth"), [("test_vit3", 9), ("gmlp_ti16_224", 30), ("test_resnet", 4)])
def test_a_transformer_and_a_mixer_have_as_many_blocks_as_they_are_deep(arch, depth):
    assert len(blocks(build(ModelSpec(arch, 32), 0))) == depth + 2


@BOTH
@pytest.mark.parametrize("k", [0, 2])
def test_only_the_last_k_blocks_and_the_head_move_statistics_of_batch_norms_included(make_task, kind, k):
    task = make_task()
    network = kind(k=k, lr=1e-2).unlearn(replace(task, recipe=replace(task.recipe, weight_decay=0.5)))
    (frozen, moved), (before, was) = parts(network, k), parts(task.model, k)
    assert all(map(same, frozen, before))
    assert not any(map(same, moved, was))


@BOTH
def test_more_blocks_than_there_are_is_refused_with_their_number(make_task, kind):
    with pytest.raises(InputError, match="k=5 is not possible; test_resnet has 4 blocks, so legal: 0 to 4"):
        kind(k=5).unlearn(make_task())


def test_all_blocks_but_the_stem_can_be_trained(make_task):
    network = make_task().copy()
    free_last(network, 4)
    assert not any(weight.requires_grad for module in blocks(network)[0] for weight in module.parameters())


def test_euk_starts_its_last_blocks_from_the_seed_and_not_from_the_model(make_task):
    """After a step at a tiny rate the weights are still those that were drawn."""
    first, again, other = (LastBlocksAnew(lr=1e-12).unlearn(make_task(seed=seed)) for seed in (0, 0, 1))
    heads = [network.head[0].weight.detach() for network in (first, again, other)]
    assert torch.equal(heads[0], heads[1])
    assert (heads[0] - heads[2]).abs().mean() > 1e-3
    assert (heads[0] - make_task.original.head[0].weight.detach()).abs().mean() > 1e-3


def test_euk_lets_new_batch_norms_collect_statistics_of_the_retain_set(make_task):
    task = make_task()
    before, after = task.model.state_dict(), LastBlocksAnew(k=1).unlearn(task).state_dict()
    counts = [name for name in after if name.endswith("num_batches_tracked")]
    assert after[counts[-1]] == len(task.batches())
    assert after[counts[0]] == before[counts[0]]
