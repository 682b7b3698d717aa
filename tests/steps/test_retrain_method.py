"""Retraining as a method ends where the entry point ends."""

import pytest

from unlearning.errors import InputError
from unlearning.models.ensemble import load_model, weights_digest
from unlearning.steps.lineage import model_folder
from unlearning.steps.settings import UnlearnSettings
from unlearning.steps.unlearn import unlearn
from unlearning.tracking import registry

MODEL = "age-resnet50"


def test_retraining_as_a_method_gives_the_weights_of_the_retrained_reference_bit_for_bit(trained):
    (version,) = unlearn(UnlearnSettings(method="retrain"))
    reference = registry.find(MODEL, "retrained-20-28")
    found, expected = (load_model(model_folder(made)).members for made in (version, reference))
    assert [weights_digest(member) for member in found] == [weights_digest(member) for member in expected]
    assert version.tag("exact") == "true"


def test_passes_cannot_be_asked_of_a_retraining(trained):
    with pytest.raises(InputError, match="epochs=3: retrain makes no passes"):
        unlearn(UnlearnSettings(method="retrain", epochs=(3,)))
