"""Bytes of a picture -> square RGB pixels, for training files and for requests from the network alike."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageOps

from unlearning.errors import InputError

FORMATS = ("JPEG", "PNG")
MOST_PIXELS = 20_000_000


def decode(data: bytes, side: int) -> np.ndarray:
    """Decode a JPEG or PNG into ``side`` x ``side`` RGB pixels, uint8, shape (side, side, 3).

    EXIF rotation is applied, every colour mode becomes RGB (transparency over white), and the largest centred square is
    kept. InputError gives the reason when the bytes are no such picture, are cut off, or hold more than 20 megapixels:
    the size is checked before a pixel is decoded.
    """
    try:
        with Image.open(io.BytesIO(data), formats=FORMATS) as image:
            return np.asarray(_square(image, side))
    except InputError:
        raise
    except Image.UnidentifiedImageError as error:
        raise InputError("not a JPEG or PNG image") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InputError(f"more pixels than the {MOST_PIXELS // 1_000_000} megapixels allowed") from error
    except Exception as error:  # damaged bytes make Pillow's parsers raise errors of every type
        raise InputError(f"the image is damaged or cut off ({type(error).__name__})") from error


def _square(image: Image.Image, side: int) -> Image.Image:
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise InputError(f"{width} x {height} pixels are more than the {MOST_PIXELS // 1_000_000} megapixels allowed")
    image.draft("RGB", (2 * side, 2 * side))
    image = _rgb(ImageOps.exif_transpose(image))
    edge = min(image.size)
    left, top = (image.width - edge) // 2, (image.height - edge) // 2
    box = (left, top, left + edge, top + edge)
    return image.resize((side, side), Image.Resampling.BILINEAR, box=box, reducing_gap=2.0)


def _rgb(image: Image.Image) -> Image.Image:
    if image.mode.startswith(("I", "F")):
        return _from_16_bits(image)
    if image.has_transparency_data:
        image = image.convert("RGBA")
        paper = Image.new("RGBA", image.size, "white")
        return Image.alpha_composite(paper, image).convert("RGB")
    return image.convert("RGB")


def _from_16_bits(image: Image.Image) -> Image.Image:
    """Pillow clips 16-bit grey at 255 when it converts; scale by 257 instead, so that white stays white."""
    levels = np.asarray(image, dtype=np.float64)
    return Image.fromarray(np.clip(np.rint(levels / 257), 0, 255).astype(np.uint8)).convert("RGB")
