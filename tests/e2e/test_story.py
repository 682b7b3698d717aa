"""The life of three requests, from training to purge, as tools/story.py plays it, on a server before a bucket.

The script ends at the first thing that does not come out as told; what is looked at here is that it told all of it, and nobody.
"""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from buckets import buckets as buckets
from places import ROOT
from postgres import another_database
from postgres import postgres as postgres
from server import listening
from unlearning.purge.buckets import UNSEEN

SMALL = ("--drawn_faces", "100", "--epochs", "1", "--method_epochs", "1", "--pictures", "3", "--mlflow_runs", "none")
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
BUCKET = "artifacts-of-the-story"


@pytest.fixture(scope="module")
def bucket(buckets):
    """A bucket that keeps old versions."""
    return buckets(BUCKET, versioned=True)


@pytest.fixture(scope="module")
def before_a_bucket(bucket, postgres, tmp_path_factory):
    """The address of a server that keeps its entries in PostgreSQL and its artifacts in the bucket, whose keys it alone has."""
    words = ["--backend-store-uri", another_database(postgres, "story"), "--artifacts-destination", bucket.uri]
    with listening(
        tmp_path_factory.mktemp("server"), "health", "server", *words, "--workers", "1", **bucket.settings
    ) as address:
        yield address


@pytest.fixture(scope="module")
def told(before_a_bucket, tmp_path_factory):
    """The folder of a story that was played to its end; everything that it found out of order is in the failure."""
    out = tmp_path_factory.mktemp("story") / "told"
    command = [sys.executable, str(ROOT / "tools" / "story.py"), "--out", str(out), *SMALL, "--store", before_a_bucket]
    own = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MLFLOW_", "PYTHON"))}
    done = subprocess.run(command, cwd=out.parent, env=own, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{done.stdout[-6000:]}\n{done.stderr[-3000:]}"
    return out


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


def test_everything_was_written_to_the_bucket_and_nothing_beside_it(told, bucket):
    assert not (told / "mlruns").exists()
    files = [Path(key).name for key in bucket.files()]
    assert sum(name in ("audit.jsonl", "certificate.json") for name in files) >= 3


def test_a_purge_removes_files_from_a_bucket_and_says_that_it_cannot_see_old_versions_behind_the_server(told, bucket):
    reports = [bucket.read(key) for key in bucket.files() if key.endswith("/purge.json")]
    files = [file for report in reports for file in json.loads(report)["files"]["removed"]]
    removed = {f"0/models/{model}/artifacts/{path}" for model, path in map(_logged, files) if model}
    assert len(removed) >= 2 * 3  # of two versions weights, their description, and how MLflow loads them
    assert removed.isdisjoint(bucket.files())
    assert removed <= set(bucket.old())
    assert (told / "story.md").read_text().count(UNSEEN) == 2


def _logged(file: dict) -> tuple[str, str]:
    """The id of the logged model that a file belonged to, empty for none, and its path there."""
    kind, _, model = file["place"].rpartition(" ")
    return (model if kind == "logged model" else "", file["path"])
