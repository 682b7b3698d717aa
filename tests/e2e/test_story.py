"""The life of three requests, from training to purge, as tools/story.py plays it, on both kinds of store.

The script ends at the first thing that does not come out as told; what is looked at here is that it told all of it, and nobody.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from places import ROOT
from postgres import postgres as postgres

SMALL = ("--drawn_faces", "100", "--epochs", "1", "--method_epochs", "1", "--pictures", "3")
CHAPTERS = [
    "A model that remembers everybody",
    "A reference for every request to come",
    "The first request, and the same again",
    "The second request fails its gate",
    "The third request is killed in the middle, and picked up",
    "Back, and forward again",
    "The served model says which version it is",
    "What still remembers goes for good",
    "Every certificate is verified, and tampered with",
    "How it ends",
]


def play(out: Path, *more: str) -> Path:
    """The story in a folder of its own; everything that it found out of order is in the failure."""
    command = [sys.executable, str(ROOT / "tools" / "story.py"), "--out", str(out), *SMALL, *more]
    own = {name: value for name, value in os.environ.items() if not name.startswith(("MLFLOW_", "PYTHON"))}
    done = subprocess.run(command, cwd=out.parent, env=own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    return out


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def told(request, tmp_path_factory):
    """The folder of a story that was played to its end: each entry point by ``mlflow run`` first, on PostgreSQL all forked."""
    other = request.param == "postgresql"
    more = ("none", "--store", request.getfixturevalue("postgres")) if other else ("first",)
    return play(tmp_path_factory.mktemp("story") / request.param, "--mlflow_runs", *more)


def test_the_story_comes_out_and_tells_every_chapter_and_no_picture(told):
    page = (told / "story.md").read_text()
    assert re.findall(r"^## (.*)$", page, re.MULTILINE) == CHAPTERS
    assert str(told) not in page
    assert str(ROOT) not in page
    assert not re.search(r"\d+_\d_\d_\d{17}", page)
    figures = {path.name for path in (told / "images").iterdir()}
    assert figures == {f"story-lineage-{when}-{paper}.svg" for when in ("served", "end") for paper in ("light", "dark")}
    commands = [block["command"] for block in json.loads((told / "story.json").read_text()) if "command" in block]
    assert sum(bool(re.search(r"(-e |entrypoints\.)process ", command)) for command in commands) == 4
    assert any(command.startswith("mlflow models serve") for command in commands)


def test_nothing_was_written_where_the_project_lies(told):
    """``mlflow run`` works there, but everything belongs to the caller's folder."""
    logged = [path for path in (told / "mlruns").rglob("*") if path.name in ("audit.jsonl", "certificate.json")]
    assert len(logged) >= 3
