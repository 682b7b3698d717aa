"""What a user decides about a version's answers: the defaults of serve, predict, export and web stand here."""

from __future__ import annotations

import re
from dataclasses import dataclass, fields
from pathlib import Path

from unlearning.declared import setting
from unlearning.errors import InputError
from unlearning.registry.version import CHAMPION
from unlearning.server.limits import Limits
from unlearning.settings.checks import listed
from unlearning.settings.forgetting import model_name

ENDINGS = (".parquet", ".csv")
FORMATS = ("onnx",)


@dataclass(frozen=True)
class ServeSettings:
    """A server.

    Args:
        port: where it listens; 0 takes a free one.
        host: name or address of this machine that it listens at; 0.0.0.0 for all of them.
        follow: alias or number of the version that answers; an alias is followed when it is moved.
        refresh: seconds between two looks at the registry.
        beside: alias of another version whose age the page shows as well, as original; empty for none.
        address: where others reach the server, for the registry; empty for http://HOST:PORT, or this machine's name.
        batch: most pictures that are predicted together.
        wait_ms: milliseconds that a picture waits for others.
        queue: most requests at once; to others it answers 503.
        megabytes: most of a request; to larger ones it answers 413.
        megapixels: most of all pictures of a request.
        seconds: most that a request may take, and that a client may take to send it.
        name: registered model.
    """

    port: int = setting(5001, least=0, most=65535)
    host: str = "127.0.0.1"
    follow: str = CHAMPION
    refresh: float = setting(10.0, kind="positive")
    beside: str = ""
    address: str = ""
    batch: int = setting(Limits.batch, least=1)
    wait_ms: int = setting(Limits.wait_ms, least=0)
    queue: int = setting(Limits.queue, least=1)
    megabytes: int = setting(Limits.megabytes, least=1)
    megapixels: int = setting(Limits.megapixels, least=1)
    seconds: int = setting(Limits.seconds, least=1)
    name: str = model_name()

    def __post_init__(self):
        for name, legal in (("follow", "an alias, as champion, or a version's number"), ("host", "a name or an address")):
            if not getattr(self, name):
                raise InputError(f"{name} is empty; legal: {legal}")

    @property
    def limits(self) -> Limits:
        """What a request may cost."""
        return Limits(**{one.name: getattr(self, one.name) for one in fields(Limits)})


@dataclass(frozen=True)
class WebSettings:
    """Pages for people who do not code.

    Args:
        port: where they are; 0 takes a free one.
        host: name or address of this machine that it listens at.
        hosts: other names under which it is reached, joined by commas, as officer.example.org or *.example.org; * for any.
        path: where the pages begin, as /unlearning; empty for the root.
        name: registered model.
    """

    port: int = setting(5002, least=0, most=65535)
    host: str = "127.0.0.1"
    hosts: str = ""
    path: str = ""
    name: str = model_name()

    def __post_init__(self):
        if not self.host:
            raise InputError("host is empty; legal: a name or an address")
        for name in listed(self.hosts):
            if not re.fullmatch(r"\*|(\*\.)?[\w-]+(\.[\w-]+)*|\[[0-9a-fA-F:.]+\]", name, re.ASCII):
                raise InputError(
                    f"hosts={self.hosts!r}: {name!r} is no name that a browser can send; legal: names and addresses without "
                    f"scheme, port and path, *.NAME for all below one, and * for any"
                )
        if not re.fullmatch(r"(/[\w-]+)*/?", self.path):
            raise InputError(f"path={self.path!r} cannot be a page's; legal: letters, digits, _ and - behind /, as /unlearning")


@dataclass(frozen=True)
class PredictSettings:
    """Ages of many pictures.

    Args:
        data: a folder of JPEG and PNG pictures, whatever they are called, also in sub-folders; or a list (CSV or parquet)
            with a column path, file, image or name of their file names.
        out: the table of ages to write, .parquet or .csv; one that is there is replaced when all ages are known.
        model: which version answers: an alias, a number or a model URI.
        name: registered model.
    """

    data: str = setting(kind="path")
    out: str = setting(kind="path")
    model: str = CHAMPION
    name: str = model_name()

    def __post_init__(self):
        out = Path(self.out)
        if out.suffix.lower() not in ENDINGS or out.is_dir():
            what = "is a folder" if out.is_dir() else "has another ending"
            raise InputError(f"out={self.out} {what}; give a file that ends in {' or '.join(ENDINGS)}, as -P out=ages.parquet")
        if out == Path(self.data):
            raise InputError(f"out={self.out} is the list that is read; give another file, as -P out=ages.parquet")


@dataclass(frozen=True)
class ExportSettings:
    """A version as a file for other programs.

    Args:
        format: of the file: {names}.
        out: the file to write; empty for NAME-NUMBER.onnx in the working directory.
        model: which version: an alias, a number or a model URI.
        name: registered model.
    """

    format: str = setting("onnx", kind="choice", choices=FORMATS)
    out: str = setting("", kind="path")
    model: str = CHAMPION
    name: str = model_name()

    def __post_init__(self):
        if self.out and (Path(self.out).is_dir() or Path(self.out).suffix.lower() != ".onnx"):
            raise InputError(f"out={self.out} does not end in .onnx, or is a folder; give a file, as -P out=age.onnx")
