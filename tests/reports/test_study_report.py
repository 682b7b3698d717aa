"""The page about an experiment: what it tells, how honestly, and that it needs nothing else."""

import re
from dataclasses import replace

import pandas as pd
import pytest

from reports.reading import Page, assert_alone, pictures, words
from unlearning.evaluation.metrics import METRICS, Metric
from unlearning.experiments import readings as study_readings
from unlearning.experiments.readings import CONFIRMED, NOT_RUN, OPEN, READINGS
from unlearning.experiments.results import Results
from unlearning.reports import study_reasons
from unlearning.reports.study_figures import STUDY_FIGURES, render_study
from unlearning.reports.study_reasons import closeness, defect_sentences
from unlearning.reports.study_report import headline, how_n_is_read, readings, study_report
from unlearning.reports.study_tables import METHOD_SCORES, Numbers, numbers
from unlearning.reports.style import THEMES

LIMIT = 3_000_000
SETUP = {"studies": "alpha,epochs", "commands": "mlflow run . -e experiment", "seconds": "4321", "preset.lr": "1e-5"}
STUDY_RND = {"test_mae": (8.2, 15.09, 14.3, 13.59), "Forgetting": (0.65, 0.249, 0.242, 0.246)}
UNDRAWN = {theme: {} for theme in THEMES}
ARMS = {"rnd": (5.0, 0.78), "ft": (4.8, 0.80)}


@pytest.fixture(scope="module")
def known(results):
    return numbers(results)


@pytest.fixture(scope="module")
def drawn(results, known):
    return {theme: render_study(results, theme, known) for theme in THEMES}


@pytest.fixture(scope="module")
def text(results, known, drawn):
    return study_report(results, SETUP, pictures=drawn, known=known)


def test_the_page_is_whole_and_small_and_asks_nothing_of_anybody(text):
    assert_alone(text, LIMIT)


@pytest.mark.parametrize("paper", ["light", "dark"])
def test_a_browser_shows_the_page_and_it_would_ask_nobody_even_if_it_were_allowed_to(opened, text, page, paper):
    bare, count = re.subn(r"<meta http-equiv=.Content-Security-Policy.[^>]*>", "", text)
    assert count == 1
    shown = opened(bare, color_scheme=paper)
    shown.fits(1280)
    assert shown.see("document.images.length") == len(page.all("img")) > 10
    assert shown.see("[...document.images].filter((each) => each.offsetParent).length") == len(page.all("img")) / 2


def test_a_phone_shows_the_page(opened, text):
    opened.phone(text)


def test_no_face_is_named(text, page):
    assert not re.search(r"face\d{4}", "".join([text, *pictures(page)]))


def test_the_headline_says_which_experiment_it_is(page):
    told = words(page)
    assert "Preset small , data 0123456789abcdef , 3 seeds (0, 1, 2), studies: alpha,epochs." in told
    assert headline(readings(Results("small", "digest", ()))) == (
        f"Of the study's {len(READINGS)} readings, 0 are confirmed here, {len(READINGS)} were not run."
    )


def test_every_reading_has_its_verdict_and_its_evidence(results, page):
    for reading in readings(results):
        assert [f"{reading['sentence']}{reading['sign']} {reading['verdict']}"] in [
            ["".join(cell.split("\n")) for cell in row] for row in page.rows
        ]
        assert reading["evidence"]
        for part in reading["evidence"]:
            assert [part["claim"], part["value"], part["interval"], ", ".join(part["seeds"]), part["sign"]] in page.rows


def test_evidence_is_told_with_signs(monkeypatch, results):
    part = study_readings.Evidence("a - b", 0.1234, -0.02, 0.3, (0.1, -0.0001))
    reading = study_readings.Reading("dummy", "A sentence.", lambda found: [part])
    monkeypatch.setitem(READINGS, "dummy", reading)
    told = readings(results)[-1]
    assert (told["sentence"], told["verdict"]) == ("A sentence.", OPEN)
    (evidence,) = told["evidence"]
    assert evidence["claim"] == "a \u2212 b"
    assert (evidence["value"], evidence["interval"]) == ("+0.123", "\u22120.020 to +0.300")
    assert evidence["seeds"] == ["+0.100", "0.000"]


def test_the_headline_counts_verdicts():
    judged = [{"verdict": kind} for kind in (CONFIRMED, CONFIRMED, OPEN, NOT_RUN)]
    assert headline(judged) == "Of the study's 4 readings, 2 are confirmed here, 1 is open, 1 was not run."


def test_tables_have_ours_pooled_the_studys_and_the_difference(known, page):
    table = known.tables["tables_4_to_7"]
    own = table[(table.epochs == 4) & (table.model == "rnd") & (table.metric == "test_mae")].iloc[0]
    row = ["4", "RND", f"{own.ours:.2f} \u00b1 {own.sd:.2f}", f"{own.pooled:.2f}", "15.09"]
    assert row in [each[:5] for each in page.rows]
    captions = [f"Table {number}" for number in range(3, 9)]
    assert all(any(text.startswith(caption) for text in page.texts) for caption in captions)


