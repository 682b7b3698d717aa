"""Whatever a picture's format, colour mode, shape and orientation: the same square RGB pixels come out."""

import numpy as np
import pytest
from data_pictures import encode, noise, raw_png
from PIL import Image, ImageDraw

from unlearning.data.images import GREY_SIDE, decode, examine

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
NAMES = {RED: "R", GREEN: "G", BLUE: "B", WHITE: "W"}


def quarters(mode: str = "RGB") -> Image.Image:
    """Red over blue on the left, green over white on the right: R G / B W."""
    image = Image.new("RGB", (64, 64))
    pen = ImageDraw.Draw(image)
    for colour, corner in ((RED, (0, 0)), (GREEN, (32, 0)), (BLUE, (0, 32)), (WHITE, (32, 32))):
        pen.rectangle((*corner, corner[0] + 31, corner[1] + 31), fill=colour)
    return image.convert(mode)


def corners(pixels: np.ndarray) -> str:
    """The colour nearest to each quarter's middle, line by line."""
    quarter, rest = len(pixels) // 4, 3 * len(pixels) // 4
    found = [pixels[y, x].astype(int) for y in (quarter, rest) for x in (quarter, rest)]
    return "".join(_nearest(colour) for colour in found)


def _nearest(colour: np.ndarray) -> str:
    return NAMES[min(NAMES, key=lambda known: np.abs(colour - known).sum())]


def middle(data: bytes) -> list[int]:
    """The RGB value in the middle of a picture of one colour."""
    return decode(data, 8)[4, 4].astype(int).tolist()


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
@pytest.mark.parametrize(
    ("orientation", "shown"),
    [(1, "RGBW"), (2, "GRWB"), (3, "WBGR"), (4, "BWRG"), (5, "RBGW"), (6, "BRWG"), (7, "WGBR"), (8, "GWRB")],
)
def test_a_picture_is_turned_as_its_exif_says(kind, orientation, shown):
    exif = Image.Exif()
    exif[0x0112] = orientation
    assert corners(decode(encode(quarters(), kind, exif=exif), 16)) == shown


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [
        ("L", 100, [100, 100, 100]),
        ("1", 1, [255, 255, 255]),
        ("1", 0, [0, 0, 0]),
        ("RGB", (10, 20, 30), [10, 20, 30]),
        ("RGBA", (10, 20, 30, 255), [10, 20, 30]),
        ("RGBA", (10, 20, 30, 0), [255, 255, 255]),
        ("RGBA", (255, 0, 0, 51), [255, 204, 204]),  # a fifth of red over four fifths of white
        ("LA", (100, 255), [100, 100, 100]),
        ("LA", (100, 0), [255, 255, 255]),
        ("LA", (0, 102), [153, 153, 153]),  # two fifths of black over white
    ],
)
def test_every_png_mode_becomes_rgb_over_white(mode, colour, expected):
    assert middle(encode(Image.new(mode, (16, 16), colour))) == expected


def test_a_palette_gives_its_colours_and_what_is_declared_transparent_is_white():
    image = Image.new("P", (16, 16), 1)
    image.putpalette([9, 9, 9, 10, 20, 30])
    assert middle(encode(image)) == [10, 20, 30]
    assert middle(encode(image, transparency=0)) == [10, 20, 30]
    assert middle(encode(image, transparency=1)) == [255, 255, 255]
    image = Image.new("RGB", (16, 16), (10, 20, 30))
    assert middle(encode(image, transparency=(10, 20, 30))) == [255, 255, 255]
    assert middle(encode(Image.new("L", (16, 16), 7), transparency=7)) == [255, 255, 255]


@pytest.mark.parametrize(
    ("mode", "colour", "expected"),
    [("L", 100, [100] * 3), ("RGB", (200, 40, 90), [200, 40, 90]), ("CMYK", (0, 255, 255, 0), [255, 0, 0])],
)
def test_every_jpeg_mode_becomes_rgb(mode, colour, expected):
    assert middle(encode(Image.new(mode, (16, 16), colour), "JPEG", quality=95)) == pytest.approx(expected, abs=3)


@pytest.mark.parametrize(("level", "grey"), [(0, 0), (257, 1), (32768, 128), (60000, 233), (65535, 255)])
def test_16_bit_grey_keeps_its_brightness(level, grey):
    lines = (b"\0" + level.to_bytes(2, "big") * 8) * 8
    assert middle(raw_png((8, 8), 16, 0, lines)) == [grey] * 3


def test_16_bit_colour_keeps_its_brightness():
    lines = (b"\0" + b"\x80\x00\x00\x00\xff\xff" * 8) * 8
    assert middle(raw_png((8, 8), 16, 2, lines)) == [128, 0, 255]


@pytest.mark.parametrize("side", [30, 10, 60])
@pytest.mark.parametrize("size", [(90, 30), (30, 90), (91, 30), (30, 91)])
def test_the_middle_of_a_long_picture_is_kept_and_not_squashed(size, side):
    """Green in the middle, red before and blue behind: only green is left, up to what smoothing does at the edge."""
    image = Image.new("RGB", size, GREEN)
    pen = ImageDraw.Draw(image)
    wide = size[0] > size[1]
    pen.rectangle((0, 0, 29, size[1]) if wide else (0, 0, size[0], 29), fill=RED)
    pen.rectangle((60, 0, *size) if wide else (0, 60, *size), fill=BLUE)
    assert (decode(encode(image), side)[1:-2, 1:-2] == GREEN).all()


@pytest.mark.parametrize("size", [(640, 640), (900, 600)])
def test_jpeg_and_png_of_one_picture_agree(size):
    """JPEG is decoded at a reduced scale; the result stays that of the whole picture."""
    y, x = np.mgrid[: size[1], : size[0]]
    image = Image.fromarray(np.stack([255 * x // size[0], 255 * y // size[1], 0 * x + 90], axis=2).astype(np.uint8))
    jpeg, png = (decode(encode(image, kind), 32).astype(int) for kind in ("JPEG", "PNG"))
    assert np.abs(jpeg - png).max() <= 4


def test_of_several_pictures_in_a_jpeg_the_first_is_taken():
    """Phones write such files (MPO)."""
    data = encode(Image.new("RGB", (16, 16), RED), "MPO", save_all=True, append_images=[Image.new("RGB", (16, 16), BLUE)])
    assert middle(data) == pytest.approx(RED, abs=3)


@pytest.mark.parametrize("size", [(40, 30), (100, 100), (250, 333)])
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_the_grey_picture_has_100_pixels_a_side_and_does_not_depend_on_the_stored_side(size, kind):
    data = encode(noise(0, size), kind)
    greys = [examine(data, side).grey for side in (16, 32, 64, 224, 300)]
    assert (greys[0].shape, greys[0].dtype) == ((GREY_SIDE, GREY_SIDE), np.uint8)
    assert all((grey == greys[0]).all() for grey in greys)


def test_grey_is_the_weighted_brightness_of_the_colours():
    """ITU-R 601: .299 red, .587 green, .114 blue."""
    for colour, level in ((RED, 76), (GREEN, 150), (BLUE, 29), (WHITE, 255)):
        assert set(np.unique(examine(encode(Image.new("RGB", (60, 60), colour)), 16).grey)) == {level}


@pytest.mark.parametrize(("size", "smallest"), [((50, 31), 31), ((31, 50), 31), ((1500, 1200), 1200), ((200, 1), 1)])
def test_the_smallest_side_is_the_files(size, smallest):
    exif = Image.Exif()
    exif[0x0112] = 6
    assert examine(encode(Image.new("RGB", size), "JPEG", exif=exif), 16).smallest_side == smallest
