#!/usr/bin/env python3
"""The pictures of pages in docs/images, made anew from drawn faces: the whole job at a small size, then a browser.

    python tools/screenshots.py            # five minutes on two free cores; needs Chromium, and Playwright from the environment
                                           # of development

No face is on them, drawn or real: pages show none.
"""

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
SMALL = shlex.split("--arch test_resnet --image_size 32 --drawn_faces 400 --train_epochs 12 --gates 'test_mae < 100'")
SCREEN = {"width": 1120, "height": 760}
COMPARED = "original,retrained-20-28,ft-20-28-e4,rnd-20-28-e4,noise-20-28-e2"
COMMANDS = {  # the page of each stands on the last line that says `page:`
    "lineage": ["main", *SMALL],
    "audit": ["evaluate", "--version", "champion", "--audit", "tables"],
    "compare": ["compare", "--versions", COMPARED],
}


def started(place: Path, *words: str) -> subprocess.Popen:
    """A command in a folder, a store and a cache of its own; what it says for people can be read."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "UNLEARNING_"))}
    own |= {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "UNLEARNING_CACHE": str(place / "cache")}
    own |= {"UNLEARNING_SIGNING_KEY": str(place / "signing-key.pem")}
    command = [sys.executable, "-m", f"entrypoints.{words[0]}", *words[1:]]
    return subprocess.Popen(command, cwd=place, env=own, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)


def say(place: Path, *words: str) -> str:
    """What a command said; it ends this one where it fails."""
    print(f"screenshots: {words[0]}", flush=True)
    process = started(place, *words)
    _, said = process.communicate()
    if process.returncode:
        sys.exit(f"{' '.join(words)}: {said}")
    return said


def pages(place: Path) -> Iterator[tuple[str, str]]:
    """The address of each page, by the name of its picture."""
    for name, words in COMMANDS.items():
        yield name, Path(re.findall(r"^page: (/.*\.html)$", say(place, *words), re.MULTILINE)[-1]).as_uri()
    say(place, "key")
    say(place, "certify", "--out", "certificate.json")
    yield "certificate", (place / "certificate.html").as_uri()
    say(place, "request", "--forget_set", "random:5", "--reason", "Art. 17, ticket 4711", "--deadline", "2036-01-31")
    process = started(place, "web", "--port", "0")
    try:
        yield "web", next(found[0] for line in process.stderr if (found := re.search(r"http://\S+", line)))
    finally:
        process.terminate()
        process.communicate()


def picture(page: Page, address: str, name: str) -> None:
    """The first screen of a page, on paper of either colour, as a small WebP."""
    page.goto(address)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        shown = Image.open(BytesIO(page.screenshot())).quantize(64, dither=Image.Dither.NONE).convert("RGB")
        shown.save(IMAGES / f"page-{name}-{scheme}.webp", lossless=True, method=6)


def main() -> None:
    """Make them all."""
    argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter).parse_args()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--headless", "--no-sandbox"])
        for name, address in pages(Path(folder)):
            picture(browser.new_page(viewport=SCREEN), address, name)
        browser.close()


if __name__ == "__main__":
    main()
