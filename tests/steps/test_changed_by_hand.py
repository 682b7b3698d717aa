"""What people change in MLflow's UI: what can still be done goes on, a check names it, and repair mends it."""

import mlflow
import pytest

from unlearning.errors import InputError
from unlearning.steps.promote import promote
from unlearning.steps.registry_settings import RepairSettings, StatusSettings
from unlearning.steps.repair import repair
from unlearning.steps.settings import PromoteSettings, UnlearnSettings
from unlearning.steps.status import show
from unlearning.steps.unlearn import unlearn
from unlearning.tracking import mending, registry

MODEL = "age-resnet50"
BESIDE_BOTH = "test_mae <= 100 * original.test_mae, test_mae <= 100 * retrained.test_mae"


@pytest.fixture
def client(trained):
    return mlflow.MlflowClient()


def found() -> list[str]:
    return [str(one) for one in mending.examine(MODEL).found]


def test_a_store_that_nobody_touched_is_sound(trained):
    assert found() == []


def test_what_descends_from_a_deleted_version_is_promoted_all_the_same(client):
    """As if version 4 had been made from version 3: of that one the audit log knows where it came from."""
    client.set_model_version_tag(MODEL, "4", "parent_version", "3")
    client.delete_model_version(MODEL, "3")
    assert promote(PromoteSettings("4", BESIDE_BOTH)).number == 4


def test_without_an_original_the_gates_that_name_it_are_refused_and_others_decide(client):
    client.delete_model_version(MODEL, "1")
    with pytest.raises(InputError, match=r"original\.test_mae cannot be decided: .*version 1 was deleted.*retrained\.METRIC"):
        promote(PromoteSettings("4", BESIDE_BOTH))
    assert promote(PromoteSettings("4", "test_mae <= 100 * retrained.test_mae")).number == 4


def test_versions_that_name_each_other_as_parents_end_in_a_sentence(client):
    client.set_model_version_tag(MODEL, "3", "parent_version", "4")
    client.set_model_version_tag(MODEL, "4", "parent_version", "3")
    with pytest.raises(InputError, match=r"version 3 names version 4 as its parent.*mlflow run \. -e status -P check=true"):
        promote(PromoteSettings("4", BESIDE_BOTH))
    repair(RepairSettings())
    assert promote(PromoteSettings("4", BESIDE_BOTH)).number == 4


@pytest.mark.parametrize("value", ["good", "", "nan", "0.987"])
def test_a_score_that_was_written_over_is_shown_named_and_measured_anew(client, capsys, value):
    before = registry.find(MODEL, "3").tag("F")
    client.set_model_version_tag(MODEL, "3", "F", value)
    with pytest.raises(InputError, match=r"1 inconsistency.*-e repair"):
        show(StatusSettings(check=True))
    assert f"version 3 has the tag F={value!r}, which should be {before!r}: that was measured" in capsys.readouterr().out
    repair(RepairSettings())
    assert registry.find(MODEL, "3").tag("F") == before
    assert found() == []


def test_words_where_nothing_was_measured_go(client):
    client.set_model_version_tag(MODEL, "3", "cka", "high")
    assert found() == [
        "version 3 has the tag cka='high', which should not be there: it is no number, and nobody has measured one"
    ]
    repair(RepairSettings())
    assert "cka" not in registry.find(MODEL, "3").tags


def test_a_reference_that_lost_its_seconds_is_measured_against_and_gets_them_back(client):
    before = registry.find(MODEL, "2").tag("seconds")
    client.delete_model_version_tag(MODEL, "2", "seconds")
    (made,) = unlearn(UnlearnSettings(forget_set="20-28", epochs=(1,)))
    assert "seconds_ratio" not in made.tags
    assert found() == [f"version 2 has lost the tag seconds={before!r}: that was measured"]
    repair(RepairSettings())
    assert registry.find(MODEL, "2").tag("seconds") == before


def test_a_number_without_which_nothing_can_be_decided_is_asked_for(client):
    client.set_model_version_tag(MODEL, "4", "alpha", "wide")
    with pytest.raises(InputError, match=r"alpha='wide', which is no number; put it back with: mlflow run \. -e repair"):
        promote(PromoteSettings("4", BESIDE_BOTH))
    repair(RepairSettings())
    assert promote(PromoteSettings("4", BESIDE_BOTH)).number == 4


def test_a_deleted_run_is_named_and_brought_back(client):
    run_id = registry.find(MODEL, "4").run_id
    client.delete_run(run_id)
    assert promote(PromoteSettings("4", BESIDE_BOTH)).number == 4
    assert found() == [f"the run {run_id} of version 4 was deleted: nothing more can be written to it"]
    repair(RepairSettings())
    assert client.get_run(run_id).info.lifecycle_stage == "active"
    assert found() == []


def test_a_deleted_experiment_is_named_and_brought_back(client, monkeypatch):
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "another")
    client.delete_experiment("0")
    assert promote(PromoteSettings("4", BESIDE_BOTH)).number == 4
    assert found() == ["the experiment 'Default', which holds the runs of versions 1, 2, 3, 4, was deleted"]
    repair(RepairSettings())
    assert client.get_experiment("0").lifecycle_stage == "active"
    assert found() == []


def test_a_deleted_logged_model_is_named(client):
    version = registry.find(MODEL, "3")
    client.delete_logged_model(registry.logged_model_id(version))
    (said,) = found()
    assert said.startswith(f"the logged model {registry.logged_model_id(version)} of version 3 was deleted")
    assert said.endswith("mlflow run . -e purge -P version=3")


def test_a_renamed_model_is_found_under_its_new_name_with_all_that_belongs_to_it(client):
    client.rename_registered_model(MODEL, "faces")
    (renamed, pages) = [str(one) for one in mending.examine("faces").found]
    assert renamed.startswith("the registered model faces was called age-resnet50")
    assert pages == "MLflow's pages of the logged models of versions 1, 2, 3, 4 do not name these versions"
    repair(RepairSettings(name="faces"))
    assert mending.examine("faces").found == []
    assert promote(PromoteSettings("4", BESIDE_BOTH, name="faces")).model == "faces"