def test_every_table_says_which_reading_of_the_seeds_it_shows(results, known, page):
    said = how_n_is_read(results)
    assert said.startswith("here: mean of the scores of 3 seeds, \u00b1 their standard deviation; ")
    assert said.endswith("pooled: score of the predictions averaged over 3 seeds")
    of_scores = [table for table in known.tables if table not in ("all", "methods")]
    shown = sum(known.tables[table].metric.nunique() for table in of_scores) + len(results.forget_sets)
    assert page.texts.count(said) == shown
    of_methods = known.tables["methods"].forget_set.nunique()
    assert page.texts.count(said.partition(";")[0]) == of_methods
    assert len(page.all("caption")) == shown + of_methods


def test_a_table_of_one_seed_has_no_two_readings(make_results):
    assert how_n_is_read(make_results(["alpha"], seeds=1, faces=120)) == "one seed: here and pooled are the same"


def test_seeds_that_are_not_the_same_everywhere_are_told_so(make_results):
    one, three = (make_results(["alpha"], seeds=seeds, faces=120).outcomes for seeds in (1, 3))
    assert "mean of the scores of 1 to 3 seeds" in how_n_is_read(Results("small", "digest", one + three))


def test_a_request_of_ones_own_is_shown_and_no_reading_of_the_study(make_results):
    """The study's sentences are about its five age groups; whatever else was forgotten has a table of its own."""
    results = make_results(["forget_set"], seeds=2, faces=120)
    own = tuple(replace(each, forget_set="list a.csv") for each in results.outcomes if each.forget_set == "52-60")
    both = Results("small", "digest", (*results.outcomes, *own))
    assert [reading["evidence"] for reading in readings(both)] == [reading["evidence"] for reading in readings(results)]
    page = Page(study_report(both, {}, pictures=UNDRAWN))
    assert any(row[:3] == ["list a.csv", "8", "FT"] for row in page.rows)
    assert "Forget set list a.csv" in page.texts


def test_every_figure_is_there_on_both_papers_with_words_for_those_who_cannot_see_it(page, drawn):
    assert sorted(pictures(page)) == sorted(picture for paper in drawn.values() for picture in paper.values())
    assert all(len(image["alt"]) > 30 for image in page.all("img"))
    assert {figure.caption for figure in STUDY_FIGURES.values()} <= set(page.texts)


def test_new_methods_and_metrics_appear_by_themselves(monkeypatch, make_results):
    dummy = Metric("dummy", lambda case: float(len(case.errors("forget"))), "faces", "", "How many faces are forgotten")
    monkeypatch.setitem(METRICS, "dummy", dummy)
    results = make_results(["alpha"], more={"oblivion": (3,)}, seeds=1, faces=120)
    page = Page(study_report(results, {}, pictures=UNDRAWN))
    heads = next(row for row in page.rows if "dummy (faces)" in row)
    [whole] = [row for row in page.rows if row[0] == "oblivion" and len(row) == len(heads)]
    assert whole[1] == "3"
    count = len(results.outcomes[0].cases[0].errors("forget"))
    assert float(whole[heads.index("dummy (faces)")].partition("(")[0]) == count
    [ranked] = [row for row in page.rows if row[0] == "oblivion" and len(row) < len(heads)]
    assert len(ranked) == 2 + len(METHOD_SCORES)
    assert "How many faces are forgotten, in faces." in words(page)


