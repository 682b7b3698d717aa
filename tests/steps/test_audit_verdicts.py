"""The table of what an audit says of models that are known to have forgotten, or to have done nothing."""

import importlib.util
import sys

import pytest

from places import ROOT
from unlearning.data.settings import DataSettings
from unlearning.evaluation.audit.audit import AuditSettings
from unlearning.models.spec import ModelSpec
from unlearning.steps.retrain import retrain
from unlearning.steps.settings import UnlearnSettings
from unlearning.steps.train import train
from unlearning.steps.training_settings import RetrainSettings, TrainSettings
from unlearning.steps.unlearn import unlearn

pytestmark = pytest.mark.slow

MODEL = "age-resnet50"
QUICK = AuditSettings(resamples=50)


@pytest.fixture(scope="module")
def verdicts():
    spec = importlib.util.spec_from_file_location("audit_verdicts", ROOT / "benchmarks" / "audit_verdicts.py")
    module = sys.modules["audit_verdicts"] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_retrained_seed_and_every_original_is_judged_beside_the_others(trained, verdicts):
    assert list(verdicts.trials([MODEL])) == [], "two retrained seeds are too few"
    retrain(RetrainSettings("20-28", seeds=(7, 8)))
    found = verdicts.table(list(verdicts.trials([MODEL])), QUICK)
    assert found.model.tolist() == [verdicts.NEVER_SAW] * 4 + [verdicts.DID_NOTHING] * 2
    assert found.who[0] == "seed 0 beside seed 1 and seed 7, seed 8"
    assert (found["forget set"] == "20-28").all()
    assert (found.faults + found["as retraining, or better"] <= found.numbers).all()
    assert verdicts.markdown(found).count("\n") == len(found) + 2


def test_a_sisa_version_is_its_own_twin(store, verdicts):
    names = ["sliced-0", "sliced-1"]
    for seed, name in enumerate(names):
        more = {"changes": {"epochs": 1, "precision": "32-true"}, "scheme": "sisa", "shards": 2, "slices": 2}
        train(TrainSettings(DataSettings(drawn_faces=160), ModelSpec("test_resnet", 32), seeds=(seed,), name=name, **more))
        retrain(RetrainSettings("20-28", name=name))
        if not seed:
            unlearn(UnlearnSettings(method="sisa", forget_set="20-28", name=name))
    (trial,) = verdicts.sliced_trials(names)
    assert trial.case.version.columns.tolist() == ["id", "split", "age", "predicted"], "shards are no seeds"
    assert verdicts.table([trial], QUICK).faults.tolist() == [0]
