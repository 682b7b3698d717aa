"""Pages in a real browser without a network: Debian's Chromium, one a session, which fails a test for whatever it says."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page

NAMES = ("chromium", "chromium-browser", "google-chrome")
HOW = "there is no Chromium; install it with: apt-get install --no-install-recommends chromium"
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
)
DESK = {"viewport": {"width": 1280, "height": 900}}
PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True, "device_scale_factor": 2}
SETTLED = "new Promise((done) => setTimeout(done))"
SCHEMES = ("light", "dark")
SHEET = 718  # pixels between the margins that browsers leave on A4
SMALLEST = {"screen": 12.0, "print": 10.6}  # pixels, of letters; 8 points on paper
CONTRAST = 4.5
DRAWN = 10.8  # pixels, of the smallest letters of a figure at its natural width
UNFOLD = "document.querySelectorAll('details').forEach((each) => { each.open = true; })"
WHOLE = """() => {
  const wide = (each) => each.getBoundingClientRect().right > document.documentElement.clientWidth + 1;
  return {
    width: document.documentElement.clientWidth,
    needed: document.documentElement.scrollWidth,
    wide: [...document.querySelectorAll("body *")].filter(wide).slice(0, 5).map((each) => each.outerHTML.slice(0, 120)),
    broken: [...document.images].filter((each) => !each.complete || !each.naturalWidth).map((each) => each.alt),
  };
}"""
# What cannot be read: text that sticks out of its box, letters that are too small or too pale, words in two pieces. Long
# names without a break, as digests and paths, may be broken. Figures say their smallest letters at their natural width.
UNREADABLE = r"""([smallest, contrast, drawn]) => {
  const found = new Set(), canvas = document.createElement("canvas").getContext("2d");
  const tell = (what, each) => found.add(`${what}: ${each.outerHTML.replace(/\s+/g, " ").slice(0, 160)}`);
  const light = (colour) => {
    canvas.fillStyle = colour;
    const parts = [1, 3, 5].map((at) => parseInt(canvas.fillStyle.slice(at, at + 2), 16) / 255);
    const linear = parts.map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2] + 0.05;
  };
  const paper = light(getComputedStyle(document.body).backgroundColor);
  const scrolls = (each) => each && (/auto|scroll/.test(getComputedStyle(each).overflowX) || scrolls(each.parentElement));
  for (const each of document.body.querySelectorAll("*")) {
    if (!each.checkVisibility({ visibilityProperty: true })) continue;
    const style = getComputedStyle(each), box = each.getBoundingClientRect();
    if (style.display !== "inline" && each.scrollWidth > each.clientWidth + 1) {
      if (/T[DH]/.test(each.tagName) || !scrolls(each)) tell("cut", each);
    }
    const off = box.left < -1 || box.right > document.documentElement.clientWidth + 1;
    if (off && box.width && !scrolls(each)) tell("off", each);
    if (each.tagName === "IMG" && !each.closest(".lineage")) {
      const scale = Math.min(each.width / each.naturalWidth, each.height / each.naturalHeight);
      if (drawn * scale < smallest - 0.1) tell("small", each);
    }
    for (const text of [...each.childNodes].filter((one) => one.nodeType === 3 && one.data.trim())) {
      const inks = [light(style.color), paper].sort((one, other) => other - one);
      if (parseFloat(style.fontSize) < smallest) tell(`${style.fontSize} high`, each);
      const asked = each.closest("[aria-hidden]") ? 3 : contrast;
      if (inks[0] / inks[1] < asked && !/BUTTON|INPUT/.test(each.tagName)) tell("pale", each);
      for (const word of text.data.matchAll(/(?<![\p{L}\p{N}_])[\p{L}\p{N}_]{2,24}(?![\p{L}\p{N}_])/gu)) {
        const range = document.createRange();
        range.setStart(text, word.index);
        range.setEnd(text, word.index + word[0].length);
        const tops = [...range.getClientRects()].filter((one) => one.width).map((one) => one.top);
        if (tops.some((top) => top > tops[0] + 3)) tell(`in two pieces, ${word[0]}`, each);
      }
    }
  }
  return [...found];
}"""


@dataclass(frozen=True)
class Opened:
    """A page that is open in the browser; after whatever is done to it, it is asked whether anything went wrong."""

    page: Page
    wrong: list[str]
    thread: Executor

    def do(self, action: Callable[[Page], Any]) -> Any:
        """What ``action`` gives; it runs in the browser's thread, and fails if the page errs, talks or asks for anything."""

        def act() -> Any:
            given = action(self.page)
            self.page.evaluate(SETTLED)
            return given

        given = self.thread.submit(act).result()
        assert not self.wrong, self.wrong
        return given

    def see(self, script: str) -> Any:
        """What a JavaScript function or expression gives in the page."""
        return self.do(lambda page: page.evaluate(script))

    def texts(self, those: str) -> list[str]:
        """The texts of the elements that a selector of CSS names."""
        return [" ".join(text.split()) for text in self.do(lambda page: page.locator(those).all_text_contents())]

    def fits(self, width: int) -> None:
        """Fail unless nothing scrolls sideways on a screen of ``width`` pixels, details open and pictures shown."""
        self.see(UNFOLD)
        seen = self.see(WHOLE)
        assert seen["width"] == width, "the page asks the screen to be of another width"
        assert seen["needed"] <= width, f"wider than the screen: {seen['wide']}"
        assert not seen["broken"], f"pictures that are not shown: {seen['broken']}"

    def unreadable(self, media: str, scheme: str) -> list[str]:
        """What cannot be read, unfolded, on a medium and in a colour scheme."""
        self.do(lambda page: page.emulate_media(media=media, color_scheme=scheme))
        self.see(UNFOLD)
        found = self.do(lambda page: page.evaluate(UNREADABLE, [SMALLEST[media], CONTRAST, DRAWN]))
        return [f"{media}, {scheme}, {self.see('innerWidth')} pixels: {one}" for one in found]


