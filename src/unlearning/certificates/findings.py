"""What a verification found: each finding names the place and says what is wrong there."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """Something that is not as it was signed.

    Args:
        kind: one of ``KINDS``, for programs.
        where: the place: ``envelope``, ``payload``, a file, a certificate of the chain, ...
        sentence: what is wrong, for people.
    """

    kind: str
    where: str
    sentence: str

    def __str__(self) -> str:
        return f"{self.where}: {self.sentence}"


KINDS = {
    "envelope": "the envelope cannot be read, or holds other fields than it should",
    "payload": "the signed statement was changed",
    "signature": "a signature does not fit the statement",
    "key": "the signature is of a key that was not given, or names another key than the one that made it",
    "type": "what was signed is not a certificate of forgetting",
    "changed": "a file has another content",
    "missing": "a file of the version is not there",
    "extra": "a file is there that the version did not have",
    "renamed": "a file has another name",
    "chain": "an earlier certificate is missing, was changed, or is none",
    "proof": "the proof does not show that the sample is in the forget set",
    "registry": "the registry says something else",
    "opened": "the forget manifest is not the one that was certified",
}
