"""Reading what was made: the texts and tags of a page, its pictures, and how well a colour can be seen."""

import base64
import re
import xml.etree.ElementTree as ElementTree
from html.parser import HTMLParser

import numpy as np
from matplotlib.text import Text

from unlearning.reports.page import CAPTIONS, for_both
from unlearning.reports.style import THEMES, styled

NAMESPACES = {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


class Page(HTMLParser):
    """Texts, those of them that are not folded away, tags with their attributes, and the cells of each table row of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.texts, self.unfolded, self.rows, self.open = [], [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("meta", "img"):
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        elif tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if "style" in self.open:
            return
        self.texts.append(data)
        if "body" in self.open and ("details" not in self.open or "summary" in self.open):
            self.unfolded.append(data)
        if self.open and {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]


def words(page):
    """All texts of a page in one line."""
    return " ".join(" ".join(page.texts).split())


def assert_alone(text, *never, limit=2_000_000, scripts=0):
    """A page is whole and small, asks nothing of any network, runs only its own ``scripts``, and tells ``never`` nowhere."""
    page = Page(text)
    assert not page.open
    assert len(text.encode()) <= limit
    assert [each["lang"] for each in page.all("html")] == ["en"]
    for each in (text, *pictures(page)):
        assert not [word for word in never if word in each]
        assert set(re.findall(r"https?://[^\s\"'<>)]+", each)) <= NAMESPACES
        assert "@import" not in each
    assert text.count("<script") == scripts
    assert not any("<script" in picture for picture in pictures(page))
    assert not page.all("link") + page.all("iframe")
    assert {each["href"] for each in page.all("a")} <= {f"#{place['id']}" for _, place in page.tags if "id" in place}
    assert any("default-src 'none'" in each.get("content", "") for each in page.all("meta"))


def pictures(page):
    """The SVG texts of the page's images."""
    start = "data:image/svg+xml;base64,"
    sources = [image["src"] for image in page.all("img")]
    assert all(source.startswith(start) for source in sources)
    return [base64.b64decode(source.removeprefix(start)).decode() for source in sources]


def assert_figures(page, drawn, kind):
    """Every figure that was drawn is there once for both papers, with its caption, and words for those who cannot see it."""
    assert sorted(pictures(page)) == sorted(map(for_both, drawn["light"].values(), drawn["dark"].values()))
    assert all(len(image["alt"]) > 30 for image in page.all("img"))
    assert {told["caption"] for told in CAPTIONS[kind].values()} <= set(page.texts)


def contrast(one, other):
    """Of two colours, as WCAG 2 defines it."""
    light = sorted((luminance(one), luminance(other)))
    return (light[1] + 0.05) / (light[0] + 0.05)


def luminance(colour):
    levels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [level / 12.92 if level <= 0.04045 else ((level + 0.055) / 1.055) ** 2.4 for level in levels]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def assert_pictures(drawn, registry, theme, *never):
    """Every figure of a registry is an SVG image on the theme's paper, and has nothing in it that must not be told."""
    assert list(drawn) == list(registry)
    for picture in drawn.values():
        assert ElementTree.fromstring(picture).tag.endswith("svg")
        assert THEMES[theme].paper in picture
        assert not [word for word in never if word in picture]


def texts_of(figure):
    return {text.get_text() for text in figure.findobj(Text)}


def draw(registry, name, *shown):
    """A figure of a registry on light paper, before it becomes an image."""
    with styled(THEMES["light"]):
        return registry[name](*shown, THEMES["light"])
