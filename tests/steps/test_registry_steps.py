"""promote, rollback, status and repair as a user calls them: what is decided is told, and what was decided can be undone."""

import json

import mlflow
import pytest

from unlearning.errors import InputError
from unlearning.registry import journal
from unlearning.registry.lookup import all_versions, find
from unlearning.settings.forgetting import PromoteSettings
from unlearning.settings.registry import RollbackSettings, StatusSettings
from unlearning.steps.promote import promote
from unlearning.steps.rollback import rollback
from unlearning.steps.status import show
from unlearning.tracking import runs

MODEL = "age-resnet50"


def champion():
    return find(MODEL, "champion")


def last_run(step):
    return mlflow.search_runs(filter_string=f"tags.step = '{step}'", output_format="list")[0]


def test_a_promotion_reads_all_versions_once_to_decide_and_once_under_the_lock(trained, monkeypatch):
    """All that it decides by is one state of the registry, and a store far away is not asked a dozen times."""
    asked, search = [], mlflow.MlflowClient.search_model_versions
    monkeypatch.setattr(
        mlflow.MlflowClient, "search_model_versions", lambda *given, **more: asked.append(1) or search(*given, **more)
    )
    promote(PromoteSettings("4", force=True))
    assert len(asked) == 2


@pytest.fixture(scope="module")
def served_store(fill, trained_store):
    """Version 3 was promoted, then version 4; both were made to forget 20-28, and nobody has shown that they did."""
    settings = [PromoteSettings(number, "test_mae < 100") for number in "34"]
    return fill("served twice by hand", trained_store, lambda: list(map(promote, settings)))


@pytest.fixture
def served(use, served_store):
    use(served_store)


def test_a_dry_run_decides_every_gate_and_changes_nothing(trained, tmp_path, capfd):
    before = all_versions(MODEL)
    (tmp_path / "gates.yaml").write_text("- test_mae < 100\n- {metric: F, comparison: '>', bound: 1000}\n")
    promote(PromoteSettings("4", str(tmp_path / "gates.yaml"), dry_run=True))
    assert all_versions(MODEL) == before
    told, run = capfd.readouterr().err, last_run("promote")
    assert "passed  test_mae < 100" in told
    assert "FAILED  F > 1000" in told
    assert "this was a dry run; version 4 (ft-20-28-e2) would be refused" in told
    decided = runs.read_json(run.info.run_id, "gates.json")
    assert (decided["decision"], decided["dry_run"]) == ("failed", True)
    assert [one["passed"] for one in decided["gates"]] == [True, False]
    assert run.data.tags["gate_decision"] == "failed"


def test_an_earlier_version_that_has_forgotten_as_much_is_served_again(served):
    rollback(RollbackSettings("3", "gate set too low"))
    back, left = champion(), find(MODEL, "4")
    assert (back.number, back.stage, back.tag("state"), back.tag("restored_because")) == (
        *(3, "Production", "unproven"),
        "gate set too low",
    )
    assert not {"forgotten", "forgotten-20-28"} & set(back.aliases)
    assert (left.stage, left.tag("state"), left.tag("withdrawn_because")) == ("Archived", "retired", "gate set too low")
    assert journal.find_journal(MODEL).entries[-1]["what"] == "rollback"


def test_going_back_to_one_that_remembers_must_be_allowed_and_is_told_loudly(served, capfd):
    before = all_versions(MODEL)
    with pytest.raises(InputError, match="a rollback needs a reason"):
        rollback(RollbackSettings("3", " "))
    with pytest.raises(InputError, match=r"version 4 .* is the champion already"):
        rollback(RollbackSettings("champion", "why not"))
    with pytest.raises(InputError, match=r"remembers 20-28 \(\d+ faces\), which the champion.*allow_regain=true"):
        rollback(RollbackSettings("original", "we want it back"))
    assert all_versions(MODEL) == before
    rollback(RollbackSettings("original", "we want it back", allow_regain=True))
    assert champion().tag("remembers_again").startswith("20-28 (")
    assert "WARNING: it remembers again" in champion().description
    assert "WARNING: version 1 (original) remembers again" in capfd.readouterr().err
    assert "REGAINED: 20-28" in journal.find_journal(MODEL).entries[-1]["reason"]


def test_a_hand_edit_is_shown_by_a_check(served, capsys):
    show(StatusSettings(check=True))
    mlflow.MlflowClient().set_registered_model_alias(MODEL, "champion", "1")
    with pytest.raises(InputError, match=r"the registry has \d+ inconsistenc.*mlflow run \. -e repair"):
        show(StatusSettings("json", check=True))
    shown = capsys.readouterr().out
    assert "checked: stages, aliases, tags and descriptions are what the journal says" in shown
    assert any("the alias champion is at version 1" in one for one in json.loads(shown[shown.index("{") :])["found"])
