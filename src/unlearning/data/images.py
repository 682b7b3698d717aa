"""Bytes of a picture -> square RGB pixels, for training files and for requests from the network alike."""

import io
import struct
import zlib
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np
from PIL import ExifTags, Image, UnidentifiedImageError
from PIL.PngImagePlugin import PngStream

from unlearning.errors import InputError

FORMATS = ("JPEG", "PNG")
PNG = b"\x89PNG\r\n\x1a\n"
MAGIC = (b"\xff\xd8", PNG[:4])
SIDE_CHUNKS = (b"cHRM", b"eXIf", b"gAMA", b"iCCP", b"iTXt", b"pHYs", b"sRGB", b"tEXt", b"zTXt")
MOST_SIDE_CHUNKS = 100  # pictures have a dozen; each may take Pillow a megabyte
FRAMES = (b"acTL", b"fcTL", b"fdAT")
PARSING = (ArithmeticError, AssertionError, EOFError, LookupError, OSError, RuntimeError, SyntaxError, TypeError, ValueError)
UNREADABLE = (*PARSING, UserWarning, struct.error, zlib.error)  # what Pillow's parsers raise on broken side data
POINTER = b"version https://git-lfs"
# Pictures of other formats, by what stands where: (place, bytes, name).
FOREIGN = (
    *((0, sign, name) for sign, name in ((b"GIF8", "GIF"), (b"BM", "BMP"), (b"II*\0", "TIFF"), (b"MM\0*", "TIFF"))),
    *((0, sign, name) for sign, name in ((b"%PDF", "PDF"), (b"\0\0\0\x0cjP", "JPEG 2000"), (b"\xff\x0a", "JPEG XL"))),
    *((4, sign, "HEIC") for sign in (b"ftyphei", b"ftyphev", b"ftypmif1", b"ftypmsf1")),
    *((4, b"ftypavif", "AVIF"), (4, b"ftypavis", "AVIF"), (8, b"WEBP", "WebP")),
)
MOST_PIXELS = 20_000_000  # 60 MB of RGB: a request from the network must not take more
SCAN, MOST_SCANS = b"\xff\xda", 400  # of so many pixels: seconds; a picture has a dozen, side data hold it by chance
GREY_SIDE = 100  # pixels: measures and hashes are of pictures of one size, whatever the network's input is
DRAFT_SIDE = 512  # pixels that a JPEG is decoded to at least, where it is decoded at a reduced scale
TURNS = (
    Image.Transpose.FLIP_LEFT_RIGHT,
    Image.Transpose.ROTATE_180,
    Image.Transpose.FLIP_TOP_BOTTOM,
    Image.Transpose.TRANSPOSE,
    Image.Transpose.ROTATE_270,
    Image.Transpose.TRANSVERSE,
    Image.Transpose.ROTATE_90,
)
UPRIGHT = dict(enumerate(TURNS, start=2))  # by EXIF's orientation


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


def decode(data: bytes | Image.Image, side: int) -> np.ndarray:
    """Decode a JPEG or PNG into ``side`` x ``side`` RGB pixels, uint8, shape (side, side, 3); errors as ``examine``."""
    return examine(data, side).pixels


