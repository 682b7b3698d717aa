"""The page about the data: what it tells, and what it keeps to itself."""

import pytest

from reports.reading import Page, assert_alone, assert_figures, pictures
from unlearning.reports.data_figures import FIGURES
from unlearning.reports.data_report import compared, data_report, headline
from unlearning.reports.page import render
from unlearning.reports.style import THEMES

UNDRAWN = {theme: {} for theme in THEMES}


@pytest.fixture(scope="module")
def drawn(make_data, settings):
    return {theme: render(FIGURES, theme, make_data(), settings) for theme in THEMES}


@pytest.fixture(scope="module")
def text(make_data, settings, drawn):
    return data_report(make_data(), settings, drawn)


def test_the_page_is_whole_and_small_asks_nothing_of_anybody_and_names_no_face(make_data, text):
    data = make_data()
    names = [*data.manifest.file, *data.manifest.id, *data.manifest.subject, *data.rejected.file]
    assert_alone(text, *names, "/home/ann")


def test_all_of_the_page_can_be_read_on_every_screen_and_on_paper(opened, text):
    opened.everywhere(text)


def test_every_file_every_group_and_every_parameter_is_told_but_only_the_last_part_of_a_path(settings, page):
    sentence = "Of 1,253 files, 9 were kept as faces, 1,244 were left out, and 5 augmented copies of training faces added."
    assert {sentence, "0123456789abcdef"} <= set(page.texts)
    assert ["20\N{EN DASH}28", "3 + 3", "1", "1"] in page.rows
    told = dict(row for row in page.rows if len(row) == 2)
    expected = {key: str(value) for key, value in settings.items()} | {"data_dir": "faces-of-ann"}
    assert {key: told[key] for key in settings} == expected
    whole = " ".join("".join(page.texts).split())
    assert "fraction is 1.0 here and 0.3 in the study; augment_to is 3 here and 150 in the study." in whole


def test_one_file_is_told_in_the_singular_and_drawn_faces_are_called_so(make_data, settings):
    data = make_data([("train", 30, 0)], [])
    assert headline(data.manifest, data.rejected) == "Of 1 file, 1 was kept as faces, 0 were left out."
    assert "show nobody" in data_report(make_data(), settings | {"data_dir": ""}, UNDRAWN)


def test_the_forget_set_has_training_faces_copies_and_validation_faces(make_data):
    counts = {what: (ours, theirs) for what, ours, theirs in compared(make_data().manifest)}
    # training faces of 20, 28, 28 and three copies, a validation face of 24
    assert counts["Forget set 20\N{EN DASH}28"] == (7, 1735)
    assert counts["Training faces after augmentation"] == (9, 6470)
    assert counts["Validation faces"] == (2, 1043)


def test_every_reason_stands_with_its_count_under_its_step(page):
    expected = [
        ["files that cannot be used", "2"],
        ["the name is not [age]_[gender]_[race]_[timestamp].jpg", "2"],
        ["age filter", "1,234"],
        ["age N is outside N-N", "1,234"],
        ["quality filter", "8"],
        ["sharpness N is below N", "7"],
        ["contrast N is below N", "1"],
    ]
    start = page.rows.index(expected[0])
    assert page.rows[start : start + len(expected)] == expected


def test_every_figure_is_there_on_both_papers_with_words_for_those_who_cannot_see_it(drawn, page):
    assert_figures(page, drawn, "data")


def test_hostile_texts_are_shown_and_not_run(make_data, settings):
    hostile = "<script>alert(1)</script>"
    data = make_data(reasons=[("file", hostile, 4), (hostile, '"><img src=x onerror=alert(1)>', 2)])
    odd = settings | {"data_dir": hostile, "stratify": hostile}
    text = data_report(data, odd, {"light": render(FIGURES, "light", data, odd)})
    assert "<script" not in text
    page = Page(text)
    assert [hostile, "4"] in page.rows
    assert len(page.all("img")) == len(FIGURES)
    assert not any("<script" in picture for picture in pictures(page))


def test_a_flood_of_reasons_does_not_make_a_flood_of_a_page(make_data, settings):
    reasons = [(step, f"<&>{number:04d}" * 60, 1) for step in ("file", "quality", "odd") for number in range(700)]
    text = data_report(make_data(reasons=reasons), settings, UNDRAWN)
    assert len(text.encode()) <= 2_000_000
    assert ["600 other reasons", "600"] in Page(text).rows
