"""The sources of this project that go with every version: what the served model imports, and what that imports.

Python sources alone: a file that one of them would read at run time does not go along.
"""

import ast
import shutil
from collections.abc import Iterator
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
SERVED = PACKAGE / "serving" / "served.py"


def copy_served(folder: Path) -> Path:
    """Copy those files into a package of the same name in a folder; returns the package, which Python imports as it is."""
    for path in served_files():
        target = folder / path.relative_to(PACKAGE.parent)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return folder / PACKAGE.name


@cache
def served_files() -> tuple[Path, ...]:
    """They, sorted; also what is imported late, or for its types alone."""
    found: set[Path] = set()
    waiting = [SERVED]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imported(path)
    return tuple(sorted(found))


def _imported(path: Path) -> Iterator[Path]:
    """The files of this package that a file imports anywhere in it, and those of the packages that they are in."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [one.name for one in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [str(node.module), *(f"{node.module}.{one.name}" for one in node.names)]
        else:
            continue
        yield from (file for name in names for file in _files_of(name))


def _files_of(name: str) -> Iterator[Path]:
    parts = name.split(".")
    if parts[0] != PACKAGE.name:
        return
    for depth in range(len(parts)):
        place = PACKAGE.joinpath(*parts[1 : depth + 1])
        yield from (file for file in (place / "__init__.py", place.with_suffix(".py")) if file.is_file())
