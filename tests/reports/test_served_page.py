"""The page of a server, as a browser shows it."""

from unlearning.reports.served_page import served_page
from unlearning.targets import Classes

TAGS = {"role": "unlearned", "forgotten": "20-28,file-person-17.csv", "verdict": "as retraining", "memory_left": "4.2"}
SINCE = "2026-03-02 08:30:00 UTC"


def test_all_of_the_page_can_be_read_on_every_screen_and_on_paper(opened):
    trouble = "The registry has not answered for 25 seconds; what is served may be out of date."
    shown = opened.everywhere(
        served_page("age-resnet50/4", TAGS, SINCE, "champion", trouble, [("age-resnet50/4", "31.4 years")], "")
    )
    assert shown.texts("h1") == ["age-resnet50/4 answers here"]
    opened.everywhere(served_page("", {}, "", "champion", "", [], "The picture is no JPEG and no PNG."))


def test_it_asks_for_what_the_version_predicts():
    tags = {"target": Classes("plate", ("blue", "red")).as_text()}
    text = served_page("plate-resnet50/1", tags, "", "champion", "", [("plate-resnet50/1", "red (98%)")], "")
    assert "plate of a picture" in text
    assert "What plate?" in text
    assert "red (98%)<small>says plate-resnet50/1" in text
    assert "The age of a face" in served_page("age-resnet50/1", {}, "", "champion", "", [], "")
