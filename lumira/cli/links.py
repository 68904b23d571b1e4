"""`flask links …`: the links by which buyers open their portal."""

from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup

from lumira.cli.common.tables import echo_table
from lumira.cli.common.times import shown, zone_of
from lumira.cli.tenants import tenant_id_of
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.models import AccessLink, email_key
from lumira.services.access.manage_links import create_link, list_links, revoke_links

links = AppGroup("links", help="Links to the portal of a buyer.")

_tenant = click.option("--tenant", "slug", metavar="SLUG", required=True, help="The tenant of the buyer.")


@links.command("show")
@click.argument("email")
@_tenant
def show(email: str, slug: str) -> None:
    """Print the links of the buyer EMAIL with their state; their URLs are not stored.

    Example: flask links show ana@example.com --tenant oracle-lumira
    """
    tenant_id = tenant_id_of(slug)
    with atomic(tenant_id):
        zone = zone_of(tenant_id)
    rows = [
        (str(link.number), shown(link.created_at, zone), shown(link.expires_at, zone), _state(link, zone))
        for link in list_links(tenant_id, email)
    ]
    echo_table(("LINK", "CREATED", "UNTIL", "STATE"), rows)


def _state(link: AccessLink, zone: ZoneInfo) -> str:
    if link.revoked_at is not None:
        return f"revoked {shown(link.revoked_at, zone)}"
    return "live" if link.is_live(utc_now()) else "expired"


@links.command("new")
@click.argument("email")
@_tenant
def new(email: str, slug: str) -> None:
    """Print a link to the portal of the buyer EMAIL; it gives access without a password.

    Example: flask links new ana@example.com --tenant oracle-lumira
    """
    tenant_id = tenant_id_of(slug)
    created = create_link(tenant_id, email, actor="operator")
    with atomic(tenant_id):
        zone = zone_of(tenant_id)
    click.echo(f"Valid until {shown(created.link.expires_at, zone)}.", err=True)
    if email_key(email) != email_key(created.email):
        click.echo(
            f"Send it to {created.email} only: {email} was merged into it and may be a stranger's mailbox.",
            err=True,
        )
    click.echo(created.url)


@links.command("revoke")
@click.argument("email")
@_tenant
def revoke(email: str, slug: str) -> None:
    """Revoke all links of the buyer EMAIL; the next e-mail contains a new one.

    Example: flask links revoke ana@example.com --tenant oracle-lumira
    """
    revoked = revoke_links(tenant_id_of(slug), email, actor="operator")
    click.echo(f"{revoked} revoked." if revoked else "There is no live link.")
