"""`flask images …`: the images of products on the pages."""

from pathlib import Path

import click
from flask.cli import AppGroup

from lumira.cli.common.scope import chosen_tenants
from lumira.cli.common.tables import echo_table
from lumira.cli.content import FILE
from lumira.cli.tenants import tenant_id_of
from lumira.domain.product_images import ALT_LENGTH, MAX_BYTES, is_description
from lumira.services.catalog.change_image import remove_image, upload_image
from lumira.services.catalog.view_images import view_images

images = AppGroup("images", help="Images of products.")

_ACTOR = "operator"


@images.command("list")
@click.argument("slug", required=False)
def list_(slug: str | None) -> None:
    """Print the images of all products, or of those of the tenant SLUG, with their sizes and descriptions.

    Example: flask images list boutique
    """
    rows = [
        (
            tenant_slug,
            image.product_id,
            ", ".join(f"{size.width} x {size.height}" for size in image.sizes),
            image.alt_fr,
            image.alt_en,
        )
        for tenant_id, tenant_slug in chosen_tenants(slug)
        for image in view_images(tenant_id)
    ]
    echo_table(("TENANT", "PRODUCT", "PIXELS", "ALT FR", "ALT EN"), rows)


def _description(_context: click.Context, _option: click.Parameter, text: str | None) -> str | None:
    if text is not None and not is_description(text):
        raise click.BadParameter(f"Must be {ALT_LENGTH} characters at most, on one line.")
    return text


@images.command("upload")
@click.argument("slug")
@click.argument("product")
@click.argument("file", type=FILE)
@click.option("--alt-fr", callback=_description, help="What the image shows, in French.")
@click.option("--alt-en", callback=_description, help="What the image shows, in English.")
def upload(slug: str, product: str, file: Path, alt_fr: str | None, alt_en: str | None) -> None:
    """Upload FILE as the image of PRODUCT; it replaces an earlier one.

    FILE is a PNG, JPEG or WebP image. A description is for buyers who do not see the image; an earlier one stays unless
    another is given.

    Example: flask images upload boutique tasse-gres ./tasse.jpg --alt-fr "Tasse"
    """
    with file.open("rb") as stream:
        # One byte more than is accepted, so that a file of any size fits into memory.
        content = stream.read(MAX_BYTES + 1)
    image, is_changed = upload_image(
        tenant_id_of(slug), product, content, alt_fr=alt_fr, alt_en=alt_en, actor=_ACTOR
    )
    pixels = ", ".join(f"{size.width} x {size.height}" for size in image.sizes)
    click.echo(f"{slug} {product}: {pixels} pixels{'' if is_changed else ' already: nothing was changed'}.")


@images.command("remove")
@click.argument("slug")
@click.argument("product")
def remove(slug: str, product: str) -> None:
    """Remove the image of PRODUCT: its pages show none any more.

    Example: flask images remove boutique tasse-gres
    """
    remove_image(tenant_id_of(slug), product, actor=_ACTOR)
    click.echo(f"{slug} {product}: the image is removed.")
