"""The notebook for who calls the project from Python runs from its first cell to its last, as it is committed."""

import json
import os
import resource
import subprocess
import sys

from places import ROOT

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
