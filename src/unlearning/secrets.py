"""What is never told: private keys, and the passwords in addresses of stores. Every sentence, log line and tag passes here."""

import os
import re
from urllib.parse import unquote, urlsplit

HIDDEN = "***"
# A private key in PEM, wherever it begins; the body of an Ed25519 key without it; both once more in base64; the body in hex.
KEY = re.compile(
    r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY-----|\Z)"
    r"|[A-Za-z0-9+/]{7}wBQYDK2VwBCIEI[\w+/=-]*"
    r"|LS0tLS1CRUdJTi[\w+/=-]*(?:(?:\s|\\n)+[\w+/=-]{16,})*"
    r"|(?i:302e020100300506032b657004220420)[0-9a-fA-F]*",
    re.DOTALL,
)
ADDRESS = re.compile(r"[A-Za-z][\w+.-]*://\S*[^\s'\")>\],;:.]")
OWN_ADDRESSES = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")
SHORTEST = 3
# A piece of a password is hidden where it stands as a word of its own, also behind an escape such as %40, \n, \x00 or \u0022.
BEFORE = r"(?:(?<!\w)|(?!\w)|(?<=%[0-9a-fA-F]{2})|(?<=\\[a-z])|(?<=\\x[0-9a-fA-F]{2})|(?<=\\u[0-9a-fA-F]{4}))"
BEHIND = r"(?:(?!\w)|(?<!\w))"


def holds_key(text: str) -> bool:
    """Is a private key in this text, in a form that can be known as one?"""
    return bool(KEY.search(text))


def without_secrets(text: str) -> str:
    """A text in which no private key and no password of an address can be read."""
    for address in filter(None, map(os.environ.get, OWN_ADDRESSES)):
        text = text.replace(address, without_password(address))
        for piece in _loose_pieces(address):
            text = re.sub(BEFORE + re.escape(piece) + BEHIND, HIDDEN, text)
    return ADDRESS.sub(lambda found: without_password(found[0]), KEY.sub(HIDDEN, text))


def without_password(address: str) -> str:
    """An address that tells no password; all of it is hidden where it cannot be known which part the password is."""
    scheme = address.partition("://")[0]
    if is_unclear(address):
        return f"{scheme}://{HIDDEN}"
    parts = urlsplit(address)
    user, at, place = parts.netloc.rpartition("@")
    own = f"{user.partition(':')[0]}:{HIDDEN}@" if ":" in user else HIDDEN + at if at else ""
    return f"{scheme}://{own}{place}{parts.path}" + (f"?{HIDDEN}" if parts.query or parts.fragment else "")


def is_unclear(address: str) -> bool:
    """May a password in an address hold one of the characters that end it?"""
    try:
        parts = urlsplit(address)
        _ = parts.port
    except ValueError:  # what stands in the place of the port is none: it may be the beginning of a password
        return True
    behind = f"{parts.path}{parts.query}{parts.fragment}"
    return "@" in parts.netloc.rpartition("@")[0] or (bool(parts.netloc) and "@" in behind)


def _loose_pieces(address: str) -> list[str]:
    """What libraries may tell of a password that they have read wrongly, the longest first.

    A password that is the name of the user, the host or the database too is none of it: that word is told anyway.
    """
    rest = address.partition("://")[2]
    before = rest.rpartition("@")[0] or rest.partition("/")[0]
    pieces, names = re.split(r"[@/:?#]", before.partition(":")[2]), [""]
    if not is_unclear(address):
        parts = urlsplit(address)
        pieces, names = [parts.password or ""], [parts.username or "", parts.hostname or "", parts.path.strip("/")]
    told = {piece for one in pieces for piece in (one, unquote(one)) if len(piece) >= SHORTEST and piece not in names}
    return sorted(told, key=len, reverse=True)
