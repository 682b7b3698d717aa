"""Small enough to compute by hand: a model that says one age of everybody, and faces that are nothing but ages."""

import numpy as np
import pandas as pd
import pytest
import torch

from unlearning.data.faces import FaceSet
from unlearning.training.recipe import Recipe


class OneAge(torch.nn.Module):
    """The same age for every picture. Adam moves it by its learning rate a step, towards the median age."""

    def __init__(self, years: float):
        super().__init__()
        self.years = torch.nn.Parameter(torch.tensor([years]))

    def forward(self, images):
        return self.years * torch.ones(len(images), device=images.device)


@pytest.fixture(scope="session")
def one_age():
    """years -> a model that says this age of everybody."""
    return OneAge


@pytest.fixture(scope="session")
def aged():
    """ages -> a set of black faces of these ages."""

    def make(*ages):
        frame = pd.DataFrame({"id": [f"face-{i}" for i in range(len(ages))], "age": ages, "row": range(len(ages))})
        return FaceSet(frame.assign(split="train"), np.zeros((max(len(ages), 1), 4, 4, 3), dtype=np.uint8))

    return make


@pytest.fixture(scope="session")
def one_year_a_step():
    """A recipe under which Adam takes steps of one year, and nothing is random."""
    return Recipe("adam", 1.0, 0.0, "constant", epochs=5, flip=False, precision="32-true")
