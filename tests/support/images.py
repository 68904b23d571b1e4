"""Images of products, drawn by code."""

import io

from PIL import Image

from lumira.services.catalog.change_image import upload_image
from tests.support.factories import Brand


def picture(
    width: int = 1200, height: int = 800, *, kind: str = "PNG", mode: str = "RGB", **options: object
) -> bytes:
    """A file with a gradient."""
    image = Image.linear_gradient("L").resize((width, height)).convert(mode)
    return encoded(image, kind, **options)


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def opened(content: bytes) -> Image.Image:
    image = Image.open(io.BytesIO(content))
    image.load()
    return image


def illustrate(brand: Brand, product_id: str = "mystique", content: bytes | None = None, **alt: str) -> None:
    """Give a product an image."""
    upload_image(brand.id, product_id, content or picture(), actor="test", **alt)
