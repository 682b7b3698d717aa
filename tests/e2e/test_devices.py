"""A training on two devices as people start it: by the option, by torchrun, killed, and typed again."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import made
from erasable import copy_store
from places import ROOT
from unlearning.registry.lookup import find
from waiting import wait_until

MODEL = "age-resnet50"
TRAIN = ["--drawn_faces", "160", "--arch", "test_resnet", "--image_size", "32", "--epochs", "4", "--precision", "32-true"]
ENTRY = ["-m", "entrypoints.train", *TRAIN, "--devices", "2"]
TORCHRUN = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
FIRST, LAST = "epoch 2/4", "epoch 4/4"


def start(words: list[str], folder: Path, store: Path) -> subprocess.Popen:
    folder.mkdir(exist_ok=True)
    if not (folder / "mlflow.db").exists():
        copy_store(store, folder)
    own = {"MLFLOW_TRACKING_URI": f"sqlite:///{folder}/mlflow.db", "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}
    own |= {"UNLEARNING_CHECKPOINT_MINUTES": "0", "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(
        [sys.executable, *words], env=os.environ | own, cwd=folder, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True
    )


def said_until(process: subprocess.Popen, words: str) -> str:
    said = ""
    for line in process.stderr:
        said += line
        if words in line:
            return said
    raise AssertionError(said)


def children(process: subprocess.Popen) -> list[int]:
    return [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]


def weights(folder: Path, monkeypatch) -> list[str]:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{folder}/mlflow.db")
    return made.weights(find(MODEL, "original"))


def test_a_process_that_is_killed_ends_the_training_in_a_sentence_and_it_goes_on(empty_store, tmp_path, own_cache, monkeypatch):
    with start([*TORCHRUN, *ENTRY], tmp_path / "whole", empty_store) as whole:
        said = whole.stderr.read()
    assert whole.returncode == 0, said
    with start(ENTRY, tmp_path / "killed", empty_store) as killed:
        said_until(killed, FIRST)
        [other] = children(killed)
        os.kill(other, signal.SIGKILL)
        said = killed.stderr.read()
    assert killed.returncode == 1, said
    assert "a process of the group has ended" in said
    assert "type the same command again" in said
    with start(ENTRY, tmp_path / "killed", empty_store) as again:
        said = again.stderr.read()
    assert again.returncode == 0, said
    assert "goes on after epoch" in said
    assert weights(tmp_path / "killed", monkeypatch) == weights(tmp_path / "whole", monkeypatch)


def test_a_training_that_is_asked_to_end_takes_its_other_process_along(empty_store, tmp_path, own_cache):
    with start(ENTRY, tmp_path / "ended", empty_store) as ended:
        said_until(ended, FIRST)
        [other] = children(ended)
        ended.send_signal(signal.SIGTERM)
        said = ended.stderr.read()
    assert ended.returncode == 143, said
    wait_until(lambda: not Path(f"/proc/{other}").exists())
