"""The page about an experiment: what it tells, how honestly, and that it needs nothing else."""

import re
from dataclasses import replace
from io import BytesIO

import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.image import imread

from forgetting import forget_set
from reports.experiments import dummy_metric
from reports.reading import Page, assert_alone, assert_figures, pictures, words
from unlearning.evaluation.registry import METRICS
from unlearning.experiments import readings as study_readings
from unlearning.experiments.readings import CONFIRMED, NOT_RUN, OPEN, READINGS
from unlearning.experiments.results import Results
from unlearning.reports.page import for_both
from unlearning.reports.study_reasons import distances, finding, of_defect, unlike
from unlearning.reports.study_report import counts, data_page, headline, how_n_is_read, readings, study_report
from unlearning.reports.study_tables import METHOD_SCORES, Numbers, numbers
from unlearning.reports.style import THEMES
from unlearning.reports.words import NONE

LIMIT = 1_800_000
SETUP = {"studies": "alpha,epochs", "commands": "mlflow run . -e experiment", "seconds": "4321", "preset.lr": "1e-5"}
OUT_OF_SIGHT = """() => {
  const seen = [];
  for (const box of document.querySelectorAll(".wide")) {
    box.scrollLeft = 9999;
    for (const cell of box.querySelectorAll("tr > :first-child:not([colspan])")) {
      if (!cell.offsetParent) continue;
      const [left, edge] = [cell.getBoundingClientRect().left, box.getBoundingClientRect().left];
      const text = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
      while (text.nextNode()) for (const word of text.currentNode.data.matchAll(/[^\\s-]+/g)) {
        const range = document.createRange();
        range.setStart(text.currentNode, word.index);
        range.setEnd(text.currentNode, word.index + word[0].length);
        if (left < edge - 1 || range.getClientRects().length > 1) seen.push(word[0]);
      }
    }
  }
  return seen;
}"""
UNDRAWN = {theme: {} for theme in THEMES}


def undrawn_page(results, data=None):
    """The page without figures, read."""
    text = study_report(numbers(results), {}, UNDRAWN, data)
    return Page(text)


@pytest.fixture(scope="module")
def text(known, drawn_study):
    return study_report(known, SETUP, drawn_study)


def test_the_page_is_whole_and_small_asks_nothing_of_anybody_and_names_no_face(text):
    assert_alone(text, "face00", limit=LIMIT)


def corner(shown):
    """The colour at the top left of the first figure, as hexadecimal RGB."""
    picture = shown.do(lambda page: page.locator("figure img").first.screenshot())
    return to_hex(imread(BytesIO(picture))[2, 2, :3])


def test_a_figure_for_both_papers_differs_in_variables_alone():
    light = '<svg><path id="m1a" style="fill: #ffffff; stroke: #0072b2"/><use xlink:href="#m1a" fill="#0072b2"/></svg>'
    dark = light.replace("m1a", "m2b").replace("#ffffff", "#14181d").replace("#0072b2", "#56b4e9")
    assert for_both(light, dark) == (
        "<svg>\n<style>:root { --c0: #ffffff; --c1: #0072b2; } "
        "@media (prefers-color-scheme: dark) { :root { --c0: #14181d; --c1: #56b4e9; } }</style>"
        '<path id="n0" style="fill: var(--c0); stroke: var(--c1)"/><use xlink:href="#n0" fill="var(--c1)"/></svg>'
    )
    with pytest.raises(ValueError, match="more than its colours"):
        for_both(light, dark.replace("path", "line"))


@pytest.mark.parametrize("paper", ["light", "dark"])
def test_a_browser_shows_the_page_and_it_would_ask_nobody_even_if_it_were_allowed_to(opened, text, page, paper):
    bare, count = re.subn(r"<meta http-equiv=.Content-Security-Policy.[^>]*>", "", text)
    assert count == 1
    shown = opened(bare, color_scheme=paper)
    shown.fits(1280)
    assert opened.phone(text, color_scheme=paper).see(OUT_OF_SIGHT) == []
    assert shown.see("document.images.length") == len(page.all("img")) > 10
    assert corner(shown) == THEMES[paper].paper


def test_all_of_the_page_can_be_read_on_every_screen_and_on_paper(opened, text):
    opened.everywhere(text)


