"""What a report keeps makes the same tables again, and leads nobody back to a picture."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from unlearning.data.forget import ForgetSet
from unlearning.errors import InputError
from unlearning.evaluation.case import Case
from unlearning.experiments.kept import OUTCOMES, TABLES, load, save
from unlearning.experiments.results import Results, outcome_of, scores
from unlearning.settings.experiments import ReportSettings
from unlearning.steps.report import report
from unlearning.targets import Classes


@pytest.fixture(scope="module")
def results(as_the_study_says):
    """With what the manifest says of the faces: one is a copy, and two are of one group."""
    ids = as_the_study_says.outcomes[0].cases[0].version.id
    about = pd.DataFrame({"id": ids, "copy_of": ["", ids[0], *[""] * (len(ids) - 2)], "near": [ids[0], ids[0], *ids[2:]]})
    whole = [(one, tuple(replace(case, about=about) for case in one.cases)) for one in as_the_study_says.outcomes]
    outcomes = [outcome_of(one.forget_set, one.arm, one.epochs, one.seeds, cases) for one, cases in whole]
    return Results("small", "digest", tuple(outcomes))


@pytest.fixture(scope="module")
def kept(results, tmp_path_factory):
    folder = tmp_path_factory.mktemp("kept")
    save(results, {"preset": "small"}, folder)
    return folder


def test_every_number_comes_out_again(results, kept):
    again, setup = load(kept)
    assert setup == {"preset": "small"}
    before, after = scores(results), scores(again)
    drawn = [name for name in before if name.startswith("mia_")]  # attacks draw pairs in the order of the ids, which are others
    pd.testing.assert_frame_equal(after.drop(columns=drawn), before.drop(columns=drawn), rtol=1e-5)
    assert scores(load(kept)[0]).equals(after)
    case = again.outcomes[0].cases[0]
    assert (case.about.copy_of != "").sum() == 1
    assert case.about.near.duplicated().sum() == 1


def test_no_id_is_in_it_and_none_can_be_made_from_one(results, kept, tmp_path):
    ids = set(results.outcomes[0].cases[0].version.id)
    table = pd.read_parquet(kept / TABLES)
    assert not ids & set(table[["id", "copy_of", "near"]].to_numpy().ravel())
    assert not any(one in (kept / OUTCOMES).read_text() for one in ids)
    save(results, {}, tmp_path)
    assert not set(pd.read_parquet(tmp_path / TABLES).id) & set(table.id)  # another folder, another key


def test_classes_come_out_again_with_the_share_that_was_right(tmp_path):
    ids, labels, split = ["a", "b", "c", "d"], [0, 1, 2, 1], ["train", "test", "test", "test"]
    said = pd.DataFrame({"id": ids, "split": split, "label": labels, "predicted": [0.9, 0.8, 0.3, 0.4], "answer": [0, 1, 0, 1]})
    about = pd.DataFrame({"id": ids, "copy_of": "", "near": ids})
    forget, colours = ForgetSet("label:red", "red", "digest", ("a",), ()), Classes("colour", ("red", "green", "blue"))
    case = Case(said, said, forget, about=about, alpha=0.25, target=colours)
    save(Results("tiny", "digest", (outcome_of("red", "original", 0, (0,), (case,)),)), {}, tmp_path)
    alone, pooled = scores(load(tmp_path)[0]).to_dict("records")
    assert alone["test_mae"] == pytest.approx(0.5)  # of 1 - p: .2, .7 and .6
    assert alone["test_accuracy"] == pytest.approx(2 / 3)
    assert np.isnan(pooled["test_accuracy"])  # a mean of probabilities of the true class has no likeliest class


@pytest.mark.parametrize("name", [TABLES, OUTCOMES])
def test_a_folder_that_is_none_is_refused_in_a_sentence(results, tmp_path, name):
    save(results, {}, tmp_path)
    (tmp_path / name).write_bytes(b"cut")
    with pytest.raises(InputError, match=r"cannot be read: .*; legal: a folder with outcomes.json and tables.parquet"):
        load(tmp_path)


def test_a_report_is_made_again_from_what_was_kept_and_nothing_else(results, tmp_path, monkeypatch):
    """But for its figures, which take seconds and are drawn in tests/reports."""
    monkeypatch.setattr("unlearning.steps.report.render", lambda registry, theme, *shown: {})
    setup = {"preset": "demo", "data digest": "digest", "studies": "alpha"}
    setup |= dict.fromkeys(("commands", "seconds", "code", "versions"), "")
    save(results, setup, tmp_path / "kept")
    assert report(ReportSettings(source=str(tmp_path), out=str(tmp_path / "again"))).seeds == (0, 1, 2)
    assert (tmp_path / "again" / "tables" / "all.csv").is_file()
    claims = pd.read_csv(tmp_path / "again" / "tables" / "readings.csv")
    assert claims.verdict[claims.claim == "Utility of the original \u2212 1"].tolist() == ["confirmed"]
    assert "36-44" in (tmp_path / "again" / "report.html").read_text()
    with pytest.raises(InputError, match="needs a folder to write to"):
        ReportSettings(source=str(tmp_path))
