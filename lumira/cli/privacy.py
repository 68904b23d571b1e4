"""`flask customers export` and `flask customers erase`: what the law gives a buyer a right to."""

from pathlib import Path

import click

from lumira.cli.customers import customers
from lumira.cli.tenants import tenant_id_of
from lumira.notifications.customer_archive import remove_letters, write_archive
from lumira.services.files.remove_files import remove_files
from lumira.services.privacy.erase_customer import erase_customer
from lumira.services.privacy.export_customer import collect_holdings

_ACTOR = "operator"


@customers.command("export")
@click.argument("email")
@click.option("--tenant", "slug", metavar="SLUG", required=True, help="Whose customer it is.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    default=Path("customer.zip"),
    show_default=True,
    help="Where to write it; nothing is written over.",
)
def export(email: str, slug: str, output: Path) -> None:
    """Write everything that the tenant holds of EMAIL into one ZIP file, readable by you alone."""
    holdings = collect_holdings(tenant_id_of(slug), email)
    try:
        gaps = write_archive(output, holdings)
    except OSError as error:
        raise click.ClickException(f"{output}: {error.strerror or error}.") from error
    rows = sum(len(rows) for rows in holdings.rows.values())
    click.echo(f"{rows} rows, {len(holdings.receipts)} receipts, {len(holdings.files)} files: {output}")
    for gap in gaps:
        click.echo(f"Missing: {gap.piece} ({gap.reason}).", err=True)


@customers.command("erase")
@click.argument("email")
@click.option("--tenant", "slug", metavar="SLUG", required=True, help="Whose customer it is.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def erase(email: str, slug: str, yes: bool) -> None:
    """Erase the personal data of EMAIL from the tenant's rows and files; amounts, numbers and states stay.

    It cannot be undone, and may be repeated. Refused while anything is still open, which is then named.
    """
    tenant_id = tenant_id_of(slug)
    if not yes:
        click.confirm(f"Erase {email} from {slug} for good?", abort=True)
    erased = erase_customer(tenant_id, email, actor=_ACTOR)
    letters = remove_letters(erased.message_ids)
    # Last: where storage is away this fails, the rest is done, and a sweep or the next time does it.
    remove_files(tenant_id)
    click.echo(
        f"Erased: {erased.orders} orders emptied, {erased.events} events, {erased.receipts} receipts, "
        f"{erased.files} files and {letters} letters."
    )
    click.echo("At Stripe the customer is to be deleted in its dashboard: what it keeps is its own.")
