"""Retraining as a method ends where the entry point ends."""

import pytest

from unlearning.models.ensemble import load_model, weights_digest
from unlearning.registry.lookup import find
from unlearning.steps.settings import UnlearnSettings
from unlearning.steps.unlearn import unlearn
from unlearning.versions.files import model_folder

MODEL = "age-resnet50"


def test_retraining_as_a_method_gives_the_weights_of_the_retrained_reference_bit_for_bit(trained):
    (version,) = unlearn(UnlearnSettings(method="retrain"))
    reference = find(MODEL, "retrained-20-28")
    found, expected = (load_model(model_folder(made)) for made in (version, reference))
    assert [weights_digest(member) for member in found.members] == [weights_digest(member) for member in expected.members]
    assert found.spec == expected.spec
    assert version.tag("exact") == "true"


def test_what_is_retrained_reads_a_linear_output_by_the_ages_of_the_retained_faces_alone(untouched, data):
    shown = data.manifest[data.manifest.split == "train"].age.tolist()
    kept = [age for age in shown if not 20 <= age <= 28]
    for label, ages in (("original", shown), ("retrained-20-28", kept)):
        spec, mean = load_model(model_folder(find(MODEL, label))).spec, sum(ages) / len(ages)
        assert spec.age_mean == pytest.approx(mean)
        assert spec.age_std == pytest.approx((sum((age - mean) ** 2 for age in ages) / len(ages)) ** 0.5)
    assert abs(sum(shown) / len(shown) - mean) > 1
