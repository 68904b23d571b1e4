"""`flask tenants freeze|export|import|resume|remove`: a tenant that is moved to another installation."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
from flask import current_app

from lumira import __version__
from lumira.cli.common.confirmation import confirm_name
from lumira.cli.common.files import new_file
from lumira.cli.common.progress import progress
from lumira.cli.common.times import NO_TENANTS, shown
from lumira.cli.tenants import Secret, tenant_id_of, tenants
from lumira.link_tokens import WITHDRAWAL_PATHS, tokens_of
from lumira.money import format_amount
from lumira.services.moving.check_target import ACCEPTABLE
from lumira.services.moving.export_tenant import count_rows, export_tenant
from lumira.services.moving.import_tenant import Imported, import_tenant
from lumira.services.moving.read_archive import Contents
from lumira.services.moving.remove_tenant import remove_tenant
from lumira.services.tenants.freeze_tenant import freeze_tenant, resume_tenant

__all__ = ["tenants"]

_ACTOR = "operator"
_PASSPHRASE = click.option(
    "--passphrase", type=Secret(), required=True, help="Encrypts the archive; - reads it from stdin."
)
_BASE_URL = re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?")
_AMOUNTS = ("paid", "refunded", "receipts", "credit_notes")


@tenants.command("freeze")
@click.argument("slug")
def freeze(slug: str) -> None:
    """Stop the tenant SLUG before it is moved to another installation: nothing of it can be changed any more.

    Its pages can still be read. Payments, refunds, Stripe's deliveries and other changes are answered with 503, and
    workers do nothing for it. Stripe repeats its deliveries for three days.

    Example: flask tenants freeze boutique
    """
    since = freeze_tenant(tenant_id_of(slug), actor=_ACTOR)
    click.echo(
        f"{slug}: frozen since {shown(since, NO_TENANTS)}. `flask tenants resume {slug}` lets it sell again."
    )


@tenants.command("export")
@click.argument("slug")
@click.argument("archive", type=click.Path(dir_okay=False, path_type=Path))
@_PASSPHRASE
@click.option("--rehearsal", is_flag=True, help="Export it while it sells, for a dry run of the import only.")
def export(slug: str, archive: Path, passphrase: str, rehearsal: bool) -> None:
    """Write the frozen tenant SLUG to the new file ARCHIVE: all rows, files, operators and secrets, encrypted.

    Example: flask tenants export boutique boutique.lumira --passphrase -
    """
    tenant_id = tenant_id_of(slug)
    with (
        progress(f"Exporting {slug}", lambda: count_rows(tenant_id)) as on_progress,
        new_file(archive) as file,
    ):
        exported = export_tenant(
            file,
            tenant_id,
            passphrase=passphrase,
            software=f"Lumira {__version__}",
            actor=_ACTOR,
            is_rehearsal=rehearsal,
            on_progress=on_progress,
        )
    totals = exported.totals
    click.echo(f"{slug}: exported to {archive} as archive {exported.archive_id}.")
    _echo_totals(totals.as_json(), exported.currency)
    for name in totals.missing:
        click.echo(f"The storage does not have the file {name}, which a row names.", err=True)
    if exported.is_rehearsal:
        click.echo("It is a rehearsal: it can be imported with --dry-run only.")


@tenants.command("import")
@click.argument("archive", type=click.Path(path_type=Path))
@_PASSPHRASE
@click.option("--dry-run", is_flag=True, help="Insert and compare everything, and keep nothing of it.")
@click.option(
    "--accept",
    "accepted",
    multiple=True,
    type=click.Choice(ACCEPTABLE),
    help="Import although the check of this name fails; may be repeated.",
)
def import_(archive: Path, passphrase: str, dry_run: bool, accepted: tuple[str, ...]) -> None:
    """Import the tenant of the file ARCHIVE, which stays frozen until `flask tenants resume`.

    The archive is read to its end first. All rows are inserted and compared with it in one transaction: if anything
    differs or the command is interrupted, nothing of the tenant is visible, and the command can be repeated.

    Example: flask tenants import boutique.lumira --passphrase - --dry-run
    """
    try:
        archive.open("rb").close()
    except OSError as error:
        raise click.ClickException(f"{archive}: {error.strerror}.") from error
    with progress("Importing", lambda: 2 * archive.stat().st_size) as on_progress:
        imported = import_tenant(
            archive,
            passphrase=passphrase,
            actor=_ACTOR,
            accepted=accepted,
            is_dry_run=dry_run,
            on_progress=on_progress,
        )
    _report(imported, is_dry_run=dry_run)


def _report(imported: Imported, *, is_dry_run: bool) -> None:
    contents = imported.contents
    slug = contents.slug
    for obstacle in imported.accepted:
        click.echo(f"Accepted: {obstacle.sentence}", err=True)
    if imported.is_repeated:
        click.echo(f"{slug}: was imported from this archive before; nothing was changed.")
        _echo_code(contents)
        return
    _echo_totals(contents.totals, contents.head["currency"])
    if imported.matched_operators:
        click.echo(
            f"{imported.matched_operators} of its operators have an account here, which was not changed."
        )
    if is_dry_run:
        click.echo(f"{slug}: could be imported. Nothing was changed.")
    else:
        click.echo(
            f"{slug}: imported, and every row is as in the archive. It is frozen: `flask tenants resume {slug}` lets "
            "it sell here."
        )
        _echo_code(contents)


def _echo_code(contents: Contents) -> None:
    code = contents.totals["removal_code"]
    click.echo(f"Code for its removal in the first installation: {code}")


def _echo_totals(totals: dict[str, Any], currency: str) -> None:
    rows = sum(int(table["rows"]) for table in totals["tables"].values())
    click.echo(
        f"{rows} rows of {len(totals['tables'])} tables, {totals['files']} files of {totals['bytes']} bytes."
    )
    click.echo(", ".join(_sums(totals["sums"], currency)))


def _sums(sums: dict[str, int], currency: str) -> Iterator[str]:
    for name, value in sums.items():
        shown = format_amount(value, currency) if name in _AMOUNTS else str(value)
        yield f"{name.replace('_', ' ')} {shown}"


@tenants.command("redirects")
@click.argument("slug")
@click.option("--to", "url", required=True, help="PUBLIC_URL of the other installation.")
def redirects(slug: str, url: str) -> None:
    """Print what nginx needs to lead the pages, links and webhooks of the moved tenant SLUG to another installation.

    The lines belong into the `server` block of this installation, before the other locations.

    Example: flask tenants redirects boutique --to https://pay.example.org
    """
    if not _BASE_URL.fullmatch(url):
        raise click.ClickException(f"{url} is no address such as https://pay.example.org, without a path.")
    tenant_id = tenant_id_of(slug)
    pages = "|".join(("checkout", "dashboard", *(path.strip("/") for path in WITHDRAWAL_PATHS.values())))
    webhooks = "stripe/webhook|products/webhook|webhooks/stripe|crm/dolibarr"
    # Their paths grant access, so that they are not logged.
    lead = f"{{ access_log off; return 307 {url}$request_uri; }}"
    click.echo(f"location ~ ^/my/{tokens_of(tenant_id)} {lead}")
    click.echo(f"location ~ ^/(?:{pages})/{slug}(?:/|$) {lead}")
    # Stripe and Dolibarr follow no redirect.
    click.echo(
        f"location ~ ^/api/(?:{webhooks})/{slug}(?:/|$) "
        f"{{ access_log off; proxy_ssl_server_name on; proxy_set_header Host {url.partition('://')[2]}; "
        f"proxy_pass {url}; }}"
    )


@tenants.command("resume")
@click.argument("slug")
@click.option(
    "--discard-export", is_flag=True, help="Resume although it was exported: it must not sell anywhere else."
)
def resume(slug: str, discard_export: bool) -> None:
    """Let the tenant SLUG sell: after its import here, or because it is not moved after all.

    Example: flask tenants resume boutique
    """
    if not resume_tenant(tenant_id_of(slug), actor=_ACTOR, discards_export=discard_export):
        click.echo(f"{slug}: was not frozen; nothing was changed.")
    else:
        click.echo(f"{slug}: can be changed and sells again.")


@tenants.command("remove")
@click.argument("slug")
@click.option("--dry-run", is_flag=True, help="Count what would be removed and what stays; change nothing.")
@click.option("--code", default="", help="What `flask tenants import` printed in the other installation.")
@click.option("--confirm", "confirmed", metavar="SLUG", help="Confirm by its slug instead of typing it.")
def remove(slug: str, dry_run: bool, code: str, confirmed: str | None) -> None:
    """Remove the tenant SLUG here, which was moved: it must sell in the other installation. It cannot be undone.

    Its files, secrets and rows are removed. What the law keeps stays: receipts, exported entries, the audit log, and
    the orders and customers that they name. An interrupted removal is completed by repeating it, without the code.
    Runs as the owner of the tables (DATABASE_OWNER_URL).

    Example: flask tenants remove boutique --code 9f31-c2aa-04be-77d1
    """
    tenant_id = tenant_id_of(slug)
    if not dry_run:
        confirm_name(
            f"{slug} is removed here for good. If it was resumed in the other installation, and that has a storage of "
            "its own, type its slug",
            slug,
            confirmed=confirmed,
        )
    removed = remove_tenant(
        current_app.config["DATABASE_OWNER_URL"],
        tenant_id,
        actor=_ACTOR,
        code=code,
        is_dry_run=dry_run,
        notify=lambda table, rows: click.echo(f"{table}: {rows}"),
    )
    kept = ", ".join(f"{table} {rows}" for table, rows in removed.kept.items())
    would = "would be removed" if dry_run else "removed"
    click.echo(f"{slug}: {sum(removed.rows.values())} rows and {removed.files} files {would}.")
    click.echo(f"Kept: {kept or 'nothing'}.")
    if dry_run:
        click.echo("Nothing was changed.")
