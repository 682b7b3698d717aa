"""key: a new signing key."""

import shlex
from pathlib import Path

from unlearning.certificates.keys import VARIABLE, make_key
from unlearning.progress import say


def key(path: Path) -> Path:
    """Make a signing key in ``path`` and its public key beside it, and say what to do with them; nothing is logged."""
    public_path = make_key(path)
    say(f"key: {path} signs certificates; nobody else may have it, and whatever it signed needs it: keep a copy")
    say(f"key: {public_path} verifies them; hand it out, by another way than the certificates")
    say(f"key: next: export {VARIABLE}={shlex.quote(str(path))}")
    return public_path
