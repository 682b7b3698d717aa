"""Training on the retain set: of the last blocks (cfk and euk), with a penalty, of transposed kernels, and from the start."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
import torch

from unlearning.data.faces import Batches
from unlearning.errors import InputError
from unlearning.methods.conv_transpose import transpose
from unlearning.methods.finetune import FineTune
from unlearning.methods.l1_sparse import SparseFineTune, negligible
from unlearning.methods.last_blocks import CatastrophicForgetting, LastBlocksAnew, free_last
from unlearning.methods.retrain import Retrain
from unlearning.models.blocks import blocks
from unlearning.models.build import build
from unlearning.models.ensemble import weights_digest
from unlearning.models.spec import ModelSpec
from unlearning.training.fit import fit
from unlearning.training.losses import absolute_error

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


def size(network) -> float:
    return sum(float(weight.detach().abs().sum()) for weight in network.parameters())


def test_the_penalty_falls_in_a_straight_line_to_nothing_behind_the_last_penalised_pass():
    method = SparseFineTune(gamma=0.8, plain_epochs=2)
    assert [method.penalty(number, 6) for number in range(1, 7)] == pytest.approx([0.8, 0.6, 0.4, 0.2, 0, 0])


def test_without_a_penalty_it_is_fine_tuning_and_the_penalty_makes_weights_smaller(make_task):
    plain = FineTune(lr=1e-3).unlearn(make_task())
    assert weights_digest(SparseFineTune(lr=1e-3, gamma=0.0).unlearn(make_task())) == weights_digest(plain)
    assert size(SparseFineTune(lr=1e-3, gamma=1.0).unlearn(make_task())) < 0.95 * size(plain)


def test_the_share_of_negligible_weights_is_logged_before_and_after(make_task):
    told = []
    network = SparseFineTune(gamma=1.0).unlearn(make_task(epochs=2, log=lambda values, epoch: told.append((epoch, values))))
    assert [epoch for epoch, _ in told] == [0, 2]
    assert told[0][1]["negligible"] < told[1][1]["negligible"] == negligible(network)


def test_no_pass_with_a_penalty_is_refused(make_task):
    with pytest.raises(InputError, match="plain_epochs=3 leaves none of 3 epochs"):
        SparseFineTune(plain_epochs=3).unlearn(make_task(epochs=3))


def network_of(*layers) -> torch.nn.Module:
    """Convolutions alone, with a name."""
    network = torch.nn.Sequential(*layers)
    network.spec = SimpleNamespace(arch="a-network")
    return network


def test_a_transposed_network_sees_mirrored_pictures_as_it_saw_pictures(make_task):
    task, mirrored = make_task(), make_task().copy()
    transpose(mirrored)
    images = next(iter(task.batches(vary=False))).images
    with torch.no_grad():
        said, again = task.model(images), mirrored(images.transpose(2, 3))
        assert torch.allclose(said, again, atol=1e-3)
        assert not torch.allclose(said, mirrored(images), atol=1e-3)


def test_height_and_width_of_square_kernels_change_places_and_a_network_without_any_is_refused():
    square, flat, point = (torch.nn.Conv2d(1, 1, size) for size in ((3, 3), (1, 7), 1))
    before = [layer.weight.detach().clone() for layer in (square, flat, point)]
    assert transpose(network_of(square, flat, point)) == 9 / 17
    assert torch.equal(square.weight[0, 0], before[0][0, 0].T)
    assert torch.equal(flat.weight, before[1])
    assert torch.equal(point.weight, before[2])
    with pytest.raises(InputError, match="a-network has no square kernel to transpose; choose a network that has"):
        transpose(network_of(torch.nn.Conv2d(3, 3, 1)))


def test_it_is_the_original_s_training_on_the_retain_set_bit_for_bit(make_task, spec, fabric):
    task = make_task(seed=3)
    faces, recipe, network = task.retain, task.recipe, build(spec, 3)
    batches = Batches(faces.part("train"), None, recipe.batch_size, recipe.flip, recipe.shift, 3)
    fit(fabric, network, batches, absolute_error, recipe, seed=3, validation=faces.part("validation"), keep_best=True)
    assert weights_digest(Retrain().unlearn(task)) == weights_digest(network)


def test_a_model_that_was_trained_in_slices_is_sent_to_sisa(make_task):
    with pytest.raises(InputError, match="method=sisa"):
        Retrain().unlearn(replace(make_task(), slices=object()))
