"""What the story does to certificates: it verifies them in three ways, and changes whatever can be changed."""

import importlib.util
import shutil
import subprocess
import sys
from pathlib import Path

from telling import ROOT, Stage, expect_same

SCRIPT = ROOT / "tools" / "verify_certificate.py"
FIRST, LAST = "ann", "cem"
FLIPS = 300


def verify_and_tamper(stage: Stage, champion: str) -> None:
    """Both certificates hold, and whatever is changed is named: by this project, by the script alone and by openssl.

    Args:
        stage: with ``ann.json``, ``ann-proof.json``, ``cem.json``, two pictures, and the public key in its folder.
        champion: URI of the version that the last certificate is about.
    """
    key = stage.out / "signing-key.pem.pub"
    for person in (FIRST, LAST):
        stage.call("verify", "ok signature", "ok registry", "ok files", certificate=stage.out / f"{person}.json", key=key)
        tampered = _tamper(stage.out / f"{person}.json", stage.out / f"{person}-tampered.json")
        stage.call("verify", "WRONG", "does not hold", fails=True, certificate=tampered, key=key)
        _flip_bytes(stage, person, key)
    _by_the_script_alone(stage, key, champion)
    if shutil.which("openssl"):
        _by_openssl(stage, key)


def _tamper(source: Path, target: Path) -> Path:
    """A copy with one bit changed, in the middle."""
    content = bytearray(source.read_bytes())
    content[len(content) // 2] ^= 1
    target.write_bytes(content)
    return target


def _flip_bytes(stage: Stage, person: str, key: Path) -> None:
    spec = importlib.util.spec_from_file_location(SCRIPT.stem, SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    keys, whole = script.read_keys([key]), (stage.out / f"{person}.json").read_bytes()
    expect_same("faults of the whole certificate", script.open_certificate(whole, keys)[1], [])
    places = range(0, len(whole), max(1, len(whole) // FLIPS))
    changed = {at: whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in places}
    unseen = [at for at, content in changed.items() if not script.open_certificate(content, keys)[1]]
    expect_same("bytes whose change is not seen", unseen, [])
    stage.show(f"Of the {len(whole)} bytes of `{person}.json`, {len(places)} were changed in turn, and every change was found.")


def _by_the_script_alone(stage: Stage, key: Path, champion: str) -> None:
    """Signature, files, chain and proof; then a proof of somebody else's picture, a broken chain and a changed weight."""
    script, folder = [sys.executable, str(SCRIPT)], _files_of(stage, champion)
    cem = [*script, str(stage.out / f"{LAST}.json"), "--key", str(key), "--folder", str(folder), "--earlier"]
    ann = [*script, str(stage.out / f"{FIRST}.json"), "--key", str(key), "--proof", str(stage.out / f"{FIRST}-proof.json")]
    first = str(stage.out / f"{FIRST}.json")
    stage.play([*cem, first], "ok signature", "ok files", "ok earlier certificates")
    stage.play([*ann, "--picture", str(stage.out / "mine.jpg")], "ok proof")
    stage.play([*ann, "--picture", str(stage.out / "bens.jpg")], "WRONG proof", fails=True)
    stage.play([*cem, str(stage.out / f"{FIRST}-tampered.json")], "the chain is broken", fails=True)
    weights = next(folder.rglob("*.safetensors"))
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    stage.play([*cem, first], f"{weights.name}: it was changed", fails=True)


def _files_of(stage: Stage, champion: str) -> Path:
    """A copy of the version's files, without MLflow's own note beside them."""
    import mlflow

    place = stage.out / "downloaded"
    place.mkdir()
    folder = Path(mlflow.artifacts.download_artifacts(champion, dst_path=str(place)))
    (folder / "registered_model_meta").unlink()
    return folder


def _by_openssl(stage: Stage, key: Path) -> None:
    """The commands of docs/certificates.md, as they stand there."""
    page = (ROOT / "docs" / "certificates.md").read_text(encoding="utf-8")
    commands = page[page.index("```sh\n") + 6 :].split("```")[0]
    for person in (FIRST, LAST, f"{FIRST}-tampered", f"{LAST}-tampered"):
        folder = stage.out / f"openssl-{person}"
        folder.mkdir()
        shutil.copy(stage.out / f"{person}.json", folder / "certificate.json")
        shutil.copy(key, folder / "key.pub")
        done = subprocess.run(["sh", "-c", commands], cwd=folder, capture_output=True, text=True, check=False)
        expect_same(f"openssl holds {person} for good", done.returncode == 0, "tampered" not in person)
        verdict = (done.stdout + done.stderr).strip().splitlines()
        stage.show(f"openssl on `{person}.json`: {verdict[0] if verdict else 'nothing'}")
