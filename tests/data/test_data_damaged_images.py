"""Bytes that are no usable picture are refused with a reason, and what a file holds besides pixels never costs the picture."""

import struct
import tracemalloc
import warnings
import zlib

import numpy as np
import pytest
from data_pictures import chunk, encode, noise, raw_png
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from unlearning.data.images import decode, pixels_in
from unlearning.errors import InputError

EXIF = Image.Exif()
EXIF[0x0112] = 6
WHOLE = {
    "JPEG": encode(noise(0, (40, 30)), "JPEG", exif=EXIF),
    "progressive": encode(noise(0, (40, 30)), "JPEG", progressive=True),
    "PNG": encode(noise(0, (20, 15)), exif=EXIF),
    "palette": encode(noise(0).convert("P"), transparency=3),
}
DAMAGES = st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=8)


def decoded(data: bytes) -> np.ndarray | None:
    """The pixels, or None where the bytes are refused; any other error is the test's failure."""
    try:
        return decode(data, 16)
    except InputError:
        return None


@pytest.mark.parametrize("data", [b"", b"\0", b"hello, I am a face", b"<svg/>", b"\xff\xd8", b"\x89PNG\r\n\x1a\n"])
def test_bytes_of_no_picture_are_refused(data):
    with pytest.raises(InputError, match=r"not a JPEG or PNG image|damaged or cut off"):
        decode(data, 16)


@pytest.mark.parametrize("kind", ["GIF", "BMP", "TIFF", "WEBP", "PPM", "ICO"])
def test_formats_besides_jpeg_and_png_are_refused(kind):
    with pytest.raises(InputError, match="not a JPEG or PNG image"):
        decode(encode(noise(0, (32, 32)), kind), 16)


@pytest.mark.parametrize("kind", WHOLE)
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_a_picture_that_is_cut_off_is_refused(kind, share):
    data = WHOLE[kind]
    with pytest.raises(InputError, match="damaged or cut off"):
        decode(data[: int(len(data) * share)], 16)


@pytest.mark.parametrize("size", [(5000, 4001), (20_000_001, 1), (9000, 9000), (12_000, 12_000), (60_000, 60_000)])
@pytest.mark.parametrize("action", ["error", "ignore"])
def test_more_than_20_megapixels_are_refused_by_the_header_alone(size, action):
    """The body is one byte: had it been decoded, the reason would be that the image is cut off."""
    with warnings.catch_warnings():
        warnings.simplefilter(action)
        with pytest.raises(InputError, match=r"more .*20 megapixels allowed"):
            decode(raw_png(size, 8, 2, b"\0"), 16)


def test_a_jpeg_that_draws_every_pixel_thousands_of_times_is_refused_before_it_does():
    whole = encode(Image.new("L", (1000, 1000)), "JPEG", progressive=True)
    scan = whole[whole.rindex(b"\xff\xda") : -2]
    assert decode(whole[:-2] + 100 * scan + whole[-2:], 16).shape == (16, 16, 3)
    with pytest.raises(InputError, match="1000 x 1000 pixels are drawn 9006 times over"):
        decode(whole[:-2] + 9_000 * scan + whole[-2:], 16)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.sampled_from(sorted(WHOLE)), DAMAGES, st.sampled_from(["error", "ignore"]))
def test_a_damaged_picture_gives_pixels_or_a_reason(kind, places, action):
    data = bytearray(WHOLE[kind])
    for place, value in places:
        data[place % len(data)] = value
    with warnings.catch_warnings():
        warnings.simplefilter(action)
        pixels = decoded(bytes(data))
    assert pixels is None or (pixels.shape, pixels.dtype) == ((16, 16, 3), np.uint8)


@settings(derandomize=True, max_examples=40, deadline=None)
@given(st.sampled_from(sorted(WHOLE)), st.floats(0, 1))
def test_the_beginning_of_a_picture_gives_all_its_pixels_or_a_reason(kind, share):
    data = WHOLE[kind]
    pixels = decoded(data[: int(share * len(data))])
    assert pixels is None or (pixels == decode(data, 16)).all()


