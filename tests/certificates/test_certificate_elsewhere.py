"""Verification without the library: by the stand-alone script, and by openssl with the documentation's own commands."""

import ast
import os
import re
import subprocess
import sys

import pytest

from certificates.conftest import SCRIPT
from certificates.issued import FILES, PICTURES, SAMPLES, SECRET, STRANGER, flipped, issue, line, payload_of, with_payload
from places import ROOT
from unlearning.canonical import read
from unlearning.certificates.keys import public_pem, read_public_key
from unlearning.certificates.samples import picture_id, prove
from unlearning.certificates.verify import Comparison, digests, verify

DOCUMENT = ROOT / "docs" / "certificates.md"


@pytest.fixture
def place(tmp_path, folder, public_file, files):
    """A folder with a chain of two certificates, the key, the version's files, a proof and its picture."""
    first, last = line(files, 2)
    folder.rename(tmp_path / "model")
    (tmp_path / "first.json").write_bytes(first)
    (tmp_path / "certificate.json").write_bytes(last)
    sample = picture_id(PICTURES[0])
    (tmp_path / "proof.json").write_bytes(prove(last, read(payload_of(last))["predicate"], SECRET, SAMPLES, sample))
    (tmp_path / "mine.jpg").write_bytes(PICTURES[0])
    (tmp_path / "other.jpg").write_bytes(PICTURES[1])
    (tmp_path / "other.pub").write_bytes(public_pem(STRANGER.public_key()))
    return tmp_path


@pytest.fixture
def call(script, place, monkeypatch, capsys):
    """Call the script within this process; returns its status, and keeps what it says under ``said``."""
    monkeypatch.chdir(place)

    def run(arguments: str) -> int:
        monkeypatch.setattr(sys, "argv", ["verify_certificate.py", "certificate.json", *arguments.split()])
        try:
            return script.main()
        except SystemExit as ended:
            return ended.code

    run.said = capsys
    return run


EVERYTHING = "--key key.pub --folder model --earlier first.json --proof proof.json --picture mine.jpg"


def run_script(place, arguments=EVERYTHING, certificate="certificate.json"):
    """Run apart from everything: no environment, no packages of ours on the path."""
    command = [sys.executable, "-I", SCRIPT, certificate, *arguments.split()]
    return subprocess.run(command, cwd=place, env={}, capture_output=True, text=True, check=False)


def test_the_script_needs_python_and_cryptography_only():
    tree = ast.parse(SCRIPT.read_text())
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in names} - set(sys.stdlib_module_names) == {"cryptography"}


def test_the_script_passes_a_whole_certificate_and_says_what_it_did_not_check(place):
    done = run_script(place)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == ["ok signature", "ok files", "ok earlier certificates", "ok proof"]
    unchecked = ["not checked files", "not checked earlier certificates", "not checked proof"]
    assert run_script(place, "--key key.pub").stdout.splitlines() == ["ok signature", *unchecked]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ("--key other.pub", "WRONG signature: it names the unknown key"),
        ("--key key.pub --folder .", "WRONG file MLmodel: it was renamed to model/MLmodel"),
        ("--key key.pub --earlier certificate.json", "WRONG earlier certificate 1: the chain is broken"),
        ("--key key.pub --proof proof.json --picture other.jpg", "WRONG proof: it does not lead from this sample"),
        (f"--key key.pub --proof proof.json --sample {'0' * 32}", "WRONG proof: it does not lead from this sample"),
        ("--key key.pub --proof first.json --picture mine.jpg", "WRONG proof: it is not made of"),
    ],
)
def test_the_script_names_what_is_wrong(call, arguments, said):
    assert call(arguments) == 1
    assert said in call.said.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    ["", "--key none.pub", "--key mine.jpg", "--key key.pub --folder none", "--key key.pub --proof proof.json"],
)
def test_the_script_tells_when_it_was_called_wrongly(call, arguments):
    assert call(arguments) == 2


