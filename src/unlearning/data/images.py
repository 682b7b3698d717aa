"""Bytes of a picture -> square RGB pixels, for training files and for requests from the network alike."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps

from unlearning.errors import InputError

FORMATS = ("JPEG", "PNG")
MOST_PIXELS = 20_000_000
GREY_SIDE = 100
DRAFT_SIDE = 512


@dataclass(frozen=True)
class Picture:
    """A decoded picture.

    Args:
        pixels: uint8 RGB, shape (side, side, 3): what a network sees.
        grey: uint8 grey levels, shape (100, 100): what is measured and compared, whatever ``side`` is.
        smallest_side: shorter side of the file's picture, in pixels.
    """

    pixels: np.ndarray
    grey: np.ndarray
    smallest_side: int


def decode(data: bytes, side: int) -> np.ndarray:
    """Decode a JPEG or PNG into ``side`` x ``side`` RGB pixels, uint8, shape (side, side, 3); errors as ``examine``."""
    return examine(data, side).pixels


def examine(data: bytes, side: int) -> Picture:
    """Decode a JPEG or PNG once, for the network and for measuring.

    EXIF rotation is applied, every colour mode becomes RGB (transparency over white), and the largest centred square is
    kept. InputError gives the reason when the bytes are no such picture, are cut off, or hold more than 20 megapixels:
    the size is checked before a pixel is decoded.
    """
    square, smallest_side = _decoded(data, DRAFT_SIDE)
    small = square.reduce(max(1, square.width // GREY_SIDE))
    grey = np.asarray(_resize(small, GREY_SIDE).convert("L"))
    if side > small.width:
        small = square if 2 * side <= DRAFT_SIDE else _decoded(data, 2 * side)[0]
    return Picture(np.asarray(_resize(small, side)), grey, smallest_side)


def _decoded(data: bytes, least: int) -> tuple[Image.Image, int]:
    """The largest centred square, with ``least`` pixels a side or more if the file has them, and the file's shorter side."""
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            smallest_side = min(image.size)
            return _decode(image, least), smallest_side
    except InputError:
        raise
    except Image.UnidentifiedImageError as error:
        raise InputError("not a JPEG or PNG image") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InputError(f"more pixels than the {MOST_PIXELS // 1_000_000} megapixels allowed") from error
    except Exception as error:  # damaged bytes make Pillow's parsers raise errors of every type
        raise InputError(f"the image is damaged or cut off ({type(error).__name__})") from error


def _decode(image: Image.Image, least: int) -> Image.Image:
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise InputError(f"{width} x {height} pixels are more than the {MOST_PIXELS // 1_000_000} megapixels allowed")
    image.draft("RGB", (least, least))
    ImageOps.exif_transpose(image, in_place=True)
    image.load()
    return _square(_rgb(image))


def _square(image: Image.Image) -> Image.Image:
    """The largest centred square."""
    edge = min(image.size)
    left, top = (image.width - edge) // 2, (image.height - edge) // 2
    return image if image.width == image.height else image.crop((left, top, left + edge, top + edge))


def _resize(image: Image.Image, side: int) -> Image.Image:
    return image if image.width == side else image.resize((side, side), Image.Resampling.BILINEAR, reducing_gap=2.0)


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        return _from_16_bits(image)
    if image.mode == "RGB" and not image.has_transparency_data:
        return image
    if image.has_transparency_data:
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(paper, image).convert("RGB")
    return image.convert("RGB")


def _from_16_bits(image: Image.Image) -> Image.Image:
    """Pillow clips 16-bit grey at 255 when it converts; scale by 257 instead, so that white stays white."""
    levels = np.asarray(image, dtype=np.float64)
    return Image.fromarray(np.clip(np.rint(levels / 257), 0, 255).astype(np.uint8)).convert("RGB")