PLAIN = encode(noise(5, (40, 30)))
PIXELS = decode(PLAIN, 16)
TURNED = decode(encode(noise(5, (40, 30)).transpose(Image.Transpose.ROTATE_270)), 16)
MILLIONS = zlib.compress(bytes(2_000_000))
SOUND_EXIF = b"II*\0\x08\0\0\0" + struct.pack("<HHHIHHI", 1, 0x0112, 3, 1, 6, 0, 0)
BAD_EXIF = {
    "no header": b"\0\x08\0\2\1\x12\0\3",
    "a header of its own": b"\0\0\x11\0\0\1\4\0",
    "text of bytes": b"b'Exif\\x00\\x00MM'",
    "cut off": SOUND_EXIF[:6],
    "cut in the table": SOUND_EXIF[:12],
    "beyond the end": b"II*\0\xff\xff\xff\x7f",
}


def png(*chunks: bytes, behind: bytes = b"") -> bytes:
    """The plain picture with chunks before its pixels, and behind them."""
    place = PLAIN.index(b"IDAT") - 4
    return PLAIN[:place] + b"".join(chunks) + PLAIN[place:-12] + behind + PLAIN[-12:]


@pytest.mark.parametrize("exif", BAD_EXIF)
@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning")
def test_exif_that_cannot_be_read_is_no_rotation(exif):
    assert (decode(png(chunk(b"eXIf", BAD_EXIF[exif])), 16) == PIXELS).all()
    segment = b"Exif\0\0" + BAD_EXIF[exif]
    jpeg = encode(noise(5, (40, 30)), "JPEG")
    marked = jpeg[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + jpeg[2:]
    assert (decode(marked, 16) == decode(jpeg, 16)).all()


@pytest.mark.parametrize(
    "broken",
    [
        chunk(b"iCCP", b"ICC Profile\0\0" + MILLIONS),
        chunk(b"zTXt", b"workflow\0\0" + MILLIONS),
        chunk(b"iTXt", b"prompt\0\1\0\0\0" + MILLIONS),
        chunk(b"zTXt", b"Raw profile type exif\0\0" + zlib.compress(b"\nexif\n      20\n45786966zz\n")),
        chunk(b"tEXt", b"a\0b")[:-4] + b"\0\0\0\0",
        chunk(b"iCCP", b"ICC Profile\0\7" + MILLIONS),
        chunk(b"pHYs", b"\0"),
        chunk(b"acTL", b"\0"),
    ],
    ids=["profile", "zTXt", "iTXt", "raw EXIF", "checksum", "compression", "cut off", "animation"],
)
def test_a_side_chunk_that_cannot_be_read_is_passed_over_and_the_others_are_not(broken):
    assert (decode(png(broken), 16) == PIXELS).all()
    assert pixels_in(png(broken)) == 40 * 30, "what is decoded counts"
    for exif in (SOUND_EXIF, b"Exif\0\0" + SOUND_EXIF):
        assert (decode(png(broken, chunk(b"eXIf", exif)), 16) == TURNED).all()
        assert (decode(png(behind=broken + chunk(b"eXIf", exif)), 16) == TURNED).all()


@pytest.mark.parametrize("kind", [b"IHDR", b"PLTE", b"tRNS", b"IDAT"])
def test_a_broken_chunk_that_pixels_need_is_still_refused(kind):
    whole = encode(noise(5, (40, 30)).quantize(16), transparency=3)
    place = whole.index(kind)
    with pytest.raises(InputError, match="damaged or cut off"):
        decode(whole[: place + 5] + bytes([whole[place + 5] ^ 255]) + whole[place + 6 :], 16)


@pytest.mark.parametrize("count", [1, 2000])
def test_side_chunks_that_unpack_to_gigabytes_take_little_memory(count):
    """Each is a kilobyte that unpacks to a megabyte; together they are two gigabytes."""
    bomb = chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1_000_000), 9)) * count
    tracemalloc.start()
    pixels = decode(png(bomb), 16)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.array_equal(pixels, PIXELS)
    assert peak < 100_000_000


def test_an_animation_is_its_first_picture():
    frames = [noise(seed, (40, 30)) for seed in (5, 6)]
    assert (decode(encode(frames[0], save_all=True, append_images=frames[1:]), 16) == PIXELS).all()
