"""The whole job on classes: trained, forgotten, audited, promoted, and served; tests/e2e/test_targets_served.py has numbers."""

import re
from dataclasses import replace

import mlflow
import pytest

from asking import started
from reports.reading import Page, words
from unlearning.data.settings import DataSettings
from unlearning.errors import InputError
from unlearning.explain import attributions
from unlearning.models.spec import ModelSpec
from unlearning.registry.lookup import find
from unlearning.settings.forgetting import CompareSettings, ExplainSettings, UnlearnSettings
from unlearning.settings.training import PipelineSettings, TrainSettings
from unlearning.steps.compare import compare
from unlearning.steps.explain import explain
from unlearning.steps.pipeline import pipeline
from unlearning.steps.train import train
from unlearning.steps.unlearn import unlearn
from unlearning.tracking import runs

SPEC = ModelSpec("test_resnet", 32)
QUICK = {"epochs": 1, "precision": "32-true"}


def whole_job(data: DataSettings, rule: str) -> None:
    train = TrainSettings(data, SPEC, changes=QUICK)
    pipeline(PipelineSettings(train, rule, "rnd", (1,), gates="test_mae < 1000", reference_seeds=()))


@pytest.fixture(scope="module")
def genders_store(fill, empty_store):
    return fill("genders", empty_store, lambda: whole_job(DataSettings(drawn_faces=160, target="gender"), "20-28"))


@pytest.fixture
def genders(use, genders_store):
    use(genders_store)


def audit_rows(version):
    (run,) = mlflow.search_runs(
        filter_string=f"tags.step = 'evaluated version' and tags.mlflow.runName LIKE '%{version.short}%'"
    ).run_id
    return {row["metric"]: row for row in runs.read_json(run, "audit.json")["rows"]}


def test_classes_have_an_accuracy_a_quarter_as_alpha_and_their_probabilities_beside(genders):
    version = find("gender-resnet50", "champion")
    assert version.short == "rnd-20-28-e1"
    assert version.number_in("alpha") == 0.25
    assert 0 <= version.number_in("test_accuracy") <= 1
    assert 0 < version.number_in("test_mae") < 1
    table = runs.read_table(version.run_id, "predictions.parquet")
    assert table.columns.tolist() == ["id", "split", "label", "predicted", "member_0", "answer", "p_male", "p_female"]
    assert table.predicted.equals(table.p_male.where(table.label == 0, table.p_female))
    rows = audit_rows(version)
    assert {rows[name]["unit"] for name in ("test_mae", "forget_difference", "worst_age_gap")} == {""}
    bands = runs.read_table(version.run_id, "errors_by_age.csv")
    assert set(bands.gender) == {"male", "female"}


def test_a_class_is_served_with_all_probabilities(genders):
    model = mlflow.pyfunc.load_model("models:/gender-resnet50@champion")
    assert model.metadata.get_output_schema().input_names() == ["gender", "p_male", "p_female"]
    example = model.input_example
    answer = model.predict(example)
    assert answer.gender[0] in ("male", "female")
    assert answer.p_male[0] + answer.p_female[0] == pytest.approx(1)
    told = model.predict(example, params={"tell_version": True})
    assert list(told.columns) == ["gender", "p_male", "p_female", "version", "verdict"]
    with started(follow="models:/gender-resnet50@champion") as asked:
        (served,) = asked.send(example.image[0], "image/jpeg").json()["predictions"]
    assert served.pop("gender") == answer.gender[0]
    assert served == pytest.approx({"p_male": answer.p_male[0], "p_female": answer.p_female[0]}, abs=1e-4)


def test_another_target_is_not_trained_into_the_same_model(genders):
    race = DataSettings(drawn_faces=160, target="race")
    with pytest.raises(InputError, match="the versions of gender-resnet50 predict gender, and race is asked for"):
        train(TrainSettings(race, SPEC, changes=QUICK, name="gender-resnet50"))


def test_versions_of_two_targets_are_not_compared(genders, monkeypatch):
    own = find("gender-resnet50", "champion")
    ages = replace(own, model="age-resnet50", tags=own.tags | {"target": ""})
    monkeypatch.setattr("unlearning.steps.compare.find_version", lambda name, reference: {"1": own, "2": ages}[reference])
    with pytest.raises(InputError, match=r"predicts gender, and .* of age-resnet50 predicts age \(years\)"):
        compare(CompareSettings("1,2"))


def test_a_method_of_numbers_alone_is_refused_before_any_work(genders):
    with pytest.raises(InputError, match="amnesiac is of numbers, and this model predicts gender, which has classes"):
        unlearn(UnlearnSettings("amnesiac", forget_set="20-28", model="original", name="gender-resnet50"))
    nowhere = TrainSettings(DataSettings("gone.csv", target="breed", task="classes"), SPEC)
    with pytest.raises(InputError, match="amnesiac is of numbers, and this model predicts breed"):
        pipeline(PipelineSettings(nowhere, methods="rnd,amnesiac"))


def test_what_carries_a_class_is_explained_by_the_probability_of_the_true_one(genders, monkeypatch):
    monkeypatch.setattr(attributions, "STEPS", 4)
    monkeypatch.setattr(attributions, "WINDOWS", 4)
    found = explain(ExplainSettings("original,champion", name="gender-resnet50", faces=24))
    assert list(found.looks) == ["original", "rnd-20-28-e1", "retrained-20-28"]
    assert set(found.groups) == {"forgotten", "retained", "test", "test male", "test female"}
    (run,) = mlflow.search_runs(filter_string="tags.step = 'explain'").run_id
    told = words(Page(runs.download(run, "explain.html").read_text()))
    assert "What carries the gender" in told
    assert not re.findall(r"\bages?\b|\byears?\b|older", told)
