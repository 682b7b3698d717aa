"""Pictures of a request, in any spelling that is legal, as pixels: capped before anything is decoded."""

import base64
import binascii
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

import numpy as np
from PIL import Image

from unlearning.data.images import MAGIC, decode, foreign, pixels_in
from unlearning.errors import InputError

MOST_BYTES = 20_000_000
BATCH = 64
ONE_AT_A_TIME = Lock()
TOO_LARGE = f"more than the {MOST_BYTES // 1_000_000} megabytes allowed"
# A picture in text may say what it is, as web pages do: data:image/jpeg;base64,...
DATA, BASE64 = "data:", ";base64,"


class TooMuchError(InputError):
    """The pictures are legal one by one, and too many to be answered in one request."""


@dataclass
class Budget:
    """What the pictures of one request may cost."""

    pixels: float = 100_000_000  # to decode
    seconds: float = 60.0  # until the last one is decoded
    _begun: float = field(default_factory=time.monotonic)
    _spent: int = 0
    _lock: Lock = field(default_factory=Lock)

    def spend(self, pixels: int) -> None:
        """Take a picture's pixels off; TooMuchError where they, or the time, are gone."""
        with self._lock:
            self._spent += pixels
        if self._spent > self.pixels:
            raise TooMuchError(
                f"the pictures have more than the {self.pixels / 1e6:g} megapixels allowed in a request; send fewer"
            )
        if time.monotonic() - self._begun > self.seconds:
            raise TooMuchError(f"the request took more than the {self.seconds:g} seconds allowed; send fewer pictures")


def decoded(pictures: list, side: int, files: bool, budget: Budget) -> Iterator[np.ndarray]:
    """uint8 batches of shape (up to BATCH, side, side, 3).

    Args:
        pictures: bytes or base64; also Pillow's images and paths.
        files: may text name a file?

    Raises:
        InputError: with the reason, and with the row where there are several.
    """
    if len(pictures) == 1:
        yield np.stack([_picture(pictures[0], side, files, budget)])
        return

    def one(row: int) -> np.ndarray:
        try:
            return _picture(pictures[row], side, files, budget)
        except InputError as error:
            raise type(error)(f"row {row}: {error}") from None

    with ThreadPoolExecutor(2) as pool:
        for start in range(0, len(pictures), BATCH):
            yield np.stack(list(pool.map(one, range(start, min(start + BATCH, len(pictures))))))


def _picture(value, side: int, files: bool, budget: Budget) -> np.ndarray:
    if files and isinstance(value, str) and os.path.isfile(value):  # noqa: PTH113 - Path.is_file raises where text is long
        value = Path(value)
    if isinstance(value, Image.Image):
        with ONE_AT_A_TIME:  # two rows may be one image, and Pillow reads its file only now
            return decode(value, side)
    data = _file(value) if isinstance(value, Path) else _bytes(value)
    budget.spend(pixels_in(data))
    return decode(data, side)


def _file(path: Path) -> bytes:
    try:
        if not path.is_file():
            raise InputError(f"there is no file {path.name}")
        if path.stat().st_size > MOST_BYTES:
            raise InputError(TOO_LARGE)
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"the file {path.name} cannot be read: {error.strerror}") from None


def _bytes(value) -> bytes:
    """The picture's bytes. MLflow decodes base64 itself, but not under ``inputs``: there the text comes as bytes.

    Lines and spaces in base64 are ignored, as the command ``base64`` writes them.
    """
    if isinstance(value, bytearray | memoryview):
        value = bytes(value)
    if not isinstance(value, str | bytes):
        raise InputError(f"{type(value).__name__} is neither bytes nor base64 text (in Python, also no Path or PIL image)")
    if len(value) > MOST_BYTES * 3 // 2:
        raise InputError(TOO_LARGE)
    if not isinstance(value, bytes) or not (value.startswith(MAGIC) or foreign(value)):
        value = _from_base64(value)
    if not value:
        raise InputError("the image is empty, or was no base64")
    if len(value) > MOST_BYTES:
        raise InputError(TOO_LARGE)
    return value


def _from_base64(value: str | bytes) -> bytes:
    data, marker = (DATA, BASE64) if isinstance(value, str) else (DATA.encode(), BASE64.encode())
    if value[: len(data)] == data:
        value = value[:100].partition(marker)[2] + value[100:]  # type: ignore[arg-type,operator]  # both are text, or bytes
    try:
        return base64.b64decode(type(value)().join(value.split()), validate=True)  # type: ignore[arg-type]
    except (binascii.Error, ValueError):
        hint = " (in Python, also no file's name)" if isinstance(value, str) else ""
        raise InputError(f"neither a JPEG or PNG image nor base64{hint}") from None
