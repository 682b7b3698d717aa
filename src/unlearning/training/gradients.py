"""Gradients of a loss with respect to every weight, collected over many faces, without changing the model.

All faces are seen in eval mode, so batch norm and dropout do not mix them, and sums are taken over samples, so the size of
a batch changes nothing but rounding.
"""

import copy
from collections.abc import Callable, Iterable

import torch
from torch.func import functional_call, grad, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from unlearning.data.faces import Batch
from unlearning.training.fit import Loss

Weights = dict[str, torch.Tensor]
Size = Callable[[torch.Tensor], torch.Tensor]
CHUNK = 8  # faces whose gradients are in memory at once, each as large as the network


def mean_gradient(model: torch.nn.Module, batches: Iterable[Batch], loss: Loss) -> Weights:
    """The gradient of the mean loss over all faces of ``batches``, by the name of the weight.

    ``loss`` is a mean over the samples of a batch; batches are weighted by their sizes.
    """
    twin, count = _twin(model), 0
    total = {name: torch.zeros_like(weight) for name, weight in twin.named_parameters()}
    for batch in batches:
        batch = batch.to(next(twin.parameters()).device)
        value = loss(twin(batch.images), batch) * len(batch.ages)
        gradients = torch.autograd.grad(value, list(twin.parameters()), allow_unused=True, materialize_grads=True)
        total = {name: before + one for (name, before), one in zip(total.items(), gradients, strict=True)}
        count += len(batch.ages)
    return {name: value / count for name, value in total.items()}


def mean_of_gradients(
    model: torch.nn.Module, batches: Iterable[Batch], loss: Loss, size: Size, *, per_batch: bool = False
) -> Weights:
    """The mean over faces of the size of the gradient of each face's own loss, by the name of the weight.

    Args:
        size: ``torch.square``, which gives the diagonal of the empirical Fisher matrix, or ``torch.abs``.
        per_batch: take the size of the gradient of a batch's mean loss instead, as published code does; it then depends on
            the size of the batch.
    """
    twin = _twin(model)
    # vmap has no fast rules for channels last
    twin.to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]  # which torch's annotations leave out
    weights = {name: weight.detach() for name, weight in twin.named_parameters()}
    buffers = dict(twin.named_buffers())

    def loss_of(weights: Weights, images: torch.Tensor, ages: torch.Tensor, forget: torch.Tensor) -> torch.Tensor:
        return loss(functional_call(twin, (weights, buffers), (images,)), Batch(images, ages, forget))

    def loss_of_one(weights: Weights, image: torch.Tensor, age: torch.Tensor, forget: torch.Tensor) -> torch.Tensor:
        return loss_of(weights, image[None], age[None], forget[None])

    of_each = vmap(grad(loss_of_one), in_dims=(None, 0, 0, 0))
    total, count = {name: torch.zeros_like(weight) for name, weight in weights.items()}, 0
    for batch in batches:
        batch = batch._replace(images=batch.images.contiguous()).to(next(twin.parameters()).device)
        if per_batch:
            gradients = grad(loss_of)(weights, *batch)
            total = {name: value + size(gradients[name]) for name, value in total.items()}
            count += 1
            continue
        for part in zip(*(torch.split(values, CHUNK) for values in batch), strict=True):
            with sdpa_kernel(SDPBackend.MATH):  # vmap has no rule for the fast kernel of attention, and warns of that
                gradients = of_each(weights, *part)
            total = {name: value + size(gradients[name]).sum(0) for name, value in total.items()}
        count += len(batch.ages)
    return {name: value / count for name, value in total.items()}


def _twin(model: torch.nn.Module) -> torch.nn.Module:
    return copy.deepcopy(model).eval().requires_grad_(True)
