"""The signing key: Ed25519, in a file that only its owner can read, or in an environment variable; and what it seals.

The private key is PEM (PKCS #8, not encrypted), the public one PEM (SubjectPublicKeyInfo), so that openssl reads both. A key is
named by the sha256 of its public key's DER form: ``openssl pkey -pubin -in key.pub -outform DER | sha256sum``. All else that is
secret is derived from the private key, so that nothing more has to be kept.
"""

import base64
import hashlib
import os
import re
import shlex
import stat
import string
from pathlib import Path

from cryptography.exceptions import InvalidTag, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from unlearning.errors import InputError

VARIABLE = "UNLEARNING_SIGNING_KEY"
FORMS = ", with or without its armour or that in base64, and no path of a file that is there"
ARMOUR = re.compile(r"-----BEGIN PRIVATE KEY-----(.*?)-----END PRIVATE KEY-----", re.DOTALL)
AROUND = string.whitespace + "'\"\ufeff"
PRIVATE, OTHERS = 0o600, stat.S_IRWXG | stat.S_IRWXO
SEALING = b"age-unlearning sealed artifacts v1"
NONCE_BYTES = 12


def make_key(path: Path) -> Path:
    """Write a new private key to ``path`` and its public key beside it, with ``.pub`` added; returns the latter's path.

    Raises:
        InputError: one of the two files is already there; a key is never overwritten.
    """
    public_path = path.with_name(f"{path.name}.pub")
    for each in (path, public_path):
        if each.exists():
            raise InputError(
                f"{each} is already there and is not overwritten: whatever it signed needs it; choose another path"
            )
    private_key = Ed25519PrivateKey.generate()
    path.parent.mkdir(parents=True, exist_ok=True)
    # Made with this mode, it is readable by others not even for a moment.
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, PRIVATE), "wb") as file:
        file.write(private_pem(private_key))
    public_path.write_bytes(public_pem(private_key.public_key()))
    return public_path


def private_pem(private_key: Ed25519PrivateKey) -> bytes:
    """The private key as its file holds it."""
    form = serialization.PrivateFormat.PKCS8
    return private_key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption())


def load_key(path: Path | None = None) -> Ed25519PrivateKey:
    """The private key of a file, or of the environment variable, which holds the file's path or the key itself.

    Raises:
        InputError: there is none, others may read it, or it is no Ed25519 key. The message never shows any of it, nor what
            may be it: a path is named only when something is there.
    """
    if path:
        return _private(_read_private(path), str(path))
    given = os.environ.get(VARIABLE, "").strip()
    if not given:
        raise InputError(f"no signing key: make one with make key, and name it in {VARIABLE}")
    if is_there(Path(given)):
        return _private(_read_private(Path(given)), given)
    return _private(given, f"the text in {VARIABLE}", FORMS)


def is_there(path: Path) -> bool:
    """Is something at a path? A text that can be no path leads to nothing."""
    try:
        return path.expanduser().exists()
    except (OSError, RuntimeError, ValueError):
        return False


def _read_private(path: Path) -> str:
    path = path.expanduser()
    try:
        with path.open("rb") as file:
            mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
            content = file.read()
    except (OSError, ValueError) as error:
        place = f" {path}" if is_there(path) else ""
        reason = getattr(error, "strerror", None) or "it is no path"
        raise InputError(f"the signing key{place} cannot be read ({reason}); make one with make key") from None
    if mode & OTHERS:
        close = f"chmod 600 {shlex.quote(str(path))}"
        raise InputError(f"the signing key {path} is open to others (mode {mode:o}); close it with {close}")
    return content.decode("latin-1")


def _private(text: str, place: str, forms: str = "") -> Ed25519PrivateKey:
    try:
        private_key = serialization.load_der_private_key(_der(text), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # the causes quote the content
        private_key = None
    if not isinstance(private_key, Ed25519PrivateKey):
        raise InputError(f"{place} is no Ed25519 private key in unencrypted PKCS #8 PEM{forms}; make one with make key")
    return private_key


def _der(text: str) -> bytes:
    """The key's bytes out of what is left of its PEM after shells, settings and editors: quotes, a byte order mark, ends of
    lines as blanks or as two characters, no armour, or all of it once more in base64.
    """
    bare = re.sub(r"\\[nr]", "\n", text)
    armoured = ARMOUR.search(bare)
    body = armoured[1] if armoured else bare.strip(AROUND)
    data = base64.b64decode("".join(body.split()), validate=True)
    return _der(data.decode("latin-1")) if ARMOUR.search(data.decode("latin-1")) else data


def read_public_key(path: Path) -> Ed25519PublicKey:
    """The public key of a file.

    Raises:
        InputError: there is none, or it is no Ed25519 key.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        place = f" {path}" if is_there(path) else ""  # what is no path may be a key
        raise InputError(f"the public key{place} cannot be read ({error.strerror}); it is the file that ends in .pub") from None
    return public_key_of(content, str(path))


def public_key_of(content: bytes, place: str) -> Ed25519PublicKey:
    """The public key that a file holds; InputError names its ``place`` where it is no Ed25519 key."""
    try:
        public_key = serialization.load_pem_public_key(content)
    except (ValueError, UnsupportedAlgorithm):
        public_key = None
    if not isinstance(public_key, Ed25519PublicKey):
        raise InputError(f"{place} is no Ed25519 public key in PEM; it is the file that ends in .pub")
    return public_key


def public_pem(public_key: Ed25519PublicKey) -> bytes:
    """The public key as its file holds it."""
    return public_key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def key_id(public_key: Ed25519PublicKey) -> str:
    """sha256 of the public key's DER form, in hex digits."""
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return hashlib.sha256(public_key.public_bytes(serialization.Encoding.DER, form)).hexdigest()


def derived(private_key: Ed25519PrivateKey, purpose: bytes) -> bytes:
    """32 bytes for one purpose: HKDF-SHA256(private key; info = purpose), which never lead back to the key."""
    derivation = HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose)
    return derivation.derive(private_key.private_bytes_raw())


def seal(private_key: Ed25519PrivateKey, content: bytes, place: str) -> bytes:
    """What to store instead of ``content`` at a place: a random nonce, and the content encrypted by AES-256-GCM.

    The place is authenticated with it, so that a sealed file is whole and stands where it belongs, or is not opened at all.
    """
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(derived(private_key, SEALING)).encrypt(nonce, content, place.encode())


def unseal(private_key: Ed25519PrivateKey, sealed: bytes, place: str) -> bytes | None:
    """The same bytes as before; None when they were sealed with another key or for another place, or are not whole."""
    try:
        return AESGCM(derived(private_key, SEALING)).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], place.encode())
    except (InvalidTag, ValueError):  # a ValueError where there is too little for a nonce, or for a tag
        return None
