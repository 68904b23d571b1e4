"""Uploaded images: what is accepted, and what of them is published."""

import zlib

import pytest
from PIL import Image

from lumira.domain.product_images import (
    MAX_BYTES,
    MAX_PIXELS,
    MAX_STORED_BYTES,
    WIDTHS,
    as_jpeg,
    render_sizes,
)
from lumira.errors.files import FileTooLarge, InvalidFile
from lumira.models import product_image
from lumira.models.product_image import MAX_SIDE
from tests.support.images import encoded, opened, picture

ORIENTATION, ARTIST = 0x0112, 0x013B


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
def test_each_accepted_format_becomes_two_small_webp_images(kind: str) -> None:
    sizes = render_sizes(picture(1920, 1280, kind=kind))

    assert [(size.width, size.height) for size in sizes] == [(320, 213), (960, 640)]
    for size in sizes:
        assert opened(size.content).format == "WEBP"
        assert opened(size.content).size == (size.width, size.height)
        assert len(size.content) < MAX_STORED_BYTES


def test_an_image_is_never_enlarged() -> None:
    assert [size.width for size in render_sizes(picture(500, 400))] == [320, 500]
    assert [size.width for size in render_sizes(picture(320, 320))] == [320]


def test_nothing_of_a_photograph_is_published_but_its_pixels() -> None:
    details = Image.Exif()
    details[ORIENTATION] = 6
    details[ARTIST] = "Zoé Durand"
    photograph = picture(1600, 1200, kind="JPEG", exif=details, comment=b"at home") + b"<script>"

    for size in render_sizes(photograph):
        # Turned as the camera was held.
        assert size.height > size.width
        assert not opened(size.content).getexif()
        assert not {"exif", "icc_profile", "xmp", "comment"} & opened(size.content).info.keys()
        for part in (b"Durand", b"at home", b"<script>"):
            assert part not in size.content


def test_a_transparent_image_stays_transparent() -> None:
    drawn = Image.new("RGBA", (400, 400), (200, 0, 0, 0))
    for content in (encoded(drawn, "PNG"), encoded(drawn.quantize(), "PNG"), encoded(drawn, "WEBP")):
        assert opened(render_sizes(content)[0].content).getpixel((10, 10))[3] == 0


def test_the_colours_of_a_printers_photograph_are_those_of_a_screen() -> None:
    drawn = Image.new("CMYK", (400, 400), (0, 255, 255, 0))
    red, green, blue = opened(render_sizes(encoded(drawn, "JPEG"))[0].content).getpixel((10, 10))
    assert (red > 200, green < 60, blue < 60) == (True, True, True)


def test_what_can_be_stored_is_stored_and_noise_is_refused() -> None:
    tall = picture(960, 960 * 3, kind="JPEG")
    assert max(size.height for size in render_sizes(tall)) == max(WIDTHS) * 3 <= MAX_SIDE
    assert product_image.MAX_STORED_BYTES == MAX_STORED_BYTES
    noise = encoded(Image.effect_noise((960, 960 * 3), 250).convert("RGB"), "JPEG")
    with pytest.raises(InvalidFile, match="too many details"):
        render_sizes(noise)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "Only PNG, JPEG and WebP"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "Only PNG, JPEG and WebP"),
        (picture(400, 400, kind="GIF"), "Only PNG, JPEG and WebP"),
        (picture(400, 400, kind="BMP"), "Only PNG, JPEG and WebP"),
        (picture(1200, 800)[:900], "damaged"),
        (picture(1200, 800, kind="JPEG")[:3000], "damaged"),
        (picture(319, 800), "320 x 320 are needed"),
        (picture(2000, 400), "3 times the other"),
    ],
)
def test_a_file_that_no_page_can_show_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(InvalidFile, match=why):
        render_sizes(content)


def test_an_animation_is_refused() -> None:
    frames = [Image.new("RGB", (400, 400), colour) for colour in ("red", "blue")]
    for kind in ("WEBP", "PNG"):
        with pytest.raises(InvalidFile, match="animated"):
            render_sizes(encoded(frames[0], kind, save_all=True, append_images=frames[1:]))


@pytest.mark.parametrize("side", [8_000, 20_000])
def test_a_small_file_with_a_huge_image_is_refused_before_it_is_decoded(side: int) -> None:
    small = bytearray(picture(400, 400))
    # The width and the height in the header of a PNG, and its checksum.
    small[16:24] = side.to_bytes(4) * 2
    small[29:33] = zlib.crc32(small[12:29]).to_bytes(4)
    with pytest.raises(InvalidFile, match=str(MAX_PIXELS)):
        render_sizes(bytes(small))


def test_a_large_file_is_refused() -> None:
    with pytest.raises(FileTooLarge):
        render_sizes(picture(400, 400) + b"\0" * MAX_BYTES)


def test_a_transparent_image_is_on_white_in_an_email() -> None:
    transparent = encoded(Image.new("RGBA", (400, 400), (0, 0, 0, 0)), "PNG")
    [small, *_] = render_sizes(transparent)
    sent = opened(as_jpeg(small.content))
    assert (sent.format, sent.size, sent.getpixel((0, 0))) == ("JPEG", (320, 320), (255, 255, 255))