def test_the_page_prints_on_light_paper_with_everything_that_was_folded_away(opened, text):
    shown = opened(text, color_scheme="dark", viewport={"width": 680, "height": 960})
    shown.do(lambda page: page.emulate_media(media="print"))
    assert shown.see("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert corner(shown) == THEMES["light"].paper
    assert shown.see("[...document.querySelectorAll('details table')].every((each) => each.offsetHeight > 0)")


def test_the_page_begins_with_every_verdict_and_leads_to_every_part_of_it(results, text, page):
    first = text[text.index("<header>") : text.index("</header>")]
    assert f"<h1>{headline(readings(results))}".replace("'", "&#39;") in first
    assert words(Page(first)).lower().count("confirmed") >= len(READINGS)
    assert all(reading.sentence in words(Page(first)) for reading in READINGS.values())
    assert len(page.all("a")) == text.count("<section id=") > 10


def test_the_page_says_which_experiment_it_is_and_how_it_was_made(results, page):
    assert "Preset small , data 0123456789abcdef , 3 seeds (0, 1, 2), studies: alpha,epochs." in words(page)
    assert set(SETUP) | set(SETUP.values()) <= set(page.texts)
    assert {f"Forget set {rule}" for rule in results.forget_sets} <= set(page.texts)


def test_every_reading_has_its_verdict_and_its_evidence(results, page):
    rows = [["".join(cell.split("\n")) for cell in row] for row in page.rows]
    for reading in readings(results):
        assert [f"{reading['sentence']}{reading['sign']} {reading['verdict']}"] in rows
        assert reading["evidence"]
        for part in reading["evidence"]:
            assert [part["claim"], part["value"], part["interval"], ", ".join(part["seeds"]), part["sign"]] in page.rows


def test_evidence_is_told_with_signs(monkeypatch, results):
    part = study_readings.Evidence("a - b", 0.1234, -0.02, 0.3, (0.1, -0.0001))
    monkeypatch.setitem(READINGS, "dummy", study_readings.Reading("dummy", "A sentence.", lambda _: [part]))
    told = readings(results)[-1]
    assert (told["sentence"], told["verdict"]) == ("A sentence.", OPEN)
    (evidence,) = told["evidence"]
    assert evidence["claim"] == "a \u2212 b"
    assert (evidence["value"], evidence["interval"]) == ("+0.123", "\u22120.020 to +0.300")
    assert evidence["seeds"] == ["+0.100", "0.000"]


def test_the_headline_counts_verdicts():
    judged = [{"verdict": kind} for kind in (CONFIRMED, CONFIRMED, OPEN, NOT_RUN)]
    assert headline(judged) == "Of the study's 4 readings, 2 are confirmed here, 1 is open, 1 was not run."
    nothing = headline(readings(Results("small", "digest", ())))
    assert nothing == f"Of the study's {len(READINGS)} readings, 0 are confirmed here, {len(READINGS)} were not run."


def test_tables_have_ours_pooled_the_studys_and_the_difference(known, page):
    table = known.tables["tables_4_to_7"]
    row = table[(table.epochs == 4) & (table.model == "rnd") & (table.metric == "test_mae")].iloc[0]
    cells = ["4", "RND", f"{row.ours:.2f} \u00b1 {row.sd:.2f}", f"{row.pooled:.2f}", "15.09"]
    assert cells in [each[:5] for each in page.rows]
    captions = [f"Table {number}" for number in range(3, 9)]
    assert all(any(text.startswith(caption) for text in page.texts) for caption in captions)


def test_every_table_says_which_reading_of_the_seeds_it_shows(results, known, page):
    said = how_n_is_read(results)
    assert said.startswith("here: mean of the scores of 3 seeds, \u00b1 their standard deviation; ")
    assert said.endswith("pooled: score of the predictions averaged over 3 seeds")
    of_scores = [table for table in known.tables if table not in ("all", "methods")]
    shown = sum(known.tables[table].metric.nunique() for table in of_scores) + len(results.forget_sets)
    of_methods = known.tables["methods"].forget_set.nunique()
    assert page.texts.count(said) == shown
    assert page.texts.count("means over the seeds, with their 95 % intervals") == of_methods
    assert len(page.all("caption")) == shown + of_methods


def test_one_seed_has_no_two_readings_and_a_changing_number_of_seeds_is_told(make_results):
    one, three = (make_results(["alpha"], seeds=seeds, faces=120) for seeds in (1, 3))
    assert how_n_is_read(one) == "one seed: here and pooled are the same"
    both = Results("small", "digest", one.outcomes + three.outcomes)
    assert "mean of the scores of 1 to 3 seeds" in how_n_is_read(both)


def test_a_request_of_ones_own_is_shown_and_no_reading_of_the_study(make_results):
    """The study's sentences are about its five age groups; whatever else was forgotten has a table of its own."""
    results = make_results(["forget_set"], seeds=2, faces=120)
    listed = tuple(replace(each, forget_set="list a.csv") for each in results.outcomes if each.forget_set == "52-60")
    both = Results("small", "digest", (*results.outcomes, *listed))
    assert [reading["evidence"] for reading in readings(both)] == [reading["evidence"] for reading in readings(results)]
    page = undrawn_page(both)
    assert any(row[:3] == ["list a.csv", "8", "FT"] for row in page.rows)
    assert "Forget set list a.csv" in page.texts


def test_every_figure_is_there_on_both_papers_with_words_for_those_who_cannot_see_it(page, drawn_study):
    assert_figures(page, drawn_study, "study")


def test_new_methods_and_metrics_appear_by_themselves(monkeypatch, make_results):
    monkeypatch.setitem(METRICS, "dummy", dummy_metric())
    results = make_results(["alpha"], more={"oblivion": (3,)}, seeds=1, faces=120)
    page = undrawn_page(results)
    heads = next(row for row in page.rows if "dummy (faces)" in row)
    [whole] = [row for row in page.rows if row[0] == "oblivion" and len(row) == len(heads)]
    assert whole[1] == "3"
    count = len(results.outcomes[0].cases[0].errors("forget"))
    assert float(whole[heads.index("dummy (faces)")].partition("(")[0]) == count
    [ranked] = [row for row in page.rows if row[0] == "oblivion" and len(row) < len(heads)]
    assert len(ranked) == 2 + len(METHOD_SCORES) - 1  # of ages there is no accuracy
    assert "How many faces are forgotten, in faces." in words(page)


@pytest.mark.parametrize("study", ["defect", "single"])
def test_an_experiment_of_one_study_says_what_was_not_run(make_results, study):
    told = words(undrawn_page(make_results([study], seeds=1, faces=120)))
    assert "This experiment did not run it (study alpha )." in told
    assert f"1 seed (0), studies: {study}." in told


def test_an_experiment_without_outcomes_is_no_error():
    assert "no seed" in words(undrawn_page(Results("unheard-of", "digest", ())))


def test_hostile_texts_are_shown_and_not_run(make_results):
    hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>"
    known = numbers(make_results(["alpha"], more={hostile: (1,)}, seeds=1, faces=120, preset=hostile))
    data = {"headline": hostile, "heads": [hostile], "rows": [[hostile]], "figures": {}}
    text = study_report(known, {hostile: hostile}, UNDRAWN, data)
    assert "<script" not in text
    page = Page(text)
    assert not page.all("img")
    assert hostile in page.texts


def test_the_data_has_its_counts_beside_the_studys_and_its_figures(make_data):
    manifest = make_data().manifest
    manifest = manifest.assign(near=manifest.copy_of.where(manifest.copy_of != "", manifest.id))
    sets = {"20-28": forget_set("20-28", manifest), "list a.csv": forget_set("60-60 | 40-40", manifest)}
    rows = {name: row for name, *row in counts(manifest, sets)}
    assert rows["train"] == [4, 5, 9, 6470]
    assert rows["test"] == [3, 0, 3, 1043]
    # training faces of 20, 28 (with three copies) and 28, and a validation face of 24; the test face of 28 is not forgotten
    assert rows["forget 20-28"] == [4, 3, 7, 1735]
    assert rows["forget list a.csv"] == [1, 2, 3, NONE]
    data = data_page(manifest, make_data().rejected, sets, {"split": "<svg>split</svg>"})
    page = undrawn_page(Results("small", "digest", ()), data)
    assert ["train", "4", "5", "9", "6,470"] in page.rows
    assert any(text.startswith("Of 1,253 files, 9 were kept as faces, 1,244 were left out") for text in page.texts)
    assert pictures(page) == ["<svg>split</svg>"]


def test_the_defect_is_measured_by_the_mean_distance_from_the_published_numbers():
    published = (8.2, 15.09, 14.3, 13.59)
    rows = [
        (epochs, arm, "test_mae", ours + published[i] * (arm != "rnd"), published[i])
        for arm, ours in (("rnd as_published=true", 1.0), ("rnd", 5.0))
        for i, epochs in enumerate((2, 4, 8, 16))
    ]
    table = pd.DataFrame(rows, columns=["epochs", "model", "metric", "ours", "published"])
    table["difference"] = table.ours - table.published
    as_published, by_text, beyond = distances(table, "test_mae", "rnd as_published=true")
    assert (as_published, by_text) == pytest.approx((1.0, (3.2 + 10.09 + 9.3 + 8.59) / 4))
    assert beyond, "5 is below the published errors, and one more than they are is above"
    known = Numbers(Results("small", "digest", ()), pd.DataFrame(), {"defect": table})
    assert of_defect(known) == [("test MAE (years)", "RND divided", "1.00", "7.79", "explains most of it")]


def test_what_a_defect_explains_is_its_share_of_the_distance_where_it_was_measured(make_results):
    for told, as_published, by_text, *beyond in (
        ("explains most of it", 0.1, 8.0),
        ("explains part of it", 4.0, 8.0),
        ("does not explain it", 8.0, 8.0),
        ("overshoots it", 20.0, 8.0, True),
        ("is not needed to explain it", 3.0, 0.4),
        ("comes close", 0.4, float("nan")),
        ("does not come close", 4.0, float("nan")),
    ):
        assert finding("test_mae", as_published, by_text, bool(beyond)) == told
    assert of_defect(numbers(make_results(["alpha"], seeds=1, faces=120))) == []


def test_what_is_unlike_the_study_follows_the_preset_and_the_numbers(known):
    rows = {what: (here, study) for what, here, study in unlike(known)}
    assert rows["network"] == ("test_resnet", "resnet50")
    assert rows["side of the pictures (pixels)"] == ("64", "224")
    assert rows["test MAE of the retrained model (years)"][1] == "6.17"
    assert any(here.endswith(" of 106") for here, _ in rows.values())
    of_study = unlike(Numbers(Results("study", "digest", ()), pd.DataFrame(), {}))
    assert ("network", "resnet50", "resnet50") in of_study
