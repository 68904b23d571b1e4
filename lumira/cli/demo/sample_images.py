"""Images of the demo's products, drawn by code."""

import colorsys
import io
import random

from PIL import Image, ImageChops, ImageColor, ImageDraw, ImageFilter, ImageOps

_SIZE = (1200, 800)
#: For a brand without a colour.
_DEFAULT = "#5B6C8F"


def sample_image(seed: str, brand_color: str | None) -> bytes:
    """Return a PNG in shades of the brand's colour; the same for the same seed, such as a product's id."""
    chance = random.Random(seed)  # noqa: S311 - a picture, no secret
    dark, light = _shades(brand_color or _DEFAULT, chance)
    gradient = ImageOps.colorize(Image.linear_gradient("L").resize(_SIZE), dark, light)
    for _ in range(6):
        radius = chance.randint(90, 320)
        x, y = chance.randint(0, _SIZE[0]), chance.randint(0, _SIZE[1])
        disc = Image.new("L", _SIZE)
        ImageDraw.Draw(disc).ellipse((x - radius, y - radius, x + radius, y + radius), fill=70)
        gradient = Image.composite(
            Image.new("RGB", _SIZE, light), gradient, disc.filter(ImageFilter.GaussianBlur(2))
        )
    rings = Image.new("L", _SIZE)
    pen = ImageDraw.Draw(rings)
    for radius in range(60, 360, chance.choice((24, 32, 40))):
        pen.ellipse((600 - radius, 400 - radius, 600 + radius, 400 + radius), outline=120, width=3)
    drawn = ImageChops.screen(gradient, ImageOps.colorize(rings, "black", light))
    file = io.BytesIO()
    drawn.save(file, "PNG")
    return file.getvalue()


def _shades(color: str, chance: random.Random) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """A dark and a light shade, near the brand's colour."""
    red, green, blue = (part / 255 for part in ImageColor.getcolor(color, "RGB"))  # type: ignore[union-attr]
    hue, lightness, saturation = colorsys.rgb_to_hls(red, green, blue)
    hue = (hue + chance.uniform(-0.06, 0.06)) % 1
    saturation = max(saturation, 0.25)
    return tuple(
        tuple(round(255 * part) for part in colorsys.hls_to_rgb(hue, shade, saturation))
        for shade in (max(0.12, lightness - 0.3), min(0.85, lightness + 0.25))
    )  # type: ignore[return-value]
