"""`flask access …`: the grants of a customer, and an operator's decisions about them."""

from uuid import UUID

import click
from flask.cli import AppGroup

from lumira.cli.common.customers import checked_email, find_buyer
from lumira.cli.common.scope import owner_option
from lumira.cli.common.times import zone_of
from lumira.cli.customers import grant_line
from lumira.cli.tenants import tenant_id_of
from lumira.database import atomic
from lumira.services.access.change_access import MAX_DAYS, grant_access, restore_access, revoke_access
from lumira.services.customers.view_customers import view_customer

access = AppGroup("access", help="Access of customers to digital products.")

_ACTOR = "operator"


@access.command("show")
@click.argument("email")
@owner_option
def show(email: str, slug: str | None) -> None:
    """Print the live and past grants of the customer EMAIL (or id) with their reasons.

    Example: flask access show ana@example.com
    """
    _echo_grants(*find_buyer(email, slug))


@access.command("give")
@click.argument("email")
@click.argument("product")
@owner_option
@click.option("--days", type=click.IntRange(1, MAX_DAYS), help="[default: the duration of the product]")
@click.option("--note", help="The reason, for other operators.")
def give(email: str, product: str, slug: str | None, days: int | None, note: str | None) -> None:
    """Grant the customer EMAIL access to PRODUCT without an order; an existing grant gets the new expiry.

    With --tenant, the customer is created if necessary. No message is sent: pass on the link of `links new`.

    Example: flask access give ana@example.com integrale --days 30 --note Prize
    """
    address = checked_email(email)
    if slug is None:
        tenant_id, _ = find_buyer(address, None)
    else:
        tenant_id = tenant_id_of(slug)
    grant = grant_access(
        tenant_id, customer_email=address, product_id=product, days=days, note=note, actor=_ACTOR
    )
    _echo_grants(tenant_id, grant.customer_id)


@access.command("revoke")
@click.argument("email")
@click.argument("product")
@owner_option
def revoke(email: str, product: str, slug: str | None) -> None:
    """Revoke the access of the customer EMAIL (or id) to PRODUCT until `restore`; nothing is refunded.

    Example: flask access revoke ana@example.com integrale
    """
    tenant_id, customer_id = find_buyer(email, slug)
    revoke_access(tenant_id, customer_id=customer_id, product_id=product, actor=_ACTOR)
    _echo_grants(tenant_id, customer_id)


@access.command("restore")
@click.argument("email")
@click.argument("product")
@owner_option
def restore(email: str, product: str, slug: str | None) -> None:
    """Undo `revoke`: bought access is live again unless it was refunded or lost to a dispute.

    Example: flask access restore ana@example.com integrale
    """
    tenant_id, customer_id = find_buyer(email, slug)
    restore_access(tenant_id, customer_id=customer_id, product_id=product, actor=_ACTOR)
    _echo_grants(tenant_id, customer_id)


def _echo_grants(tenant_id: int, customer_id: UUID) -> None:
    view = view_customer(tenant_id, str(customer_id))
    with atomic(tenant_id):
        zone = zone_of(tenant_id)
    if not view.grants:
        click.echo(f"{view.customer.email} has no access to any product.")
    for grant in view.grants:
        click.echo(grant_line(grant, view, zone))