@pytest.mark.parametrize("part", ["envelope", "statement"])
def test_script_and_library_name_the_same_places_whichever_byte_is_changed(script, envelope, public_file, part):
    keys, public_key, payload = script.read_keys([public_file]), read_public_key(public_file), payload_of(envelope)
    for at in range(0, len(envelope if part == "envelope" else payload), 7):
        mask = 1 + at % 255
        changed = flipped(envelope, at, mask) if part == "envelope" else with_payload(envelope, flipped(payload, at, mask))
        theirs, ours = script.open_certificate(changed, keys)[1], verify(changed, [public_key]).faults
        assert theirs
        assert [fault.split(":")[0] for fault in theirs] == [fault.split(":")[0] for fault in ours], at


def test_a_certificate_from_before_findings_were_certified_holds_for_both(script, public_file, files):
    before = issue(files, finding=None)
    assert "finding" not in read(payload_of(before))["predicate"]
    assert script.open_certificate(before, script.read_keys([public_file]))[1] == []
    assert verify(before, [read_public_key(public_file)]).good


def test_script_and_library_agree_on_files_chains_and_proofs_to_the_word(script, place, public_file, files):
    data, proof = (place / "certificate.json").read_bytes(), (place / "proof.json").read_bytes()
    (place / "model" / "MLmodel").write_text("other")
    (place / "model" / "model" / "spec.json").rename(place / "model" / "config.json")
    stranger = issue(files, STRANGER)
    known = Comparison(digests(place / "model"), [stranger], proof, SAMPLES[0][::-1])
    keys = script.read_keys([public_file])
    statement, _ = script.open_certificate(data, keys)
    theirs = script.check_files(statement, place / "model") + script.check_chain(statement, [stranger], keys)
    theirs += script.check_proof(proof, SAMPLES[0][::-1], data, statement)
    assert tuple(theirs) == verify(data, [read_public_key(public_file)], known).faults
    assert len(theirs) == 5


def test_script_and_library_refuse_the_same_proofs(script, place, public_file):
    data, proof = (place / "certificate.json").read_bytes(), (place / "proof.json").read_bytes()
    statement, _ = script.open_certificate(data, script.read_keys([public_file]))
    for at in range(len(proof)):
        for mask in (1, 0x20):
            assert script.check_proof(flipped(proof, at, mask), picture_id(PICTURES[0]), data, statement), at


def shell(place, block):
    """Run a block of the documentation's shell commands, by its number."""
    commands = re.findall(r"```sh\n(.*?)```", DOCUMENT.read_text(), flags=re.DOTALL)
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    command = ["sh", "-eu", "-c", commands[block]]
    return subprocess.run(command, cwd=place, env=environment, capture_output=True, text=True, check=False)


def test_openssl_alone_verifies_the_signature_by_the_documented_commands(place):
    done = shell(place, 0)
    assert done.returncode == 0, done.stderr
    assert "Signature Verified Successfully" in done.stdout
    assert (place / "payload").read_bytes() == payload_of((place / "certificate.json").read_bytes())


@pytest.mark.parametrize("what", ["payload", "sig", "key"])
def test_openssl_refuses_a_certificate_that_was_changed_and_another_key(place, what):
    data = (place / "certificate.json").read_bytes()
    if what == "key":
        (place / "other.pub").rename(place / "key.pub")
    else:
        (place / "certificate.json").write_bytes(flipped(data, data.index(f'"{what}":"'.encode()) + 40))
    assert shell(place, 0).returncode != 0


def test_the_documented_commands_name_the_key_and_check_every_file(place):
    shell(place, 0)
    done = shell(place, 1)
    assert done.returncode == 0, done.stderr
    name = re.search(rb'"keyid":"(\w+)"', (place / "certificate.json").read_bytes())[1].decode()
    assert name in done.stdout
    assert [each for each in done.stdout.splitlines() if ": " in each][-3:] == [f"{name}: OK" for name in FILES]
    (place / "model" / "MLmodel").write_text("other")
    done = shell(place, 1)
    assert done.returncode != 0
    assert "MLmodel: FAILED" in done.stdout