def test_the_page_prints_on_light_paper_with_everything_that_was_folded_away(opened, text):
    shown = opened(text, color_scheme="dark", viewport={"width": 680, "height": 960})
    shown.do(lambda page: page.emulate_media(media="print"))
    assert shown.see("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert shown.see("[...document.querySelectorAll('.on-dark')].every((each) => !each.offsetParent)")
    assert shown.see("[...document.querySelectorAll('details table')].every((each) => each.offsetHeight > 0)")
    wide = "[...document.querySelectorAll('table')].filter((each) => each.getBoundingClientRect().right > 680)"
    assert shown.see(f"{wide}.map((each) => each.textContent.slice(0, 200))") == []


def test_the_setup_is_told(page):
    assert set(SETUP) | set(SETUP.values()) <= set(page.texts)


def test_all_outcomes_stand_in_the_table_of_everything(results, page):
    assert {f"Forget set {rule}" for rule in results.forget_sets} <= set(page.texts)
    assert "retrained model" in words(page)


def test_the_same_experiment_gives_the_same_page(make_results):
    results = make_results(["alpha"], seeds=2, faces=120)
    assert study_report(results, SETUP, pictures=UNDRAWN) == study_report(results, SETUP, pictures=UNDRAWN)


@pytest.mark.parametrize("study", ["defect", "single"])
def test_an_experiment_of_one_study_says_what_was_not_run(make_results, study):
    page = Page(study_report(make_results([study], seeds=1, faces=120), {}))
    assert not page.open
    told = words(page)
    assert "This experiment did not run it (study alpha )." in told
    assert f"1 seed (0), studies: {study}." in told


def test_an_experiment_without_outcomes_is_no_error():
    assert "no seed" in study_report(Results("unheard-of", "digest", ()), {})


def test_hostile_texts_are_shown_and_not_run(make_results):
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    results = make_results(["alpha"], more={hostile: (1,)}, seeds=1, faces=120, preset=hostile)
    data = {"headline": hostile, "counts": pd.DataFrame({hostile: [hostile]}), "figures": {}}
    text = study_report(results, {hostile: hostile}, data)
    assert "<script" not in text
    page = Page(text)
    assert all(image["src"].startswith("data:image/svg+xml;base64,") for image in page.all("img"))
    assert hostile in page.texts


def test_the_data_has_its_counts_and_figures(results, known, drawn, text):
    counts = pd.DataFrame({"part": ["train"], "faces": [1234]})
    data = {"headline": "Of 9 files, 9 were kept.", "counts": counts, "figures": {"split": "<svg>split</svg>", "own": "<svg/>"}}
    page = Page(study_report(results, SETUP, data, drawn, known))
    assert ["train", "1,234"] in page.rows
    assert "Of 9 files, 9 were kept." in page.texts
    assert len(page.all("img")) == len(Page(text).all("img")) + 2


def defect_table(as_published, arms=ARMS):
    """The table of the defect with these test MAEs and Forgettings of RND as published, by epochs."""
    rows = []
    for metric, theirs in STUDY_RND.items():
        for epochs, ours, published in zip((2, 4, 8, 16), as_published[metric], theirs, strict=True):
            rows.append((epochs, "rnd as_published=true", metric, ours, published))
            for arm, values in arms.items():
                other = values[metric == "Forgetting"]
                rows.append((epochs, arm, metric, other, published if arm == "rnd" else 5.0))
    table = pd.DataFrame(rows, columns=["epochs", "model", "metric", "ours", "published"])
    return table.assign(difference=table.ours - table.published)


def told_of(table):
    return defect_sentences(Numbers(Results("small", "digest", ()), pd.DataFrame(), {"defect": table}))


def test_closeness_is_the_mean_distance_from_the_published_numbers():
    found = closeness(defect_table({"test_mae": (9.2, 16.09, 15.3, 14.59), "Forgetting": (0.8,) * 4}), "test_mae")
    assert found.defect == pytest.approx(1.0)
    assert found.text == pytest.approx((3.2 + 10.09 + 9.3 + 8.59) / 4)


def test_a_defect_that_gives_the_published_numbers_explains_them():
    first, *rest = told_of(defect_table(STUDY_RND))
    assert first.startswith("Measured here, the defect explains most of the study's test MAE and Forgetting of RND.")
    assert any("ours as published 8.20, 15.09, 14.30, 13.59 years, on average 0.00 away" in sentence for sentence in rest)
    assert any("RND as published 1.7, 3.1, 3.0, 2.8; in the study 1.6, 3.0, 2.9, 2.7" in sentence for sentence in rest)


def test_a_defect_that_gives_other_numbers_does_not_explain_them():
    first = told_of(defect_table({"test_mae": (5.0,) * 4, "Forgetting": (0.78,) * 4}))[0]
    assert first.startswith("Measured here, the defect does not explain the study's test MAE and Forgetting of RND")


def test_a_defect_can_explain_one_number_and_not_the_other():
    first = told_of(defect_table({"test_mae": STUDY_RND["test_mae"], "Forgetting": (0.78,) * 4}))[0]
    assert "explains most of the study's test MAE and does not explain the study's Forgetting of RND" in first


def test_a_defect_that_moves_rnd_too_far_overshoots():
    first = told_of(defect_table({"test_mae": (38.0,) * 4, "Forgetting": STUDY_RND["Forgetting"]}))[0]
    assert "overshoots the study's test MAE and explains most of the study's Forgetting of RND" in first
    assert "Overshooting is the same way, but too far" in first


def test_half_way_is_part():
    half = {
        metric: [(value + ARMS["rnd"][metric == "Forgetting"]) / 2 for value in values] for metric, values in STUDY_RND.items()
    }
    assert "explains part of" in told_of(defect_table(half))[0]


def test_without_rnd_by_the_text_only_nearness_is_told():
    near, far = defect_table(STUDY_RND, {}), defect_table({"test_mae": (40,) * 4, "Forgetting": (0.9,) * 4}, {})
    assert "comes close to the study's test MAE and Forgetting of RND" in told_of(near)[0]
    assert "does not come close to the study's test MAE and Forgetting of RND" in told_of(far)[0]


def test_a_defect_that_was_not_measured_is_not_judged(make_results):
    known = numbers(make_results(["alpha"], seeds=1, faces=120))
    assert defect_sentences(known) == [study_reasons.NOT_MEASURED]


def test_reasons_follow_the_preset(known):
    told = {reason.title: reason.text for reason in study_reasons.reasons(known)}
    assert "test_resnet on pictures of 64 pixels" in told["Network and images"]
    assert "the study's err by 4.81 and 6.17" in told["What retraining costs"]
    assert told["Chance"].startswith("Of the 106 numbers")
    study = Numbers(Results("study", "digest", ()), pd.DataFrame(), {})
    assert [reason.text for reason in study_reasons.reasons(study)][1].startswith("Both are alike")
