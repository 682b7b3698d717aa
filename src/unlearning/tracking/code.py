"""Which code runs: a digest of its sources, and its commit."""

import hashlib
import subprocess
from functools import cache
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


@cache
def code_digest(*parts: str) -> str:
    """sha256 (12 hex digits) of the sources of this package, or of some folders and files: the code, also before a commit."""
    digest = hashlib.sha256()
    chosen = [PACKAGE / part for part in parts] or [PACKAGE]
    for path in sorted(p for part in chosen for p in (part.rglob("*.py") if part.is_dir() else [part])):
        digest.update(f"{path.relative_to(PACKAGE)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:12]


@cache
def code_commit() -> str:
    """The git commit of the sources; empty outside a git checkout."""
    command = ["git", "-C", str(PACKAGE), "rev-parse", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()
