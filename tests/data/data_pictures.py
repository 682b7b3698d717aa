"""Pictures, folders and tables that the tests of this room make for themselves."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pandas as pd
from PIL import Image

from unlearning.data import reading
from unlearning.data.manifest import DataSet, prepare
from unlearning.data.settings import DataSettings
from unlearning.progress import untold


def noise(seed: int, size: tuple[int, int] = (64, 64)) -> Image.Image:
    """A picture that no other seed gives, far from every other, and good enough for every threshold."""
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))


def encode(image: Image.Image, kind: str = "PNG", **options) -> bytes:
    """The bytes of the picture's file."""
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    """The picture that a file's bytes hold."""
    return Image.open(io.BytesIO(data)).convert("RGB")


def brighter(image: Image.Image, factor: float) -> Image.Image:
    """The picture with every level multiplied."""
    return Image.fromarray(np.clip(np.asarray(image) * factor, 0, 255).astype(np.uint8))


def chunk(kind: bytes, body: bytes) -> bytes:
    """A piece of a PNG's file."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def raw_png(size: tuple[int, int], depth: int, colour: int, lines: bytes) -> bytes:
    """A PNG of ``depth`` bits and colour type ``colour`` (0 grey, 2 RGB), whatever its lines hold."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", *size, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def fill(folder: Path, contents: dict[str, int | bytes]) -> Path:
    """Write files by name: bytes as they are, a number as the picture of that seed."""
    for name, content in contents.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else encode(noise(content)))
    return folder


def read(place: Path, side: int = 16, progress=untold) -> reading.Reading:
    """Read a folder or table as ``prepare`` does."""
    return reading.read(place, side, progress)


def prepared(place: Path, side: int = 16, **changes) -> DataSet:
    """Prepare a folder or table with the default settings and these changes."""
    return prepare(DataSettings(data_dir=str(place), **changes), side, untold)


def reasons(files: pd.DataFrame) -> dict[str, str]:
    """Why each file is left out; empty for a usable face."""
    return dict(zip(files.file, files.reason, strict=True))


def accounted_for(data: DataSet) -> list[str]:
    """Every file that the data set speaks of, as often as it does: sources of the manifest, and what was left out."""
    return sorted([*data.manifest.file[data.manifest.copy_of == ""], *data.rejected.file])
