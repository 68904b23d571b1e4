"""`flask content …`: the files that all buyers of a product get."""

from pathlib import Path

import click
from flask.cli import AppGroup

from lumira.cli.common.scope import chosen_tenants
from lumira.cli.common.tables import echo_table
from lumira.cli.tenants import tenant_id_of
from lumira.errors.catalog import ProductNotFound
from lumira.models import File
from lumira.services.files.store_file import Upload
from lumira.services.files.upload_content import (
    ContentView,
    remove_content_file,
    upload_content,
    view_contents,
)

content = AppGroup("content", help="Files that all buyers of a product get.")

#: An existing file as an argument.
FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)

_ACTOR = "operator"


@content.command("list")
@click.argument("slug", required=False)
@click.argument("product", required=False)
def list_(slug: str | None, product: str | None) -> None:
    """Print the contents of all products, of those of the tenant SLUG, or of one PRODUCT, with their files.

    Example: flask content list oracle-lumira
    """
    rows: list[tuple[str, ...]] = []
    for tenant_id, tenant_slug in chosen_tenants(slug):
        views = view_contents(tenant_id, None if product is None else [product])
        rows += [(tenant_slug, *_row(view)) for view in views]
    if product is not None and not rows:
        raise ProductNotFound(f"{slug} has no product {product} with contents.")
    echo_table(("TENANT", "PRODUCT", "KEY", "KIND", "FILE", "TYPE", "SIZE", "TITLE"), rows)


def _row(view: ContentView) -> tuple[str, ...]:
    row, file = view.content, view.file
    columns = ("none yet", "", "") if file is None else (file.file_name, file.content_type, size_of(file))
    return (row.product_id, row.key, str(row.kind), *columns, row.title)


def size_of(file: File) -> str:
    """Return the size of a file in B, KiB or MiB."""
    size = float(file.size or 0)
    for unit in ("B", "KiB"):
        if size < 1024:  # noqa: PLR2004 - units of 1024
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} MiB"


@content.command("upload")
@click.argument("slug")
@click.argument("product")
@click.argument("key")
@click.argument("file", type=FILE)
@click.option("--name", help="The name that buyers see. [default: the name of FILE]")
def upload(slug: str, product: str, key: str, file: Path, name: str | None) -> None:
    """Upload FILE as the content KEY of PRODUCT; it replaces an earlier file.

    Example: flask content upload oracle-lumira simple carte ./carte.pdf
    """
    with file.open("rb") as stream:
        stored, is_new = upload_content(
            tenant_id_of(slug), product, key, Upload(name or file.name, stream), actor=_ACTOR
        )
    description = f"{stored.file_name} ({stored.content_type}, {size_of(stored)})"
    click.echo(f"{slug} {product} {key}: {description}{'' if is_new else ' already: nothing was changed'}.")


@content.command("remove")
@click.argument("slug")
@click.argument("product")
@click.argument("key")
def remove(slug: str, product: str, key: str) -> None:
    """Remove the file of the content KEY of PRODUCT: buyers can no longer download it.

    Example: flask content remove oracle-lumira simple carte
    """
    file = remove_content_file(tenant_id_of(slug), product, key, actor=_ACTOR)
    click.echo(f"{slug} {product} {key}: {file.file_name} is removed.")
