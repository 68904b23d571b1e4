"""`flask access …`: who may open what, and a person's decision about it."""

from uuid import UUID

import click
from flask.cli import AppGroup

from lumira.cli.common.customers import checked_email, find_buyer
from lumira.cli.common.scope import owner_option
from lumira.cli.common.times import zone_of
from lumira.cli.customers import in_words
from lumira.cli.tenants import tenant_id_of
from lumira.database import atomic
from lumira.services.access.change_access import grant_access, restore_access, revoke_access
from lumira.services.customers.view_customers import view_customer

access = AppGroup("access", help="Who may open what.")

_ACTOR = "operator"
#: A hundred years: more is access without an end.
_LONGEST = 36_500


@access.command("show")
@click.argument("email")
@owner_option
def show(email: str, slug: str | None) -> None:
    """Print what the customer EMAIL (or id) may open, or could once, and why."""
    _tell(*find_buyer(email, slug))


@access.command("give")
@click.argument("email")
@click.argument("product")
@owner_option
@click.option("--days", type=click.IntRange(1, _LONGEST), help="[default: as long as it is sold for]")
@click.option("--note", help="Why, for whoever reads it later.")
def give(email: str, product: str, slug: str | None, days: int | None, note: str | None) -> None:
    """Let the customer EMAIL open PRODUCT without an order; given already, it ends when this says.

    With --tenant, also somebody who never bought anything. No message is sent: hand on what `links new` prints.
    """
    address = checked_email(email)
    if slug is None:
        tenant_id, _ = find_buyer(address, None)
    else:
        tenant_id = tenant_id_of(slug)
    grant = grant_access(
        tenant_id, customer_email=address, product_id=product, days=days, note=note, actor=_ACTOR
    )
    _tell(tenant_id, grant.customer_id)


@access.command("revoke")
@click.argument("email")
@click.argument("product")
@owner_option
def revoke(email: str, product: str, slug: str | None) -> None:
    """Close PRODUCT to the customer EMAIL (or id), bought or given, until `restore`; no money goes back."""
    tenant_id, customer_id = find_buyer(email, slug)
    revoke_access(tenant_id, customer_id=customer_id, product_id=product, actor=_ACTOR)
    _tell(tenant_id, customer_id)


@access.command("restore")
@click.argument("email")
@click.argument("product")
@owner_option
def restore(email: str, product: str, slug: str | None) -> None:
    """Undo `revoke`: what was bought is open again unless its money went back."""
    tenant_id, customer_id = find_buyer(email, slug)
    restore_access(tenant_id, customer_id=customer_id, product_id=product, actor=_ACTOR)
    _tell(tenant_id, customer_id)


def _tell(tenant_id: int, customer_id: UUID) -> None:
    view = view_customer(tenant_id, str(customer_id))
    with atomic(tenant_id):
        zone = zone_of(tenant_id)
    if not view.grants:
        click.echo(f"{view.customer.email} has no access to anything.")
    for grant in view.grants:
        click.echo(in_words(grant, view, zone))
