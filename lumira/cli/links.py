"""`flask links …`: the links by which buyers open their page."""

import click
from flask.cli import AppGroup

from lumira.cli.tables import echo_table
from lumira.cli.tenants import tenant_id_of
from lumira.clock import utc_now
from lumira.models import AccessLink
from lumira.services.manage_links import hand_out_link, list_links, revoke_links

links = AppGroup("links", help="Links to the pages of buyers.")

_tenant = click.option("--tenant", "slug", metavar="SLUG", required=True, help="Whose buyer it is.")


@links.command("show")
@click.argument("email")
@_tenant
def show(email: str, slug: str) -> None:
    """Print the links of the buyer EMAIL and what has become of them; the addresses are kept nowhere."""
    rows = [
        (str(link.number), _day(link.created_at), _day(link.expires_at), _state(link))
        for link in list_links(tenant_id_of(slug), email)
    ]
    echo_table(("LINK", "MADE", "UNTIL", "STATE"), rows)


def _day(at: object) -> str:
    return f"{at:%Y-%m-%d %H:%M}Z"


def _state(link: AccessLink) -> str:
    if link.revoked_at is not None:
        return f"revoked {_day(link.revoked_at)}"
    return "live" if link.is_live(utc_now()) else "over"


@links.command("new")
@click.argument("email")
@_tenant
def new(email: str, slug: str) -> None:
    """Print a link to the page of the buyer EMAIL on the last line; whoever has it can open the page."""
    url, link = hand_out_link(tenant_id_of(slug), email, actor="operator")
    click.echo(f"Valid until {_day(link.expires_at)}.", err=True)
    click.echo(url)


@links.command("revoke")
@click.argument("email")
@_tenant
def revoke(email: str, slug: str) -> None:
    """Let every link of the buyer EMAIL open nothing any more; the next letter carries a new one."""
    revoked = revoke_links(tenant_id_of(slug), email, actor="operator")
    click.echo(f"{revoked} revoked." if revoked else "No link was live.")
