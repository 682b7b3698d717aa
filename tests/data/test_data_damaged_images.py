"""Bytes that are no usable picture are refused with a reason, and nothing else ever happens."""

import warnings

import numpy as np
import pytest
from data_pictures import encode, noise, raw_png
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from unlearning.data.images import decode
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
