"""`flask orders find` and `flask orders export`: the orders of a tenant by a search."""

from datetime import datetime
from zoneinfo import ZoneInfo

import click

from lumira.cli.common.progress import progress
from lumira.cli.common.scope import chosen_tenants, tenant_option
from lumira.cli.common.tables import echo_table
from lumira.cli.common.times import shown
from lumira.cli.tenants import tenant_id_of
from lumira.database import atomic
from lumira.domain.order_search import OrderSearch
from lumira.models import Language, OrderStatus
from lumira.money import format_amount
from lumira.repositories.orders import orders as order_rows
from lumira.services.orders.export_orders import export_orders
from lumira.services.orders.search_orders import search_orders

#: Of entries of the audit log.
_ACTOR = "operator"
_DAY = click.DateTime(formats=["%Y-%m-%d"])


@click.command("find")
@click.argument("text")
@tenant_option
def find(text: str, slug: str | None) -> None:
    """List the newest orders that TEXT names: a number, an e-mail address, a name or an id of Stripe.

    Example: flask orders find dupont --tenant reboul
    """
    rows = []
    for tenant_id, tenant_slug in chosen_tenants(slug):
        found = search_orders(tenant_id, OrderSearch(text))
        zone = ZoneInfo(found.tenant.time_zone)
        rows += [
            (
                order.order_number,
                tenant_slug,
                str(order.status),
                format_amount(order.amount, order.currency),
                order.customer_email or "",
                shown(order.created_at, zone),
            )
            for order in found.orders
        ]
    echo_table(("ORDER", "TENANT", "STATUS", "AMOUNT", "BUYER", "OPENED"), rows)


@click.command("export")
@click.option("--tenant", "slug", metavar="SLUG", required=True, help="The tenant of the orders.")
@click.option("--search", "text", default="", help="A number, an e-mail address, a name or an id of Stripe.")
@click.option(
    "--status", type=click.Choice([str(status) for status in OrderStatus]), help="Only orders in this state."
)
@click.option("--product", "product_id", metavar="PRODUCT", help="Only orders of this product.")
@click.option("--from", "first", type=_DAY, help="The first day, in the tenant's time zone.")
@click.option("--to", "last", type=_DAY, help="The last day.")
@click.option(
    "--language",
    type=click.Choice([str(language) for language in Language]),
    default="fr",
    show_default=True,
    help="The language of the file.",
)
def export(
    *,
    slug: str,
    text: str,
    status: str | None,
    product_id: str | None,
    first: datetime | None,
    last: datetime | None,
    language: str,
) -> None:
    """Print the orders of a tenant as CSV, newest first.

    Example: flask orders export --tenant reboul --from 2026-11-01 > november.csv
    """
    tenant_id = tenant_id_of(slug)
    search = OrderSearch(
        text, status, product_id, first.date() if first else None, last.date() if last else None
    )
    with progress("Exporting", lambda: _count(tenant_id)) as advance:
        for part, count in export_orders(tenant_id, search, Language(language), actor=_ACTOR):
            # As bytes: the terminal's encoding must not change the file.
            click.echo(part.encode(), nl=False)
            advance(count)


def _count(tenant_id: int) -> int:
    with atomic(tenant_id):
        return order_rows.count_all(tenant_id)
