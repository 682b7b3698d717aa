"""Same settings, same weights: several milestones are several optimisations, and retraining as a method is the entry point."""

from dataclasses import replace

import pytest
import torch

from made import small, weights
from unlearning.errors import InputError
from unlearning.models.build import build
from unlearning.models.ensemble import load_model
from unlearning.registry.lookup import find
from unlearning.settings.forgetting import UnlearnSettings
from unlearning.settings.training import RetrainSettings
from unlearning.steps.retrain import retrain
from unlearning.steps.train import train
from unlearning.steps.unlearn import unlearn
from unlearning.training.predict import predict
from unlearning.versions.files import model_folder, predictions_of

MODEL = "age-resnet50"


def test_the_version_at_one_epoch_is_bit_for_bit_the_one_made_alone(trained):
    together = unlearn(UnlearnSettings(method="rnd", epochs=(1, 2)))
    alone = unlearn(UnlearnSettings(method="rnd", epochs=(1,)))
    assert weights(together[0]) == weights(alone[0])
    assert weights(together[0]) != weights(together[1])


def test_unlearning_twice_makes_the_same_version_and_leaves_the_one_it_starts_from(trained):
    before = weights(find(MODEL, "original"))
    assert weights(unlearn(UnlearnSettings(epochs=(2,)))[0]) == weights(find(MODEL, "4"))
    assert weights(find(MODEL, "original")) == before


def test_a_registered_version_predicts_what_its_table_says(untouched, faces):
    version = find(MODEL, "3")
    ensemble, table = load_model(model_folder(version)), predictions_of(version)
    for index, member in enumerate(ensemble.members):
        assert predict(member, faces).tolist() == pytest.approx(table[f"member_{index}"].tolist(), abs=1e-4)
    assert table.predicted.tolist() == pytest.approx(((table.member_0 + table.member_1) / 2).tolist())


def test_retraining_as_a_method_gives_the_weights_of_the_retrained_reference_bit_for_bit(trained):
    (version,) = unlearn(UnlearnSettings(method="retrain"))
    reference = find(MODEL, "retrained-20-28")
    found, expected = (load_model(model_folder(made)) for made in (version, reference))
    assert weights(version) == weights(reference)
    assert found.spec == expected.spec
    assert version.tag("exact") == "true"


@pytest.mark.slow
def test_it_begins_with_the_original_s_file_of_weights_wherever_the_reference_found_it(store, tmp_path, spec):
    first, moved = tmp_path / "first.pth", tmp_path / "moved.pth"
    torch.save(build(spec, seed=7).backbone.state_dict(), first)
    train(small(model=replace(spec, weights=str(first))))
    first.rename(moved)
    reference = retrain(RetrainSettings("20-28", weights=str(moved)))
    (version,) = unlearn(UnlearnSettings(method="retrain"))
    assert weights(version) == weights(reference)
    moved.write_bytes(b"other weights")
    with pytest.raises(InputError, match=rf"sha256 .*{moved} is not that file; put it there, and type the same command again"):
        unlearn(UnlearnSettings(method="retrain", model="original"))


def test_what_is_retrained_reads_a_linear_output_by_the_ages_of_the_retained_faces_alone(untouched, data):
    shown = data.manifest[data.manifest.split == "train"].age.tolist()
    kept = [age for age in shown if not 20 <= age <= 28]
    for label, ages in (("original", shown), ("retrained-20-28", kept)):
        spec, mean = load_model(model_folder(find(MODEL, label))).spec, sum(ages) / len(ages)
        assert spec.age_mean == pytest.approx(mean)
        assert spec.age_std == pytest.approx((sum((age - mean) ** 2 for age in ages) / len(ages)) ** 0.5)
    assert abs(sum(shown) / len(shown) - mean) > 1
