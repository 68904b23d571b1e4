"""`flask customers …`: customers with their figures and grants, and merges of them."""

import json
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup

from lumira.cli.common.customers import find_buyer
from lumira.cli.common.scope import chosen_tenants, owner_option, tenant_option
from lumira.cli.common.tables import echo_table
from lumira.cli.common.times import shown, zone_of
from lumira.database import atomic
from lumira.domain.grant_coverage import Grant
from lumira.errors.customers import CustomerNotFound
from lumira.models import AccessGrant, Tenant
from lumira.money import format_amount
from lumira.repositories.customers.customer_figures import CustomerFigures
from lumira.repositories.tenants import tenants
from lumira.schemas.customers import CustomerResponse
from lumira.services.customers.merge_customers import merge_customers
from lumira.services.customers.view_customers import (
    CustomerSummary,
    CustomerView,
    list_customers,
    view_customer,
)

customers = AppGroup("customers", help="Customers, by e-mail address.")

_ACTOR = "operator"
_HEADINGS = ("TENANT", "EMAIL", "NAME", "LOCALE", "ORDERS", "SPENT", "LAST ORDER", "STATUS")


@customers.command("list")
@tenant_option
@click.option("--limit", type=click.IntRange(1, 1000), default=50, show_default=True, help="Of each tenant.")
def list_(slug: str | None, limit: int) -> None:
    """Print the newest customers with their figures; merged customers are included in the remaining one.

    Example: flask customers list --tenant oracle-lumira
    """
    rows = []
    for tenant_id, tenant_slug in chosen_tenants(slug):
        with atomic(tenant_id):
            zone = zone_of(tenant_id)
        rows += [(tenant_slug, *_row(summary, zone)) for summary in list_customers(tenant_id, limit=limit)]
    echo_table(_HEADINGS, rows)


def _row(summary: CustomerSummary, zone: ZoneInfo) -> tuple[str, ...]:
    customer, figures = summary.customer, summary.figures
    last = shown(figures.last_order_at, zone) if figures.last_order_at else ""
    identity = (customer.email, customer.name or "", customer.locale or "")
    return (*identity, str(figures.total_orders), _spent(figures), last, str(figures.subscription_status))


@customers.command("show")
@click.argument("email")
@owner_option
@click.option("--json", "as_json", is_flag=True, help="As JSON, times in UTC, amounts in minor units.")
def show(email: str, slug: str | None, as_json: bool) -> None:
    """Print the customer EMAIL (or id) with their figures and grants.

    Example: flask customers show ana@example.com
    """
    tenant_id, customer_id = find_buyer(email, slug)
    view = view_customer(tenant_id, str(customer_id))
    with atomic(tenant_id):
        tenant = tenants.get(tenant_id)
    if as_json:
        click.echo(json.dumps(CustomerResponse().dump(view), ensure_ascii=False, indent=2))
        return
    for line in _account(view, tenant):
        click.echo(line)


def _account(view: CustomerView, tenant: Tenant) -> Iterator[str]:
    customer, figures, zone = view.customer, view.figures, ZoneInfo(tenant.time_zone)
    yield f"{customer.email}  {figures.subscription_status}"
    yield f"  tenant      {tenant.slug}"
    yield f"  id          {customer.id}"
    yield f"  name        {customer.name or 'unknown'}"
    yield f"  language    {customer.locale or 'unknown'}"
    yield f"  at Stripe   {customer.stripe_customer_id or 'none'}"
    yield f"  since       {shown(customer.created_at, zone)}"
    yield f"  orders      {figures.total_orders}"
    yield f"  spent       {_spent(figures) or 'nothing'}"
    if figures.last_order_at is not None:
        yield f"  last order  {shown(figures.last_order_at, zone)}"
    for merged in view.merged:
        yield f"  also        {merged.email}, merged {shown(merged.merged_at or merged.updated_at, zone)}"
    if view.grants:
        yield "access"
    for grant in view.grants:
        yield f"  {grant_line(grant, view, zone)}"


def grant_line(grant: Grant, view: CustomerView, zone: ZoneInfo) -> str:
    """Return one grant as a line: product, state, reason, origin and expiry."""
    state = "active" if grant.is_live else "expired" if grant.is_expired else "revoked"
    until = f"  until {shown(grant.expires_at, zone)}" if grant.expires_at else ""
    return f"{grant.product_id}  {state}  {grant.shown_reason}  {_origin(grant, view, zone)}{until}"


def _origin(grant: Grant, view: CustomerView, zone: ZoneInfo) -> str:
    if isinstance(grant, AccessGrant):
        return f"order {view.order_numbers[grant.order_id]}"
    note = f" ({grant.note})" if grant.note else ""
    return f"granted {shown(grant.granted_at, zone)}{note}"


@customers.command("merge")
@click.argument("source", metavar="FROM")
@click.argument("target", metavar="INTO")
@owner_option
def merge(source: str, target: str, slug: str | None) -> None:
    """Merge the customer FROM into the customer INTO (addresses or ids), who gets all orders and all access.

    Later orders with the address of FROM belong to INTO, and nothing is sent to that address any more. A merge
    cannot be undone.

    Example: flask customers merge ana@exmaple.com ana@example.com
    """
    tenant_id, source_id = find_buyer(source, slug)
    with atomic(tenant_id):
        tenant_slug = tenants.get(tenant_id).slug
    try:
        _, target_id = find_buyer(target, tenant_slug)
    except CustomerNotFound as error:
        raise CustomerNotFound(
            f"{source} is a customer of {tenant_slug}, which has no customer {target}: tenants share no customers."
        ) from error
    merged = merge_customers(tenant_id, source_id, target_id, actor=_ACTOR)
    orders = f"{merged.orders} order{'' if merged.orders == 1 else 's'}"
    click.echo(f"{source} is merged into {merged.customer.email}: {orders} moved.")


def _spent(figures: CustomerFigures) -> str:
    return ", ".join(
        format_amount(amount, currency) for currency, amount in sorted(figures.total_spent.items())
    )
