"""What a page is asked with: by whom, from where, and what its form has sent, bounded and never on a disk."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request

from unlearning.errors import InputError
from unlearning.server.application import body_of, form_of
from unlearning.server.limits import Bag, Limits, RefusedError
from unlearning.web.rights import Somebody

LIMITS = Limits(queue=32, megabytes=32, seconds=60)
MOST_FIELDS, MOST_FILES = 1000, 4
LONGEST = 1000  # characters of a field
PARTS, ASIDE = re.compile(r"(?<=;) "), re.compile(r" \([^()]*\)")  # of a sentence
TYPED = re.compile(
    r"(?<![\w.-])(-P |--)[a-z]|\b(mlflow [a-z]|age-unlearning (?!requests|audit|servers)[a-z]|make key|export |chmod |git lfs)"
)


@dataclass(frozen=True)
class Asked:
    """One request for a page."""

    who: Somebody  # asks
    path: dict[str, Any]  # what the address names
    query: dict[str, str]  # what stands behind it
    fields: dict[str, list[str]] = field(default_factory=dict)  # of the form; several of one name in their order
    # of the form, by name: what they are called, and their bytes
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    def text(self, name: str, most: int = LONGEST) -> str:
        """A field of the form; empty where it was left so. InputError for one that is longer than what people type."""
        given = self.fields.get(name, [""])[0].replace("\0", "").strip()
        if len(given) > most:
            raise InputError(f"{name} has {len(given)} characters; legal are {most}")
        return given

    def given(self, name: str) -> bytes:
        """A file of the form; empty where none was chosen."""
        return self.files.get(name, ("", b""))[1]

    def file(self, name: str, what: str) -> bytes:
        """A file that the page needs; InputError says what is missing."""
        if not self.given(name):
            raise InputError(f"there is no {what}; choose a file")
        return self.given(name)


def spoken(sentence: str) -> str:
    """A sentence without what would be typed: who reads these pages has no command line."""
    plain = ASIDE.sub(lambda aside: "" if TYPED.search(aside[0]) else aside[0], sentence)
    return " ".join(takewhile(lambda part: not TYPED.search(part), PARTS.split(plain))).rstrip(";")


def told(sentence: str) -> str:
    """The same, and of a sentence that begins with what would be typed, what stands before it."""
    begin = re.match(r"(.*)[,:] [^,:]*$", TYPED.split(sentence)[0], re.DOTALL)
    return spoken(sentence) or (begin[1] if begin else sentence)


def same_origin(request: Request) -> None:
    """RefusedError for a form that stands on another site: a browser sends the reader's password along with it."""
    origin, host = request.headers.get("origin", ""), request.headers.get("host", "")
    if origin.partition("://")[2] != host or request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise RefusedError(
            403, "origin", "this form was not sent by a page of this server; open the page here, and press again"
        )


async def read(request: Request, who: Somebody, bag: Bag) -> Asked:
    """A request as its page takes it.

    Raises:
        RefusedError: its form comes from elsewhere, or is too large, too slow, or none of ours.
    """
    plain = Asked(who, dict(request.path_params), dict(request.query_params))
    if request.method != "POST":
        return plain
    same_origin(request)
    body = await body_of(request, bag, LIMITS.seconds)
    try:
        form = await form_of(request, body, max_files=MOST_FILES, max_fields=MOST_FIELDS)
    except (MultiPartException, KeyError, ValueError):
        raise RefusedError(400, "form", "this is not what the form of this page sends") from None
    for name, value in form.multi_items():
        if isinstance(value, UploadFile):
            plain.files[name] = value.filename or "", await value.read()
        else:
            plain.fields.setdefault(name, []).append(value)
    await form.close()
    return plain
