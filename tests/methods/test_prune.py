import torch

from unlearning.methods.prune import PruneAnew
from unlearning.training.predict import predict

STILL = 1e-12


def weights(network) -> torch.Tensor:
    layers = [module for module in network.modules() if isinstance(module, (torch.nn.Conv2d, torch.nn.Linear))]
    return torch.cat([layer.weight.detach().flatten() for layer in layers])


def test_the_largest_hundredth_of_the_weights_stays_and_the_rest_is_new(make_task):
    task = make_task()
    before, after = weights(task.model), weights(PruneAnew(lr=STILL, amount=0.99).unlearn(task))
    same = torch.isclose(before, after, atol=1e-6)
    largest = before.abs().argsort(descending=True)[: len(before) // 100]
    assert same[largest].all()
    assert same.float().mean() < 0.02


def test_batch_norms_keep_their_weights(make_task):
    task = make_task()
    pruned = PruneAnew(lr=STILL).unlearn(task)
    for own, original in zip(pruned.modules(), task.model.modules(), strict=True):
        if isinstance(own, torch.nn.BatchNorm2d):
            assert torch.allclose(own.weight, original.weight, atol=1e-6)


def test_the_pull_brings_predictions_nearer_to_the_original_s(make_task):
    task = make_task(epochs=4)
    told = predict(task.model, task.retain)
    free, pulled = (predict(PruneAnew(lr=1e-3, pull=p).unlearn(make_task(epochs=4)), task.retain) for p in (0.0, 20.0))
    assert (pulled - told).abs().mean() < (free - told).abs().mean()
