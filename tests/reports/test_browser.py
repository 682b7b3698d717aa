"""The browser of the tests sees what is wrong with a page."""

import pytest

HEAD = '<!DOCTYPE html><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
WRONG = {
    '<img src="http://pictures.example/face.jpg" alt="">': "request: http://pictures.example/face.jpg",
    '<script>fetch("data.json")</script>': "request: file:.*data.json",
    "<script>missing()</script>": "missing is not defined",
    '<script>console.log("here")</script>': "console log: here",
    "<script>Promise.reject(new Error('late'))</script>": "late",
}


def test_whatever_a_page_asks_or_says_fails_the_test_also_when_something_is_done_to_it(opened):
    for body, seen in WRONG.items():
        with pytest.raises(AssertionError, match=seen):
            opened(HEAD + body)
    page = opened(HEAD + "<button onclick='missing()'>press</button>")
    with pytest.raises(AssertionError, match="missing is not defined"):
        page.do(lambda tab: tab.click("button"))
    page.wrong.clear()


def test_a_page_that_does_not_fit_a_phone_fails_the_test_and_one_that_is_well_is_shown(opened):
    for text, seen in (
        (HEAD + '<p style="width: 600px">wide</p>', "wider than the screen: .*wide</p>"),
        ("<!DOCTYPE html><p>made for a desk</p>", "of another width"),
        (HEAD + '<img src="data:image/png;base64,AAAA" alt="a curve">', "not shown: .*a curve"),
    ):
        with pytest.raises(AssertionError, match=seen):
            opened.phone(text)
    page = opened.phone(HEAD + '<h1>All\n well</h1><div style="overflow: auto"><p style="width: 600px">wide</p></div>')
    assert page.texts("h1") == ["All well"]
