"""`flask content …`: the files that every buyer of a product gets."""

from pathlib import Path

import click
from flask.cli import AppGroup

from lumira.cli.common.scope import chosen_tenants
from lumira.cli.common.tables import echo_table
from lumira.cli.tenants import tenant_id_of
from lumira.errors import ProductNotFound
from lumira.models import File
from lumira.services.files.store_file import Upload
from lumira.services.files.upload_content import (
    ContentView,
    remove_content_file,
    upload_content,
    view_contents,
)

content = AppGroup("content", help="Files that every buyer of a product gets.")

#: A file that somebody names on the command line.
FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)

_ACTOR = "operator"


@content.command("list")
@click.argument("slug", required=False)
@click.argument("product", required=False)
def list_(slug: str | None, product: str | None) -> None:
    """Print what all products contain, those of the tenant SLUG, or one PRODUCT, and which file each has."""
    rows: list[tuple[str, ...]] = []
    for tenant_id, tenant_slug in chosen_tenants(slug):
        views = view_contents(tenant_id, None if product is None else [product])
        rows += [(tenant_slug, *_row(view)) for view in views]
    if product is not None and not rows:
        raise ProductNotFound(f"{slug} has no product {product} that contains anything.")
    echo_table(("TENANT", "PRODUCT", "KEY", "KIND", "FILE", "TYPE", "SIZE", "TITLE"), rows)


def _row(view: ContentView) -> tuple[str, ...]:
    row, file = view.content, view.file
    kept = ("none yet", "", "") if file is None else (file.file_name, file.content_type, size_of(file))
    return (row.product_id, row.key, str(row.kind), *kept, row.title)


def size_of(file: File) -> str:
    """How long a file is, for somebody who reads it."""
    size = float(file.size or 0)
    for unit in ("B", "KiB"):
        if size < 1024:  # noqa: PLR2004 - what a KiB and a MiB are
            return f"{size:.0f} {unit}"
        size /= 1024
    return f"{size:.1f} MiB"


@content.command("upload")
@click.argument("slug")
@click.argument("product")
@click.argument("key")
@click.argument("file", type=FILE)
@click.option("--name", help="What buyers see it called. [default: the name of FILE]")
def upload(slug: str, product: str, key: str, file: Path, name: str | None) -> None:
    """Give the content KEY of PRODUCT its FILE, instead of the one that it may have."""
    with file.open("rb") as stream:
        kept, is_new = upload_content(
            tenant_id_of(slug), product, key, Upload(name or file.name, stream), actor=_ACTOR
        )
    what = f"{kept.file_name} ({kept.content_type}, {size_of(kept)})"
    click.echo(f"{slug} {product} {key}: {what}{'' if is_new else ' already: nothing was changed'}.")


@content.command("remove")
@click.argument("slug")
@click.argument("product")
@click.argument("key")
def remove(slug: str, product: str, key: str) -> None:
    """Take the file of the content KEY of PRODUCT away: no buyer gets it any more."""
    file = remove_content_file(tenant_id_of(slug), product, key, actor=_ACTOR)
    click.echo(f"{slug} {product} {key}: {file.file_name} is removed.")
