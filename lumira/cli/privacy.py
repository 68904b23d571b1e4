"""`flask customers export` and `flask customers erase`: a data subject's rights of access and erasure."""

from pathlib import Path

import click

from lumira.cli.common.confirmation import confirm
from lumira.cli.common.files import not_written
from lumira.cli.customers import customers
from lumira.cli.tenants import tenant_id_of
from lumira.data_subjects.archive import write_archive
from lumira.data_subjects.erase import erase_data_subject
from lumira.services.privacy.export_customer import export_customer

_ACTOR = "operator"


@customers.command("export")
@click.argument("email")
@click.option("--tenant", "slug", metavar="SLUG", required=True, help="The tenant of the customer.")
@click.option(
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    default=Path("customer.zip"),
    show_default=True,
    help="Where to write the file; an existing file is not overwritten.",
)
def export(email: str, slug: str, output: Path) -> None:
    """Write all personal data of the customer EMAIL into one ZIP file that only you can read.

    Example: flask customers export ana@example.com --tenant oracle-lumira
    """
    exported = export_customer(tenant_id_of(slug), email, actor=_ACTOR)
    try:
        missing = write_archive(output, exported)
    except OSError as error:
        raise not_written(output, error) from error
    rows = sum(len(rows) for rows in exported.rows.values())
    click.echo(f"{rows} rows, {len(exported.receipts)} receipts, {len(exported.files)} files: {output}")
    for item in missing:
        click.echo(f"Missing: {item.item} ({item.reason}).", err=True)


@customers.command("erase")
@click.argument("email")
@click.option("--tenant", "slug", metavar="SLUG", required=True, help="The tenant of the customer.")
@click.option("--yes", is_flag=True, help="Do not ask for confirmation.")
def erase(email: str, slug: str, yes: bool) -> None:
    """Erase the personal data of the customer EMAIL; amounts, numbers and states stay.

    Unpaid orders in the customer's name are closed first, at Stripe too. This cannot be undone; it can be repeated.
    A payment or refund in progress, an outstanding deliverable or a message being sent prevents it and is named.

    Example: flask customers erase ana@example.com --tenant oracle-lumira
    """
    tenant_id = tenant_id_of(slug)
    confirm(f"Erase the personal data of {email} from {slug} permanently?", is_confirmed=yes)
    erased = erase_data_subject(tenant_id, email, actor=_ACTOR)
    if erased.closed_orders:
        orders = "order" if erased.closed_orders == 1 else "orders"
        click.echo(f"Closed: {erased.closed_orders} unpaid {orders}.")
    erasure = erased.erasure
    click.echo(
        f"Erased: {erasure.orders} orders, {erasure.events} events, {erasure.receipts} receipts, "
        f"{erasure.files} files and {erased.messages} messages."
    )
    for number, until in erasure.kept:
        click.echo(
            f"{number}: a contract of 120 EUR or more, kept until {until} by law (code de la consommation, L213-1): "
            "its lines, amounts, consents and withdrawals, without the buyer's name."
        )
    click.echo("Delete the customer in Stripe's dashboard too: Stripe keeps its own records.")
    if erased.storage_error is not None:
        raise erased.storage_error
