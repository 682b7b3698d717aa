"""The commands of README's table on small networks and drawn faces, and the notebook, run as they stand there."""

import json
import os
import re
import resource
import shlex
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

from places import ROOT
from typed import typed
from unlearning.data.drawn import draw_folder
from unlearning.registry.lookup import find
from unlearning.versions.data import account_of

NETWORK = ["--arch=test_resnet", "--image_size=32", "--precision=32-true"]
SMALLER = {
    "main": [*NETWORK, "--train_epochs=3", "--methods=noise", "--reference_seeds=101"],
    "train": [*NETWORK, "--epochs=3"],
    "crossfit": ["--folds=2", "--seeds=0,1"],
    "explain": ["--faces=12"],
}
# Servers and a browser: test_story.py, test_officer.py; a study: test_experiment_report.py; a GPU: nowhere.
NOT_HERE = {"serve", "web", "experiment", "report", "ui", "gpu_study"}
# What may be the answer as well: the table says "if it passes", and "then confirm".
REFUSED = {"promote": "is not promoted", "purge": "its name was not typed back"}


def commands() -> list[tuple[str, list[str]]]:
    """(entry point, words) of every command of the table."""
    table = ROOT.joinpath("README.md").read_text().partition("## I want to")[2].partition("\n## ")[0]
    found = []
    for text in re.findall(r"`((?:mlflow run|age-unlearning|make|benchmarks/|-e )[^`]*)`", table):
        words = shlex.split(text)
        if words[0] == "age-unlearning":
            found.append((words[1], words[2:]))
        elif words[0] == "mlflow":
            entry = words[words.index("-e") + 1] if "-e" in words else "main"
            found.append((entry, [f"--{word}" for flag, word in pairwise(words) if flag == "-P"]))
        else:
            found.append((Path(words[-1]).stem, []))
    return found


def test_every_command_of_the_table_does_what_it_says_there(empty_store, use, own_cache, tmp_path, monkeypatch):
    place = use(empty_store)
    faces = draw_folder(tmp_path / "faces", 160, 0, (20, 60))
    monkeypatch.setenv("UNLEARNING_SIGNING_KEY", str(tmp_path / "key.pem"))
    done_or_refused("key", ["--path", str(tmp_path / "key.pem")])
    done = []
    for entry, words in commands():
        if entry in NOT_HERE:
            continue
        if entry == "request":
            manifest, _ = account_of(find("age-resnet50", "original").tag("data_run"))
            learned = manifest[(manifest.split == "train") & (manifest.copy_of == "")].file[:3]
            Path("person.csv").write_text("\n".join(["file", *learned]))
        own = [re.sub(r"\b(FACES|FOLDER)\b", str(faces), word) for word in words]
        done_or_refused(entry, [*own, *SMALLER.get(entry, [])], REFUSED.get(entry))
        done.append(entry)
    assert (place / "ages.parquet").is_file() or Path("ages.parquet").is_file()
    assert {"main", "train", "retrain", "unlearn", "evaluate", "promote", "request", "process", "purge", "explain"} <= set(done)


def done_or_refused(entry: str, words: list[str], refusal: str | None = None) -> None:
    said = typed(entry, *words)
    assert said.exit_code == 0 or (refusal and refusal in said.output), f"{entry} {words}: {said.output} {said.exception}"


NOTEBOOK = ROOT / "docs" / "quickstart.ipynb"
MOST_SECONDS = 60  # of a core


def test_the_notebook_runs_in_a_fresh_process_within_a_minute_and_is_committed_without_outputs(tmp_path):
    cells = [cell for cell in json.loads(NOTEBOOK.read_text())["cells"] if cell["cell_type"] == "code"]
    assert [cell["outputs"] for cell in cells] == [[]] * len(cells)
    code = "\n\n".join("".join(cell["source"]) for cell in cells)
    own = {"PYTHONPATH": str(ROOT / "src"), "TMPDIR": str(tmp_path), "UNLEARNING_CACHE": str(tmp_path / "cache")}
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run([sys.executable, "-c", code], env=os.environ | own, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "| gentle-20-28-e2 |" in done.stdout
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before < MOST_SECONDS
