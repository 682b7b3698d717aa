"""A served model as MLflow loads it, and pictures as callers send them."""

import io
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from asking import asked as asked
from asking import pictures as pictures
from asking import texts as texts
from unlearning.models.build import build
from unlearning.models.ensemble import save_member, save_spec
from unlearning.naming import MODEL_ARTIFACT
from unlearning.serving.age_model import AgeModel


def loaded(folder) -> AgeModel:
    """The served model of a saved one."""
    model = AgeModel()
    model.load_context(SimpleNamespace(artifacts={MODEL_ARTIFACT: str(folder)}))
    return model


@pytest.fixture(scope="session")
def age_model(spec, tmp_path_factory):
    """Two members of random weights, saved and loaded; their last layers are enlarged, so that faces get different ages."""
    folder = tmp_path_factory.mktemp("served")
    for index, seed in enumerate((0, 1)):
        network = build(spec, seed)
        with torch.no_grad():
            network.head[-1].weight.mul_(200)
        save_member(network, folder, index)
    save_spec(folder, spec, (0, 1), {})
    return loaded(folder)


@pytest.fixture(scope="session")
def picture():
    """seed -> the bytes of a picture of coarse noise."""

    def make(seed=0, kind="PNG", size=(40, 40)) -> bytes:
        noise = np.random.default_rng(seed).integers(0, 256, (4, 4, 3), dtype=np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(noise).resize(size, Image.Resampling.BICUBIC).save(buffer, kind)
        return buffer.getvalue()

    return make


@pytest.fixture(scope="session")
def ask(age_model):
    """Ask the served model for the ages of pictures in any spelling."""

    def ages(*pictures):
        return age_model.predict(None, pd.DataFrame({"image": list(pictures)}))

    return ages
