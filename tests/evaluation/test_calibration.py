"""The calibration of the audit, judged again from the answers that are committed."""

import importlib
import sys

import pandas as pd
import pytest

from places import ROOT
from unlearning.evaluation.audit.audit import AuditSettings

KEPT = ROOT / "results" / "calibration" / "answers.parquet"


@pytest.fixture
def calibration(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    yield importlib.import_module("calibration")
    for name in ("calibration", "crossfit_reference", "never_seen", "audit_verdicts"):
        sys.modules.pop(name, None)


def test_beside_three_models_a_memory_is_a_fault_and_having_forgotten_all_is_none(calibration, monkeypatch):
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