class Window:
    """Opens pages in one browser, which lives in a thread of its own: its event loop would be in others' way."""

    def __init__(self, browser: Browser, thread: Executor, folder: Path):
        self.browser, self.thread, self.folder = browser, thread, folder
        self.tabs: list[BrowserContext] = []
        self.pages: list[Opened] = []

    def __call__(self, page: str | Path, **screen: Any) -> Opened:
        """Open the text of a page, or a file, as a person does; the keywords are Playwright's settings of a new context."""
        path = page if isinstance(page, Path) else self.folder / f"page{len(self.tabs)}.html"
        if isinstance(page, str):
            path.write_text(page)
        wrong: list[str] = []
        opened = Opened(self.thread.submit(self._tab, path.as_uri(), wrong, DESK | screen).result(), wrong, self.thread)
        opened.do(lambda page: page.goto(path.as_uri(), wait_until="load"))
        self.pages.append(opened)
        return opened

    def phone(self, page: str | Path, **screen: Any) -> Opened:
        """The page on a phone, where nothing scrolls sideways."""
        opened = self(page, **PHONE | screen)
        opened.fits(PHONE["viewport"]["width"])
        return opened

    def everywhere(self, page: str | Path) -> Opened:
        """The page on a phone, a tablet, a desk and on paper, light and dark: all of it can be read; answers the phone."""
        phone, desk, found = self.phone(page), self(page), []
        for scheme in SCHEMES:
            found += phone.unreadable("screen", scheme)
            for width, media in ((800, "screen"), (1400, "screen"), (SHEET, "print")):
                desk.do(lambda page, width=width: page.set_viewport_size({"width": width, "height": 900}))
                found += desk.unreadable(media, scheme)
        assert not found, "\n".join(found)
        assert desk.do(lambda page: page.pdf()).startswith(b"%PDF")
        return phone

    def _tab(self, own: str, wrong: list[str], screen: dict[str, Any]) -> Page:
        """A tab that reaches no network and writes down what goes wrong in it."""
        context = self.browser.new_context(offline=True, **screen)
        self.tabs.append(context)
        page = context.new_page()
        page.on("console", lambda said: wrong.append(f"console {said.type}: {said.text}"))
        page.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        page.on("request", lambda asked: asked.url == own or wrong.append(f"request: {asked.url}"))
        return page

    def close(self) -> None:
        """Close all tabs; fail for what went wrong after the last look at a page."""
        for context in self.tabs:
            self.thread.submit(context.close).result()
        assert not any(opened.wrong for opened in self.pages), [opened.wrong for opened in self.pages]


@contextmanager
def chromium(path: str) -> Iterator[tuple[Browser, Executor]]:
    """A browser and the thread that it must be talked to in."""
    from playwright.sync_api import sync_playwright

    with ThreadPoolExecutor(1) as thread:
        playwright = thread.submit(lambda: sync_playwright().start()).result()
        try:
            browser = thread.submit(lambda: playwright.chromium.launch(executable_path=path, args=list(FLAGS))).result()
            yield browser, thread
            thread.submit(browser.close).result()
        finally:
            thread.submit(playwright.stop).result()


def executable() -> str:
    """Where Chromium is; without one a test is skipped, or fails on a machine that is to have one."""
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        (pytest.fail if os.environ.get("REQUIRE_BROWSER") == "1" else pytest.skip)(HOW)
    return found
