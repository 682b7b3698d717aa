"""The console command has every entry point, helps at once, and works from an installed package."""

import subprocess
import sys
import tomllib
import zipfile

from click.testing import CliRunner
from test_projects import NAMES

from entrypoints.console import AUDIENCES, main
from places import ROOT


def test_every_entry_point_is_a_command_of_one_audience():
    listed = [name for names in AUDIENCES.values() for name in names]
    assert sorted(listed) == sorted(NAMES)
    shown = CliRunner().invoke(main, ["--help"], prog_name="age-unlearning").output
    assert [line.rstrip(":") for line in shown.splitlines() if line.rstrip(":") in AUDIENCES] == list(AUDIENCES)
    assert all(f"\n  {name} " in shown for name in NAMES)


def test_help_imports_no_entry_point():
    code = (
        "import sys; from click.testing import CliRunner; from entrypoints.console import main; "
        "assert CliRunner().invoke(main, ['--help']).exit_code == 0; "
        "print([name for name in sys.modules if name.startswith(('entrypoints.', 'unlearning.steps', 'mlflow', 'torch'))])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}"}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "['entrypoints.command', 'entrypoints.console']"


def test_what_needs_no_network_starts_without_pytorch():
    steps = ", ".join(f"unlearning.steps.{step}" for step in ("purge", "repair", "request", "rollback", "status"))
    code = f"import sys, {steps}; print(sorted({{'torch', 'lightning_fabric', 'timm'}} & sys.modules.keys()))"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(ROOT / "src")}, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_a_slip_is_answered_in_a_sentence_that_repeats_no_private_key():
    for words, said in (
        (["stats"], "'stats' is no command (did you mean 'status'?)"),
        (["status", "--name", "a/b"], "cannot be a registered model's"),
        (["x-----BEGIN PRIVATE KEY-----MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v"], "no option takes a private key"),
    ):
        result = CliRunner().invoke(main, words, prog_name="age-unlearning")
        assert isinstance(result.exception, SystemExit)
        assert result.exit_code
        assert said in result.output
        assert "MC4CAQ" not in result.output


def test_commands_options_and_choices_are_completed():
    """What bash's function passes on each press of the tab key."""
    for words, expected in (
        ("age-unlearning sta", "status"),
        ("age-unlearning status --ch", "--check"),
        ("age-unlearning unlearn --method scr", "scrub"),
    ):
        asked = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" ")), "_AGE_UNLEARNING_COMPLETE": "bash_complete"}
        result = CliRunner().invoke(main, [], prog_name="age-unlearning", env=asked)
        assert result.output == f"plain,{expected}\n"


def test_an_installed_package_is_whole_and_runs_outside_the_checkout(tmp_path):
    """As ``pip install .`` leaves it: built from a copy, because the build writes beside the sources."""
    copy, installed, elsewhere = tmp_path / "copy", tmp_path / "installed", tmp_path / "elsewhere"
    elsewhere.mkdir()
    listed = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    tracked = subprocess.run(listed, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()
    for name in tracked:
        if name.startswith(("src/", "entrypoints/")) or name in ("pyproject.toml", "README.md", "LICENSE"):
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            (copy / name).write_bytes((ROOT / name).read_bytes())
    build = "import sys; from setuptools import build_meta; build_meta.build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, tmp_path], cwd=copy, check=True, capture_output=True)
    wheel = zipfile.ZipFile(next(tmp_path.glob("age_unlearning-*.whl")))
    wheel.extractall(installed)
    scripts = next(name for name in wheel.namelist() if name.endswith("/entry_points.txt"))
    assert "age-unlearning = entrypoints.console:main" in wheel.read(scripts).decode()
    files = {name.removeprefix("src/") for name in tracked if name.startswith(("src/unlearning/", "entrypoints/"))}
    assert {name for name in files if not (installed / name).is_file()} == set()
    done = subprocess.run(
        [sys.executable, "-m", "entrypoints.console", "methods", "--method", "ft"],
        cwd=elsewhere,
        env={"PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert "ft" in done.stdout


def test_the_build_needs_nothing_that_the_lock_does_not_install():
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    locked = {line.split("==")[0] for line in (ROOT / "requirements.lock").read_text().split() if "==" in line}
    assert {name.split(">")[0] for name in wanted} <= locked
