"""A version of another registered model, named by its URI: that version is acted on, and the usual model is left alone."""

import os
from pathlib import Path

import pandas as pd
import pytest
import yaml

from asking import started
from made import drawn
from places import ROOT
from unlearning.certificates.keys import make_key
from unlearning.errors import InputError
from unlearning.explain import attributions
from unlearning.registry import journal, servers
from unlearning.registry.lookup import all_versions, find
from unlearning.repair import mending
from unlearning.settings.forgetting import (
    CompareSettings,
    EvaluateSettings,
    ExplainSettings,
    PromoteSettings,
    TuneSettings,
    UnlearnSettings,
)
from unlearning.settings.registry import RollbackSettings
from unlearning.settings.requests import CertifySettings
from unlearning.settings.serving import ExportSettings, PredictSettings
from unlearning.settings.training import CrossfitSettings, RetrainSettings
from unlearning.steps import export as exporting
from unlearning.steps.certify import certify
from unlearning.steps.compare import compare
from unlearning.steps.crossfit import crossfit
from unlearning.steps.evaluate import evaluate
from unlearning.steps.explain import explain
from unlearning.steps.export import export
from unlearning.steps.predict import predict
from unlearning.steps.promote import promote
from unlearning.steps.purge import PurgeSettings, purge
from unlearning.steps.retrain import retrain
from unlearning.steps.rollback import rollback
from unlearning.steps.tune import tune
from unlearning.steps.unlearn import unlearn
from unlearning.versions.certificate_facts import predicate_of
from unlearning.versions.never_seen import never_seen_of

MODEL, OTHER = "age-resnet50", "other"
NAMING = {"version", "versions", "to", "model", "follow"}


def _numbers(table) -> list[tuple]:
    return list(table[["model", "number"]].drop_duplicates().itertuples(index=False, name=None))


def _promote():
    assert promote(PromoteSettings("models:/other/4", "test_mae < 100")).model == OTHER
    assert find(OTHER, "champion").number == 4


def _rollback():
    rollback(RollbackSettings("models:/other@original", "we want it back", allow_regain=True))
    assert find(OTHER, "champion").number == 1


def _purge():
    with pytest.raises(
        InputError, match=r"version 4 of other would be erased .* -P version=4 -P confirm=other/4 -P name=other"
    ):
        purge(PurgeSettings("models:/other@ft-20-28-e2", f"{MODEL}/4"))
    for _ in range(2):  # the second time its alias is gone, and is known still
        assert purge(PurgeSettings("models:/other@ft-20-28-e2", "other/4")).model == OTHER
    assert find(OTHER, "4").tag("state") == "purged"


def _unlearn():
    (made,) = unlearn(UnlearnSettings(epochs=(1,), model="models:/other/1"))
    assert (made.model, made.number, made.tag("parent_version"), made.tag("reference_version")) == (OTHER, 5, "1", "2")


def _retrain():
    made = retrain(RetrainSettings(model="models:/other@original", epochs=1, seeds=(1,)))
    assert (made.model, made.number, made.tag("parent_version")) == (OTHER, 5, "1")


def _crossfit():
    table = crossfit(CrossfitSettings("models:/other@original", folds=2, seeds=(0, 1)))
    assert never_seen_of(find(OTHER, "1")).equals(table)


def _tune():
    made = tune(TuneSettings(trials=1, epochs=(1,), model="models:/other/1"))
    assert (made.model, made.number, made.tag("parent_version")) == (OTHER, 5, "1")
    searches = Path(os.environ["UNLEARNING_CACHE"]) / "searches"
    assert [folder.name for folder in searches.iterdir() if folder.is_dir()] == ["other-1"]


def _evaluate():
    table = evaluate(EvaluateSettings("models:/other/3,models:/other@retrained-20-28"))
    assert list(table.model) == [OTHER, OTHER]
    assert find(OTHER, "3").tag("scored_on") == "20-28"


def _compare():
    table = compare(CompareSettings("3,models:/other/3"))
    assert _numbers(table) == [(MODEL, 3), (OTHER, 3)]
    assert list(table.label.unique()) == [f"models:/{MODEL}/3", "models:/other/3"]


def _explain():
    with pytest.MonkeyPatch.context() as patch:  # how exact the maps are is the business of tests/explain
        patch.setattr(attributions, "STEPS", 4)
        patch.setattr(attributions, "WINDOWS", 4)
        found = explain(ExplainSettings("models:/other/3", faces=10))
    assert list(found.looks) == ["ft-20-28-e1", "retrained-20-28"]
    assert len(found.members("forgotten")) == 1, "the reference is that of the other model, which has one seed"


def _certify():
    make_key(Path("key.pem"))
    issued = certify(CertifySettings("models:/other@champion", key="key.pem"))
    said = predicate_of(issued.envelope)
    assert [said[part]["name"] for part in ("model", "parent")] == [OTHER, OTHER]
    assert find(OTHER, "3").tag("certificate") == issued.sha256


def _predict():
    Path("list.csv").write_text("\n".join(["path", *map(str, drawn()[:2])]), encoding="utf-8")
    predict(PredictSettings("list.csv", "ages.csv", "models:/other/3"))
    assert pd.read_csv("ages.csv").version.tolist() == ["other/3"] * 2


def _export():
    with pytest.MonkeyPatch.context() as patch:  # what a graph holds is the business of tests/models/test_onnx_file.py
        patch.setattr(exporting, "to_onnx", lambda ensemble, told: told["version"].encode())
        patch.setattr(exporting, "difference", lambda file, ensemble: 0.0)
        out = export(ExportSettings(model="models:/other@champion"))
    assert (out.name, out.read_text()) == ("other-3.onnx", "other/3")


def _serve():
    with started(follow="models:/other@champion") as asked:
        assert asked.following.served == "other/3"
        assert [one.version for one in servers.live(OTHER)] == ["3"]


FORGETTING = (_unlearn, _retrain, _crossfit, _tune, _evaluate, _compare, _explain)
SERVING = (_promote, _rollback, _purge, _certify, _predict, _export, _serve)
ACTS = {act.__name__[1:]: act for act in (*FORGETTING, *SERVING)}
OF_THE_CACHE = ("purge", "tune")  # what erases pixels, and what keeps its trials beside them


@pytest.mark.parametrize("act", ACTS)
def test_what_is_named_by_a_uri_is_acted_on_and_nothing_else(two_models, act, request):
    if act in OF_THE_CACHE:
        request.getfixturevalue("own_cache")
    before, log = all_versions(MODEL), journal.find_journal(MODEL).text
    ACTS[act]()
    assert all_versions(MODEL) == before
    assert journal.find_journal(MODEL).text == log
    assert (mending.examine(OTHER).found, mending.examine(MODEL).found) == ([], [])


def test_every_entry_point_that_takes_a_version_is_tried():
    points = yaml.safe_load((ROOT / "MLproject").read_text())["entry_points"]
    assert {name for name, own in points.items() if NAMING & own["parameters"].keys()} == ACTS.keys()


def test_a_printed_command_names_the_model_where_it_is_not_the_usual_one(two_models):
    with pytest.raises(InputError, match=r"-e promote -P version=4 -P gates='F > 1000' -P force=true -P name=other"):
        promote(PromoteSettings("4", "F > 1000", name=OTHER))
