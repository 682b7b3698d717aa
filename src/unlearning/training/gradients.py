"""What the loss says of every weight: gradients collected over many faces, without changing the model.

All faces are seen in eval mode, so batch norm and dropout do not mix them, and sums are taken over samples, so the size of
a batch changes nothing but rounding.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable

import torch
from torch.func import functional_call, grad, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from unlearning.data.faces import Batch
from unlearning.training.fit import Loss

Weights = dict[str, torch.Tensor]
CHUNK = 8


def mean_gradient(model: torch.nn.Module, batches: Iterable[Batch], loss: Loss) -> Weights:
    """The gradient of the mean loss over all faces of ``batches``, by the name of the weight.

    ``loss`` is a mean over the samples of a batch; batches are weighted by their sizes.
    """
    twin, total, count = _twin(model), None, 0
    names = [name for name, _ in twin.named_parameters()]
    for batch in batches:
        batch = batch.to(next(twin.parameters()).device)
        value = loss(twin(batch.images), batch) * len(batch.ages)
        found = torch.autograd.grad(value, list(twin.parameters()), allow_unused=True, materialize_grads=True)
        total = found if total is None else [one + other for one, other in zip(total, found, strict=True)]
        count += len(batch.ages)
    return {name: value / count for name, value in zip(names, total, strict=True)}


def mean_square(model: torch.nn.Module, batches: Iterable[Batch], loss: Loss, *, per_batch: bool = False) -> Weights:
    """The mean over faces of the squared gradient of each face's own loss: the diagonal of the empirical Fisher matrix.

    ``per_batch`` squares the gradient of a batch's mean loss instead, as published code does; it then depends on the size
    of the batch.
    """
    return _mean(model, batches, loss, torch.square, per_batch)


def mean_size(model: torch.nn.Module, batches: Iterable[Batch], loss: Loss, *, per_batch: bool = False) -> Weights:
    """The mean over faces of the absolute gradient of each face's own loss."""
    return _mean(model, batches, loss, torch.abs, per_batch)


def _mean(model, batches: Iterable[Batch], loss: Loss, size, per_batch: bool) -> Weights:
    twin = _twin(model).to(memory_format=torch.contiguous_format)  # vmap has no fast rules for channels last
    weights = {name: weight.detach() for name, weight in twin.named_parameters()}
    buffers = dict(twin.named_buffers())

    def loss_of(weights: Weights, images, ages, forget) -> torch.Tensor:
        batch = Batch(images, ages, forget)
        return loss(functional_call(twin, (weights, buffers), (images,)), batch)

    def one(weights: Weights, image, age, forget) -> torch.Tensor:
        return loss_of(weights, image[None], age[None], forget[None])

    each = vmap(grad(one), in_dims=(None, 0, 0, 0))
    total, count = {name: torch.zeros_like(weight) for name, weight in weights.items()}, 0
    for batch in batches:
        batch = batch._replace(images=batch.images.contiguous()).to(next(twin.parameters()).device)
        if per_batch:
            found = grad(loss_of)(weights, *batch)
            total = {name: value + size(found[name]) for name, value in total.items()}
            count += 1
            continue
        for part in zip(*(values.split(CHUNK) for values in batch), strict=True):
            with sdpa_kernel(SDPBackend.MATH):  # vmap has no rule for the fast kernel of attention, and warns of that
                found = each(weights, *part)
            total = {name: value + size(found[name]).sum(0) for name, value in total.items()}
        count += len(batch.ages)
    return {name: value / count for name, value in total.items()}


def _twin(model: torch.nn.Module) -> torch.nn.Module:
    return copy.deepcopy(model).eval().requires_grad_(True)
