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
WHOLE = """() => {
  document.querySelectorAll("details").forEach((each) => { each.open = true; });
  const wide = (each) => each.getBoundingClientRect().right > document.documentElement.clientWidth + 1;
  return {
    width: document.documentElement.clientWidth,
    needed: document.documentElement.scrollWidth,
    wide: [...document.querySelectorAll("body *")].filter(wide).slice(0, 5).map((each) => each.outerHTML.slice(0, 120)),
    broken: [...document.images].filter((each) => !each.complete || !each.naturalWidth).map((each) => each.alt),
  };
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
        seen = self.see(WHOLE)
        assert seen["width"] == width, "the page asks the screen to be of another width"
        assert seen["needed"] <= width, f"wider than the screen: {seen['wide']}"
        assert not seen["broken"], f"pictures that are not shown: {seen['broken']}"


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
