"""A task for every method: a small network, and some drawn faces whose pixels a test may change."""

import copy
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
import pytest
import torch

from forgetting import forget_set
from unlearning.data.faces import FaceSet
from unlearning.data.forget import ForgetSet, forget_mask, retain_mask
from unlearning.methods.task import UnlearningTask
from unlearning.models.build import build

RULE = "20-28"


@dataclass(frozen=True)
class TaskMaker:
    """Makes tasks that are equal but for what a test asks to differ."""

    faces: FaceSet
    original: torch.nn.Module
    spec: object
    recipe: object
    fabric: object

    @cached_property
    def asked(self) -> ForgetSet:
        """Who is to be forgotten."""
        return forget_set(RULE, self.faces.frame)

    def rows(self, part: str) -> np.ndarray:
        """The rows of the pixel map that hold ``test``, ``retain``/``forget`` training or ``validation`` pictures."""
        frame = self.faces.frame
        forget = forget_mask(frame, self.asked)
        train = (frame.split == "train").to_numpy()
        masks = {"retain": train & ~forget, "forget": train & forget}
        return frame["row"].to_numpy()[masks.get(part, (frame.split == part).to_numpy())]

    def __call__(self, seed=0, epochs=1, spoilt=(), **settings) -> UnlearningTask:
        """A task; the pictures of the parts in ``spoilt`` are turned into their negatives."""
        pixels = self.faces.pixels.copy()
        for part in spoilt:
            pixels[self.rows(part)] = 255 - pixels[self.rows(part)]
        faces = FaceSet(self.faces.frame, pixels)
        return UnlearningTask(
            model=copy.deepcopy(self.original),
            retain=faces.where(retain_mask(faces.frame, [self.asked])),
            forget=faces.where(forget_mask(faces.frame, self.asked)),
            fabric=self.fabric,
            seed=seed,
            fresh=partial(build, self.spec),
            recipe=self.recipe,
            epochs=epochs,
            **settings,
        )


@pytest.fixture(scope="session")
def untrained(spec):
    """The network that tasks have a copy of."""
    return build(spec, seed=0).eval()


@pytest.fixture
def make_task(faces, untrained, spec, recipe, fabric):
    """Half of the drawn faces; batches are small, so that an epoch has several steps."""
    few = FaceSet(faces.frame[::2], np.asarray(faces.pixels))
    return TaskMaker(few, untrained, spec, replace(recipe, batch_size=16), fabric)
