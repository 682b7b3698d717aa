"""Copies of one photograph as people make them: mirrored, cropped, bordered, saved anew, lit otherwise."""

from collections.abc import Callable

import numpy as np
from data_pictures import brighter, encode, opened
from PIL import Image, ImageOps

Change = Callable[[Image.Image, np.random.Generator], Image.Image]


def cropped(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """Nine tenths of the picture, from anywhere, at the picture's size."""
    edge = round(0.9 * image.width)
    left, top = random.integers(0, image.width - edge + 1, 2)
    return image.crop((left, top, left + edge, top + edge)).resize(image.size, Image.Resampling.BICUBIC)


def bordered(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """The whole picture within a border of one colour that takes a tenth of the side."""
    edge = round(0.05 * image.width)
    inner = image.resize((image.width - 2 * edge,) * 2, Image.Resampling.BICUBIC)
    return ImageOps.expand(inner, edge, tuple(map(int, random.integers(0, 256, 3))))


def striped(image: Image.Image, random: np.random.Generator) -> Image.Image:
    """The picture with a tenth of one side black, as alignment leaves it at the edge of a photograph."""
    pixels = np.array(image)
    turned = np.rot90(pixels, random.integers(4))
    turned[: round(0.1 * len(turned))] = 0
    return Image.fromarray(pixels)


CHANGES: dict[str, Change] = {
    "mirrored": lambda image, random: ImageOps.mirror(image),
    "cropped": cropped,
    "bordered": bordered,
    "striped": striped,
    "lit": lambda image, random: brighter(image, random.choice([0.7, 1.3])),
    "saved": lambda image, random: opened(encode(image, "JPEG", quality=40)),
    "mirrored and cropped": lambda image, random: ImageOps.mirror(cropped(image, random)),
    "mirrored and bordered": lambda image, random: ImageOps.mirror(bordered(image, random)),
}


def planted(data: bytes, change: str, seed: int) -> bytes:
    """The bytes of a changed copy of a picture's file."""
    return encode(CHANGES[change](opened(data), np.random.default_rng(seed)), "JPEG", quality=85)
