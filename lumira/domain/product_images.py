"""Images of products: which files are accepted, and the sizes in which the pages show them."""

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from lumira.errors.files import FileTooLarge, InvalidFile

#: Bytes of an uploaded file: a photograph of a phone has about four million.
MAX_BYTES = 12 * 1024 * 1024
#: Bytes of one size. The table accepts as many; its model is not imported, because a process starts for each image, and
#: importing the models would take it longer than rendering.
MAX_STORED_BYTES = 1024 * 1024
#: Pixels of an uploaded file, which are decoded into memory, four bytes each.
MAX_PIXELS = 50_000_000
#: The widths in pixels that the pages use: of a list or a cart, and of the page of one product. Both also suit screens
#: with two pixels to a point.
WIDTHS = (320, 960)
MIN_SIDE = 320
#: How many times longer one side may be than the other: more is a strip that no page can show.
MAX_RATIO = 3
#: Characters of a description.
ALT_LENGTH = 300
_FORMATS = ("JPEG", "PNG", "WEBP")
#: From a quality that looks like the original to one that still shows the product.
_QUALITIES = (82, 60, 35)
#: Bytes that one size should have at most: phones load it over slow networks.
_AIM = 150_000


@dataclass(frozen=True, slots=True)
class RenderedSize:
    """An image in one size: its sides in pixels, and its content as WebP."""

    width: int
    height: int
    content: bytes


def is_description(text: str) -> bool:
    """Whether a text can say what an image shows, for buyers who do not see it."""
    return len(text) <= ALT_LENGTH and (not text or text.isprintable())


def render_sizes(content: bytes) -> list[RenderedSize]:
    """Return an uploaded image in the widths of the pages, the smallest first; none is wider than the upload.

    The pixels are encoded anew, so that nothing else of the file is published: neither where a photograph was taken,
    nor a program that hides in it. Raises `InvalidFile` and `FileTooLarge`.
    """
    if len(content) > MAX_BYTES:
        raise FileTooLarge(f"The image is larger than {MAX_BYTES} bytes.", limit=MAX_BYTES)
    with _readable():
        # The format follows from the first bytes of the file, whatever its name is.
        image = Image.open(io.BytesIO(content), formats=_FORMATS)
        _check_sides(image)
        upright = _in_srgb(ImageOps.exif_transpose(image))
    widths = sorted({min(width, upright.width) for width in WIDTHS})
    return [_in_width(upright, width) for width in widths]


def as_jpeg(stored: bytes) -> bytes:
    """Return a stored image as a JPEG, on white where it is transparent: mail programs do not all show WebP."""
    image = Image.open(io.BytesIO(stored), formats=("WEBP",)).convert("RGBA")
    flat = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    encoded = io.BytesIO()
    flat.save(encoded, "JPEG", quality=82)
    return encoded.getvalue()


@contextmanager
def _readable() -> Iterator[None]:
    """Raise `InvalidFile` for everything that Pillow raises about a file that it cannot read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            yield
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise InvalidFile(f"The image has more than {MAX_PIXELS} pixels.") from error
    except UnidentifiedImageError as error:
        raise InvalidFile("Only PNG, JPEG and WebP images are accepted.") from error
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        # Pillow's own sentences name its internals.
        raise InvalidFile("The image is damaged.") from error


def _check_sides(image: Image.Image) -> None:
    """Raise `InvalidFile` before a pixel is decoded."""
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise InvalidFile(f"The image has more than {MAX_PIXELS} pixels.")
    if min(width, height) < MIN_SIDE:
        raise InvalidFile(f"The image has {width} x {height} pixels: {MIN_SIDE} x {MIN_SIDE} are needed.")
    if max(width, height) > MAX_RATIO * min(width, height):
        raise InvalidFile(
            f"The image has {width} x {height} pixels: one side may be {MAX_RATIO} times the other."
        )
    if getattr(image, "is_animated", False):
        raise InvalidFile("An animated image is not accepted.")


def _in_srgb(image: Image.Image) -> Image.Image:
    """The image in the colours that browsers assume: a photograph in another profile would look pale."""
    has_alpha = image.has_transparency_data
    profile = image.info.get("icc_profile")
    if profile and image.mode in ("RGB", "CMYK"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            target = ImageCms.createProfile("sRGB")
            converted = ImageCms.profileToProfile(image, source, target, outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            # A profile that cannot be read is ignored, as browsers do.
            converted = None
        if converted is not None:
            return converted
    return image.convert("RGBA" if has_alpha else "RGB")


def _in_width(image: Image.Image, width: int) -> RenderedSize:
    height = max(1, round(image.height * width / image.width))
    resized = image.resize((width, height), Image.Resampling.LANCZOS, reducing_gap=3.0)
    # Encoders write the profile and the metadata that they find here.
    resized.info.clear()
    content = b""
    for quality in _QUALITIES:
        encoded = io.BytesIO()
        resized.save(encoded, "WEBP", quality=quality, method=4)
        content = encoded.getvalue()
        if len(content) <= _AIM:
            break
    if len(content) > MAX_STORED_BYTES:
        raise InvalidFile("The image has too many details, such as noise, to be shown on a page.")
    return RenderedSize(width, height, content)
