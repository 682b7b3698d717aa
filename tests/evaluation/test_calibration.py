"""Benchmarks that judge models of known memory from what was kept of them."""

import importlib
import sys

import pandas as pd
import pytest

from places import ROOT
from reports.experiments import outcomes
from unlearning.evaluation.audit.audit import AuditSettings, audit
from unlearning.experiments.results import Results
from unlearning.finding import NOT_FORGOTTEN

KEPT = ROOT / "results" / "calibration" / "answers.parquet"


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    yield importlib.import_module
    for name in ("calibration", "crossfit_reference", "never_seen", "audit_verdicts"):
        sys.modules.pop(name, None)


def test_beside_three_models_a_memory_is_a_fault_and_having_forgotten_all_is_none(benchmark, monkeypatch):
    calibration = benchmark("calibration")
    monkeypatch.setattr(calibration, "BESIDE", (3,))
    table = pd.read_parquet(KEPT)
    faces = [name for name in table if " " not in name]
    few = table[[*faces, *[f"0 {seed}" for seed in "01"], "25 3", *[f"100 {seed}" for seed in range(3, 9)]]]
    monkeypatch.setattr(calibration, "PERCENT", (25,))
    found = calibration.judged(few, AuditSettings(resamples=200))
    verdicts = found.groupby("forgot").said.agg(set)
    assert verdicts["25 %"] == {"forgotten in part"}
    assert verdicts["100 %"] == {"as retraining"}
    assert verdicts[calibration.NOTHING] == {"not forgotten"}
    (errors,) = calibration.errors(found).to_dict("records")
    assert errors["false alarms, of 6"].startswith("0.000")
    assert errors["noticed, of 3"].startswith("1.000")  # two originals beside another, and one that forgot a quarter


def test_of_an_experiment_each_retrained_seed_is_judged_beside_the_others_and_each_original_beside_all(benchmark):
    verdicts = benchmark("audit_verdicts")
    results = Results("small", "digest", (*outcomes("20-28", {"ft": (8,)}, 3, 1200), *outcomes("28-36", {}, 2, 120)))
    found = list(verdicts.trials(results, 3))
    roles = [(what, seed) for what in ("retrained", "original", "ft after 8 epochs") for seed in range(3)]
    assert [(what, seed) for what, seed, _ in found] == roles
    beside = [len(case.second.filter(like="member_").columns) for _, _, case in found]
    assert beside == [1, 1, 1, 2, 2, 2, 2, 2, 2]
    (what, seed, case), settings = found[5], AuditSettings(resamples=100)
    row = verdicts.row(what, seed, case.forget.rule, audit(case, settings))
    assert (row["forget set"], row["verdict"], round(row["memory left"])) == ("20-28", NOT_FORGOTTEN, 100)
    assert "forget_mae" in row["faults"]
