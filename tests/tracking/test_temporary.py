"""The temporary folder of a process: nobody else's, gone with it, and swept when it was killed."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from entrypoints.command import Entry
from places import ROOT
from unlearning.tracking import temporary

WEIGHTS = """
import os, tempfile
from pathlib import Path
from unlearning.tracking import temporary
with temporary.private():
    Path(tempfile.mkdtemp(), "member-0.safetensors").write_bytes(b"weights")
{after}
"""


def run(after: str, place: Path) -> subprocess.CompletedProcess:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "src"), "TMPDIR": str(place)}
    command = [sys.executable, "-c", WEIGHTS.format(after=after)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Where temporary files lie, as this process sees it: for this test only."""
    monkeypatch.setattr(temporary, "_place", lambda: tmp_path)
    return tmp_path


def test_during_a_command_everybodys_temporary_files_lie_there():
    before = tempfile.gettempdir()
    said = CliRunner().invoke(Entry("where", callback=lambda: click.echo(tempfile.gettempdir()))).output
    assert said == f"{temporary.own_folder()}\n"
    assert tempfile.gettempdir() == before


@pytest.mark.parametrize("end", ["", "raise SystemExit(3)", "1 / 0"])
def test_nothing_is_left_by_a_process_that_ends(place, end):
    run(end, place)
    assert list(place.iterdir()) == []


def test_a_child_that_ends_leaves_its_parent_its_files(place):
    code = "if os.fork() == 0: raise SystemExit\nos.wait()\nprint(len(list(temporary.own_folder().rglob('*.safetensors'))))"
    assert run(code, place).stdout == "1\n"


def test_what_a_killed_process_left_goes_with_the_next_and_is_told(place):
    killed = run("os.kill(os.getpid(), 9)", place)
    assert killed.returncode == -signal.SIGKILL
    [left] = place.rglob("*.safetensors")
    assert left.parents[1].stat().st_mode & 0o777 == 0o700
    told = run("print(*temporary.swept)", place).stdout
    assert "1 files, 7 bytes (member-0.safetensors)" in told
    assert list(place.iterdir()) == []


def test_a_living_process_keeps_its_folder_and_folders_that_are_not_a_process_s_own_stay(place):
    assert run("print(temporary._sweep())", place).stdout == "[]\n"
    (place / "elsewhere").mkdir()
    (place / "elsewhere" / "owner").write_text("")
    (place / "unlearning-link").symlink_to(place / "elsewhere")
    (place / "unlearning-results").mkdir()
    assert temporary._sweep() == []
    assert sorted(path.name for path in place.iterdir()) == ["elsewhere", "unlearning-link", "unlearning-results"]


def test_what_was_half_made_or_half_removed_goes_after_a_day_and_nothing_of_other_people_s(place):
    two_days_ago = time.time() - 2 * temporary.A_DAY
    for name in (".unlearning-abcdefgh", *(f"unlearning-{end}" for end in ("abcdefgh", "now_made", "results", "my_faces"))):
        (place / name).mkdir(0o755 if name.endswith("faces") else 0o700)
        (place / name / "weights").touch()
        if not name.endswith("now_made"):
            os.utime(place / name, (two_days_ago, two_days_ago))
    temporary._sweep()
    assert sorted(path.name for path in place.iterdir()) == ["unlearning-my_faces", "unlearning-now_made", "unlearning-results"]