def examine(data: bytes | Image.Image, side: int) -> Picture:
    """Decode a JPEG or PNG, or take a picture that Pillow has opened, for the network and for measuring.

    EXIF rotation is applied where it can be read, every colour mode becomes RGB (transparency over white), and the largest
    centred square is kept; what a file holds besides pixels may be broken. InputError gives the reason when the bytes are no
    such picture, are cut off, or hold more than 20 megapixels: the size is checked before a pixel is decoded.
    """
    square, smallest_side = _decoded(data, DRAFT_SIDE)
    small = square.reduce(max(1, square.width // GREY_SIDE))
    grey = np.asarray(_resize(small, GREY_SIDE).convert("L"))
    if side > small.width:
        small = square if 2 * side <= DRAFT_SIDE else _decoded(data, 2 * side)[0]
    return Picture(np.asarray(_resize(small, side)), grey, smallest_side)


def _decoded(data: bytes | Image.Image, least: int) -> tuple[Image.Image, int]:
    """The largest centred square, with ``least`` pixels a side or more if the file has them, and the file's shorter side."""
    try:
        with nullcontext(data) if isinstance(data, Image.Image) else _opened(data) as image:
            if not isinstance(data, Image.Image):
                _require_few_scans(data, image)
            smallest_side = min(image.size)
            return _decode(image, 0 if image is data else least), smallest_side
    except InputError:
        raise
    except UnidentifiedImageError as error:
        raise InputError(_what_it_is(data)) from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InputError(f"more pixels than the {MOST_PIXELS // 1_000_000} megapixels allowed") from error
    except Exception as error:  # damaged bytes make Pillow's parsers raise errors of every type
        raise InputError(f"the image is damaged or cut off ({type(error).__name__})") from error


def _what_it_is(data: bytes | Image.Image) -> str:
    """Why Pillow does not know what this is."""
    if isinstance(data, Image.Image):
        return "the image is damaged or cut off"
    if data.startswith(POINTER):
        return "a Git LFS pointer in place of the picture, which git lfs pull fetches"
    if name := foreign(data):
        return f"not a JPEG or PNG image but {name}; save it as JPEG or PNG"
    return "the image is damaged or cut off" if data.startswith(MAGIC) else "not a JPEG or PNG image"


def foreign(data: bytes) -> str:
    """The name of another format that these bytes are in, as ``HEIC``; empty where none is known."""
    return next((name for place, sign, name in FOREIGN if data.startswith(sign, place)), "")


def pixels_in(data: bytes) -> int:
    """How many pixels a picture says that it has, without decoding one; 0 where that cannot be read."""
    try:
        with _opened(data) as image:
            return image.width * image.height
    except (*UNREADABLE, Image.DecompressionBombError, Image.DecompressionBombWarning):
        return 0


def _opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(_sound_chunks(data) if data.startswith(PNG) else data), formats=FORMATS)


def _sound_chunks(data: bytes) -> bytes:
    """A PNG without the profiles, texts and other side chunks that Pillow cannot read, and without the frames of an animation.

    No pixel of the first picture needs them, but Pillow refuses the picture for a side chunk that is broken or larger than a
    megabyte. Here it reads each of them on its own, within its own bounds; of hundreds only the first, for their number
    would multiply those bounds.
    """
    file, kept, place, left = io.BytesIO(data), [PNG], len(PNG), MOST_SIDE_CHUNKS
    stream = PngStream(file)
    while (end := place + 12 + int.from_bytes(data[place : place + 4])) <= len(data):
        kind = data[place + 4 : place + 8]
        left -= kind in SIDE_CHUNKS
        file.seek(place + 8)
        if kind not in FRAMES and (kind not in SIDE_CHUNKS or (left >= 0 and _is_readable(stream, kind, end - place - 12))):
            kept.append(data[place:end])
        place = end
    return b"".join([*kept, data[place:]])


def _is_readable(stream: PngStream, kind: bytes, length: int) -> bool:
    try:
        stream.crc(kind, stream.call(kind, 0, length))
    except UNREADABLE:
        return False
    return True


def _require_few_scans(data: bytes, image: Image.Image) -> None:
    """Refuse a JPEG of thousands of scans: each has a dozen bytes, and has every pixel passed over once more."""
    most = MOST_SCANS * MOST_PIXELS // max(1, image.width * image.height)
    if len(data) > most and data.startswith(MAGIC[0]) and (scans := data.count(SCAN)) > most:
        raise InputError(f"its {image.width} x {image.height} pixels are drawn {scans} times over: no camera does that")


def _decode(image: Image.Image, least: int) -> Image.Image:
    width, height = image.size
    if width * height > MOST_PIXELS:
        raise InputError(f"{width} x {height} pixels are more than the {MOST_PIXELS // 1_000_000} megapixels allowed")
    if least:
        image.draft("RGB", (least, least))
    image.load()
    turn = UPRIGHT.get(_orientation(image))
    return _square(_rgb(image if turn is None else image.transpose(turn)))


def _orientation(image: Image.Image) -> int:
    """How EXIF says that the picture lies; 1, upright, where that cannot be read."""
    try:
        return image.getexif().get(ExifTags.Base.Orientation, 1)  # type: ignore[no-any-return]  # any value is looked up
    except UNREADABLE:
        return 1


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
