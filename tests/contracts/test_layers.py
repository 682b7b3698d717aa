"""Who may import whom, and that no file is opened as a text without its encoding, read from the sources."""

import ast
from functools import cache
from pathlib import Path

import networkx
import pytest

from places import ROOT

PACKAGE = ROOT / "src" / "unlearning"
ALLOWED = {
    "data": set(),
    "models": set(),
    "training": {"data", "models"},
    "methods": {"data", "models", "training"},
    "explain": {"data", "models"},
    "evaluation": {"data", "explain", "models", "training"},
    "serving": {"data", "models"},
    "certificates": {"evaluation"},
    "tracking": {"certificates"},
    "registry": {"data", "tracking"},
    "requests": {"data", "registry", "tracking"},
    "purge": {"data", "registry", "tracking"},
    "repair": {"evaluation", "purge", "registry", "requests", "tracking"},
    "versions": {"certificates", "data", "evaluation", "models", "registry", "requests", "serving", "tracking", "training"},
    "jobs": {"data", "evaluation", "methods", "models", "registry", "serving", "tracking", "training", "versions"},
    "experiments": {"data", "evaluation"},
    "reports": {"certificates", "data", "evaluation", "experiments", "explain"},
    "server": {"registry", "reports", "serving", "tracking", "versions"},
    "settings": {
        *("certificates", "data", "evaluation", "experiments", "methods", "models", "registry", "requests", "server"),
        *("tracking", "training"),
    },
}
for room in ALLOWED:  # whatever is said of what is predicted is asked of the target
    ALLOWED[room] |= {"targets"}
ALLOWED["targets"] = set()
ALLOWED["steps"] = set(ALLOWED)
ALLOWED["web"] = set(ALLOWED)
ROOMS = set(ALLOWED)
ONLY_IN = {"click": {"entrypoints"}, "matplotlib": {"reports"}}
MLFLOW_FILES = {
    "jobs": {"artifact_copy.py"},
    "serving": {"age_model.py", "served.py"},
    "tracking": {
        *("abandoned.py", "addresses.py", "answers.py", "artifacts.py", "blotting.py", "own_experiments.py"),
        *("finished.py", "paging.py", "reasons.py", "runs.py", "sealed.py", "store.py"),
    },
    "registry": {
        *("answer.py", "journal.py", "lock.py", "logged_models.py", "lookup.py", "servers.py", "transitions.py", "writes.py"),
    },
    "server": {"application.py", "loaded.py", "reading.py"},
    "requests": {"store.py"},
    "purge": {"buckets.py", "store.py"},
    "repair": {"surroundings.py"},
    "versions": {"certificates.py"},
    "web": {"acts.py", "beside.py", "rights.py"},
}
REGISTRY_CALLS = ("registered_model", "model_version")


@cache
def imports(path: Path) -> set[str]:
    """Full names of the modules that a file imports, anywhere in it."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative imports hide the room"
            found |= {node.module, *(f"{node.module}.{name.name}" for name in node.names)}
    return found


def room_of(path: Path) -> str:
    """The room of a file, however deep it lies there."""
    return path.relative_to(PACKAGE).parts[0]


def rooms_of(names: set[str]) -> set[str]:
    parts = [name.split(".") for name in names if name.startswith("unlearning.")]
    return {part[1] for part in parts} & ROOMS


FILES = sorted(PACKAGE.glob("*/**/*.py"))


def test_a_room_imports_only_what_the_table_allows_and_what_all_share_imports_none():
    for path in FILES:
        room = room_of(path)
        others = rooms_of(imports(path)) - {room} - ALLOWED[room]
        assert not others, f"{path.relative_to(PACKAGE)} may not import {others}"
    for path in PACKAGE.glob("*.py"):
        assert not rooms_of(imports(path)), path


def test_no_files_import_each_other_in_a_circle():
    """Late imports and those of types count too."""
    known = {".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts): path for path in PACKAGE.rglob("*.py")}
    graph = networkx.DiGraph((name, other) for name, path in known.items() for other in imports(path) & known.keys())
    assert [circle for circle in networkx.strongly_connected_components(graph) if len(circle) > 1] == []


def test_every_folder_of_the_package_is_a_known_room():
    assert {room_of(path) for path in FILES} <= ROOMS


@pytest.mark.parametrize("library", ONLY_IN)
def test_a_library_stays_in_its_rooms(library):
    users = {room_of(path) for path in FILES if _uses(path, library)}
    users |= {"entrypoints" for path in (ROOT / "entrypoints").glob("*.py") if _uses(path, library)}
    assert users <= ONLY_IN[library]


def _uses(path: Path, library: str) -> bool:
    return any(name.split(".")[0] == library for name in imports(path))


def test_temporary_files_are_made_in_one_file_and_mlflow_stays_in_its_own():
    assert {path.name for path in FILES if "tempfile" in imports(path)} == {"temporary.py"}
    users = {(room_of(path), path.name) for path in FILES if _uses(path, "mlflow")}
    assert users == {(room, name) for room, names in MLFLOW_FILES.items() for name in names}


def test_entry_points_know_steps_and_registries_only_and_nobody_knows_them():
    known = {"settings", "steps", "methods", "evaluation", "experiments", "web"}
    # To open the store, look a version up early, leave the reason on a run that failed, join other processes, prepare memory.
    lazy = {"tracking", "registry", "training", "server"}
    for path in (ROOT / "entrypoints").glob("*.py"):
        assert rooms_of(imports(path)) <= known | lazy, path
    assert not [path for path in FILES if any(name.startswith("entrypoints") for name in imports(path))]


def test_only_the_registry_and_what_looks_whether_it_is_whole_touch_the_model_registry():
    """A store is opened by a look at its registered models, and a purge asks who else has the same files."""
    calls = {path for path in FILES for name in _called(path) if any(call in name for call in REGISTRY_CALLS)}
    outside = {f"{room_of(path)}/{path.name}" for path in calls if room_of(path) != "registry"}
    assert outside <= {"tracking/store.py", "purge/store.py", "repair/surroundings.py"}


@cache
def _called(path: Path) -> set[str]:
    nodes = ast.walk(ast.parse(path.read_text()))
    return {node.func.attr for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)}


def test_no_code_sets_a_tracking_uri():
    files = [*FILES, *(ROOT / "entrypoints").glob("*.py")]
    assert not [path for path in files if {"set_tracking_uri", "set_registry_uri"} & _called(path)]


SOURCES = [path for room in ("src", "entrypoints", "tools", "benchmarks") for path in sorted((ROOT / room).rglob("*.py"))]


def opened_as_text(call: ast.Call) -> bool:
    """Is it ``read_text``, ``write_text``, or ``open`` without a mode of bytes?"""
    name = getattr(call.func, "attr", getattr(call.func, "id", ""))
    if name in ("read_text", "write_text"):
        return True
    owner = getattr(getattr(call.func, "value", None), "id", "")
    modes = [argument.value for argument in call.args if isinstance(argument, ast.Constant) and isinstance(argument.value, str)]
    is_file = (name == "open" and not call.args) or any(set(mode) <= set("rwaxt+") for mode in modes)
    return name in ("open", "fdopen") and is_file and owner not in ("Image",)


def test_every_text_file_names_its_encoding():
    unnamed = []
    for path in SOURCES:
        nodes = ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        texts = [node for node in nodes if isinstance(node, ast.Call) and opened_as_text(node)]
        unnamed += [f"{path}:{call.lineno}" for call in texts if "encoding" not in {word.arg for word in call.keywords}]
    assert unnamed == []
