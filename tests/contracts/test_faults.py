"""How a command ends when something goes wrong that is nobody's input."""

import errno
import shutil
import subprocess
import sys
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import SimpleNamespace

import click
import pytest
from click.testing import CliRunner
from pyarrow import ArrowInvalid
from safetensors import SafetensorError

from entrypoints.command import Entry
from places import ROOT
from unlearning.errors import InputError
from unlearning.faults import REPORT


def ended(raise_it):
    """What a command says that ends by an error, and the exception that is left."""

    @click.command(cls=Entry)
    def main():
        raise_it()

    return CliRunner().invoke(main, [])


def thrown(error, cause=None):
    def raise_it():
        raise error from cause

    return raise_it


FULL = OSError(errno.ENOSPC, "No space left on device")


def fill_the_disk():
    Path("/dev/full").write_text("a face", encoding="utf-8")


@pytest.mark.parametrize(
    "raise_it",
    [
        fill_the_disk,
        thrown(RuntimeError("wrapped"), FULL),
        thrown(RuntimeError("wrapped"), RuntimeError("(sqlite3.OperationalError) database or disk is full")),
        thrown(SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")),
        thrown(OSError("8192 requested and 0 written")),
        thrown(InputError("the artifact cannot be read"), FULL),
    ],
)
def test_a_full_disk_is_named_whatever_library_wraps_it(raise_it, monkeypatch, tmp_path):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    result = ended(raise_it)
    assert isinstance(result.exception, SystemExit)
    assert "there is no room left on the disk of " in result.output
    assert "MB free); make room, or name another folder" in result.output


def test_a_file_that_did_not_fit_names_its_disk(tmp_path):
    result = ended(thrown(RuntimeError("wrapped"), OSError(errno.EDQUOT, "Disk quota exceeded", str(tmp_path / "pixels.npy"))))
    assert f"there is no room left on the disk of {tmp_path} (" in result.output


def test_a_copy_that_did_not_fit_names_the_disk_that_it_did_not_fit_on(tmp_path, monkeypatch):
    free = {"full": 0, "roomy": 10**9}
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=free[Path(path).name]))
    for name in free:
        (tmp_path / name).mkdir()
    error = OSError(errno.ENOSPC, "No space left on device", str(tmp_path / "roomy" / "a"), None, str(tmp_path / "full" / "a"))
    assert f"there is no room left on the disk of {tmp_path / 'full'} (0 MB free)" in ended(thrown(error)).output


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (
            PermissionError(errno.EACCES, "Permission denied", "/store/mlflow.db"),
            "the system says: Permission denied: /store/mlflow.db",
        ),
        (ArrowInvalid("Parquet magic bytes not found\nin footer"), "pyarrow says: Parquet magic bytes not found"),
        (SafetensorError("header too large"), "safetensors says: header too large"),
        (MemoryError("Unable to allocate 9 GiB"), "the memory does not suffice: Unable to allocate 9 GiB; take a smaller"),
        (BrokenProcessPool("terminated abruptly"), "a process of this command was killed, as the system does where memory"),
        (RuntimeError("CUDA out of memory. Tried"), "the memory does not suffice: CUDA out of memory"),
    ],
)
def test_what_the_system_or_a_library_refuses_is_a_sentence(error, sentence):
    result = ended(thrown(error))
    assert isinstance(result.exception, SystemExit)
    assert result.output.startswith(f"Error: {sentence}")
    assert REPORT not in result.output


@pytest.mark.parametrize("error", [KeyError("seconds"), RuntimeError("matrices do not fit"), ValueError("bad")])
def test_what_nobody_foresaw_keeps_its_traceback_under_a_line_that_says_whose_fault_it_is(error):
    result = ended(thrown(error))
    assert result.exception is error
    assert result.output.splitlines() == [REPORT]


@pytest.mark.parametrize("error", [click.UsageError("wrong"), click.Abort()])
def test_what_click_has_words_for_is_left_to_click(error):
    result = ended(thrown(error))
    assert isinstance(result.exception, SystemExit)
    assert REPORT not in result.output


@pytest.mark.parametrize("locale", [{"LC_ALL": "C", "PYTHONUTF8": "0"}, {"LC_ALL": "C.UTF-8"}])
def test_a_path_that_is_no_text_is_printed_as_an_escape(locale, tmp_path):
    program = "from entrypoints.key import main; main()"
    path = bytes(tmp_path) + b"/f\xfcr Jos\xc3\xa9"
    command = [sys.executable, "-c", program, b"--path", path]
    done = subprocess.run(command, cwd=ROOT, env={"PYTHONPATH": "src", **locale}, capture_output=True, check=False)
    assert (done.returncode, done.stderr.count(b"Traceback")) == (0, 0), done.stderr
    assert b"fcr" in done.stdout + done.stderr
