"""Teachers that know nothing of the forgotten faces: what a student is to say of them."""

from __future__ import annotations

from collections.abc import Callable

import torch

from unlearning.methods.task import UnlearningTask
from unlearning.models.build import AgeNet
from unlearning.training.losses import absolute_error

# With the member's own seed a teacher would start, and see its faces in the order, of the retrained reference.
STREAM = 2
# Outputs whose standard deviation is less, in years, differ by rounding alone; dividing by it would blow that up.
FLAT = 1e-4


def proxy(task: UnlearningTask, lr: float, epochs: int) -> AgeNet:
    """An untrained twin after a little training on the retain set by Adam, frozen; its validation error is logged."""
    network, batches = task.fresh(task.seed + STREAM), task.batches(seed=STREAM, title="training a teacher that never saw them")
    task.fit(network, absolute_error, lr, batches, epochs=epochs, quiet=True, optimizer="adam", weight_decay=0.0)
    task.log({"proxy_error": task.error(network, task.retain.part("validation"))}, 0)
    return network.requires_grad_(False)


def untrained(task: UnlearningTask) -> Callable[[torch.Tensor], torch.Tensor]:
    """Pictures -> the ages that an untrained twin gives them, in years, brought to mean and spread of the retained ages.

    What an untrained network says hardly differs from picture to picture and means nothing in years. Its outputs are
    therefore standardised by their own mean and standard deviation over the retain set, and scaled to those of the true
    ages there, with one pass. Outputs that do not differ at all give the mean age.
    """
    network = task.fresh(task.seed + STREAM).to(task.fabric.device).requires_grad_(False).eval()
    shown = task.batches(vary=False, seed=STREAM, title="what an untrained teacher says")
    said = torch.cat([network(batch.images.to(task.fabric.device)) for batch in shown])
    ages = task.retain.part("train").ages
    centre, mean, spread = float(said.mean()), float(ages.mean()), float(said.std(correction=0))
    scale = float(ages.std(correction=0)) / spread if spread > FLAT else 0.0
    return lambda images: mean + scale * (network(images) - centre)
