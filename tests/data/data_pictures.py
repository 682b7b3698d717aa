"""Pictures and folders that the tests of this room make for themselves."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

from unlearning.data.folder import Reading, read_folder


def noise(seed: int, size: tuple[int, int] = (24, 24)) -> Image.Image:
    """A picture that no other seed gives."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))


def encode(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    """The bytes of the picture's file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def raw_png(size: tuple[int, int], depth: int, colour: int, lines: bytes) -> bytes:
    """A PNG of ``depth`` bits and colour type ``colour`` (0 grey, 2 RGB), whatever its lines hold."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def fill(folder: Path, contents: dict[str, int | bytes]) -> Path:
    """Write files by name: bytes as they are, a number as the picture of that seed."""
    for name, content in contents.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else encode(noise(content)))
    return folder


def no_bar(items, count, title):
    """Stands for a progress bar."""
    return items


def read(folder: Path, side: int = 16, ages: tuple[int, int] = (20, 60), progress=no_bar) -> Reading:
    """Read a folder as ``prepare`` does."""
    return read_folder(folder, side, ages, progress)


def reasons(reading: Reading) -> dict[str, str]:
    """Why each file is left out; empty for a usable face."""
    return dict(zip(reading.files.file, reading.files.reason, strict=True))
