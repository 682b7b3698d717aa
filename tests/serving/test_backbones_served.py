"""A network of any kind of architecture is trained, saved, loaded and served like the study's."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image

from backbones import each_kind
from serving.conftest import loaded as loaded_version
from unlearning.data.faces import Batches
from unlearning.models.build import build
from unlearning.models.ensemble import load_model, save_member, save_spec, weights_digest
from unlearning.models.spec import ModelSpec
from unlearning.training.fit import fit
from unlearning.training.losses import absolute_error
from unlearning.training.predict import predict


@each_kind
def test_it_takes_a_step_comes_back_from_its_folder_bit_for_bit_and_answers(arch, faces, recipe, fabric, tmp_path):
    spec = ModelSpec(arch, 32)
    network, few = build(spec, seed=0), faces.where(np.arange(len(faces)) < 4)
    before = weights_digest(network)
    batches = Batches(few, None, 4, False, 0.0, seed=0)
    fit(fabric, network, batches, absolute_error, replace(recipe, epochs=1), seed=0, validation=few)
    assert weights_digest(network) != before
    save_member(network, tmp_path, 0)
    save_spec(tmp_path, spec, (0,), {})
    (loaded,) = load_model(tmp_path).members
    assert weights_digest(loaded) == weights_digest(network)
    ages = predict(network, few).numpy()
    assert np.array_equal(predict(loaded, few).numpy(), ages), "also where validation was measured before the last step"
    asked = pd.DataFrame({"image": [Image.fromarray(picture) for picture in few.images(torch.arange(4)).numpy()]})
    assert loaded_version(tmp_path).predict(None, asked) == pytest.approx(ages, abs=1e-3)
