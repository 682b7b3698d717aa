"""Same settings, same weights; and one optimisation with several milestones is several optimisations."""

import pytest

from unlearning.models.ensemble import load_model, weights_digest
from unlearning.registry.lookup import find
from unlearning.settings.forgetting import UnlearnSettings
from unlearning.steps.unlearn import unlearn
from unlearning.training.predict import predict
from unlearning.versions.files import model_folder, predictions_of

MODEL = "age-resnet50"


def digests(version) -> list[str]:
    return [weights_digest(member) for member in load_model(model_folder(version)).members]


def test_the_version_at_one_epoch_is_bit_for_bit_the_one_made_alone(trained):
    together = unlearn(UnlearnSettings(method="rnd", epochs=(1, 2)))
    alone = unlearn(UnlearnSettings(method="rnd", epochs=(1,)))
    assert digests(together[0]) == digests(alone[0])
    assert digests(together[0]) != digests(together[1])


def test_unlearning_twice_makes_the_same_version_and_leaves_the_one_it_starts_from(trained):
    before = digests(find(MODEL, "original"))
    assert digests(unlearn(UnlearnSettings(epochs=(2,)))[0]) == digests(find(MODEL, "4"))
    assert digests(find(MODEL, "original")) == before


def test_a_registered_version_predicts_what_its_table_says(untouched, faces):
    version = find(MODEL, "3")
    ensemble, table = load_model(model_folder(version)), predictions_of(version)
    for index, member in enumerate(ensemble.members):
        assert predict(member, faces).tolist() == pytest.approx(table[f"member_{index}"].tolist(), abs=1e-4)
    assert table.predicted.tolist() == pytest.approx(((table.member_0 + table.member_1) / 2).tolist())
