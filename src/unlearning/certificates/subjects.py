"""The files of a version, by name and by content."""

from __future__ import annotations

from pathlib import Path

from unlearning.certificates.findings import Finding
from unlearning.digests import sha256_of


def digests(folder: Path) -> dict[str, str]:
    """sha256 of every file below a folder, by its name there (with ``/``); for a link, where it leads, which is no digest.

    Raises:
        NotADirectoryError: there is no such folder.
    """
    if not folder.is_dir():
        raise NotADirectoryError(f"{folder} is not a folder")
    files = [path for path in sorted(folder.rglob("*")) if path.is_symlink() or not path.is_dir()]
    return {path.relative_to(folder).as_posix(): _digest(path) for path in files}


def _digest(path: Path) -> str:
    if path.is_symlink():
        return f"link to {path.readlink()}"
    if not path.is_file():
        return "no regular file"
    return sha256_of(path)


def differences(expected: dict[str, str], found: dict[str, str]) -> list[Finding]:
    """Every file that was changed, renamed, taken away or added, by name."""
    findings = [_changed(name, expected[name], found[name]) for name in sorted(expected.keys() & found.keys())]
    missing, extra = sorted(expected.keys() - found.keys()), sorted(found.keys() - expected.keys())
    for name in missing:
        new = next((other for other in extra if found[other] == expected[name]), None)
        if new is None:
            findings.append(Finding("missing", f"file {name}", "it is missing"))
        else:
            extra.remove(new)
            findings.append(Finding("renamed", f"file {name}", f"it was renamed to {new}"))
    findings += [Finding("extra", f"file {name}", "it is not one of the version's files") for name in extra]
    return [finding for finding in findings if finding]


def _changed(name: str, expected: str, found: str) -> Finding | None:
    if expected == found:
        return None
    return Finding("changed", f"file {name}", f"it was changed: {found} instead of sha256 {expected}")
