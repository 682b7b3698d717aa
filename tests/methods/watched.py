"""A task that hands out what a method minimises instead of training: its loss, its batches and its settings."""

from dataclasses import fields

import torch

from unlearning.methods.task import UnlearningTask


class Watched(UnlearningTask):
    """Remembers the last training asked for that a user would see; phases before it are trained as ever."""

    def fit(self, model, loss, lr, batches=None, *, quiet=False, **changes):
        if quiet:
            return super().fit(model, loss, lr, batches, quiet=quiet, **changes)
        WATCHED.update(model=model, loss=loss, batches=batches, lr=lr, **changes)
        return model


WATCHED: dict = {}


def watch(method, task) -> dict:
    """What ``method`` minimises on ``task``: ``loss``, ``batches``, ``lr`` and its changes of the recipe."""
    WATCHED.clear()
    method.unlearn(Watched(**{field.name: getattr(task, field.name) for field in fields(task)}))
    return dict(WATCHED)


def faces_of(batches) -> list[tuple[bytes, float, bool]]:
    """The faces of one pass, in the order of their pictures: picture, age, and whether it is to be forgotten."""
    batches = list(batches)
    images = torch.cat([batch.images for batch in batches])
    ages = torch.cat([batch.ages for batch in batches]).tolist()
    forget = torch.cat([batch.forget for batch in batches]).tolist()
    return sorted(zip((image.numpy().tobytes() for image in images), ages, forget, strict=True))
