"""`flask keys …`: API keys."""

import click
from flask.cli import AppGroup

from lumira.cli.common.tables import echo_table
from lumira.cli.common.times import shown, zone_of
from lumira.cli.tenants import tenant_id_of
from lumira.database import atomic
from lumira.errors import NotFound
from lumira.models import KeyKind
from lumira.services.tenants import manage_keys
from lumira.services.tenants.manage_keys import create_key, lookup_of, revoke_key

keys = AppGroup("keys", help="API keys of tenants.")

_ACTOR = "operator"


@keys.command("create")
@click.argument("slug")
@click.option("--kind", required=True, type=click.Choice([str(kind) for kind in KeyKind]))
def create(slug: str, kind: str) -> None:
    """Create an API key of the tenant SLUG; only the key is printed to stdout."""
    tenant_id = tenant_id_of(slug)

    def show(key: str) -> None:
        click.echo("Copy the key now: only its hash is stored.", err=True)
        click.echo(key)

    create_key(tenant_id, KeyKind(kind), actor=_ACTOR, on_created=show)


@keys.command("list")
@click.argument("slug")
def list_keys(slug: str) -> None:
    """Show the API keys of the tenant SLUG with the digits that `revoke` accepts."""
    tenant_id = tenant_id_of(slug)
    with atomic(tenant_id):
        zone = zone_of(tenant_id)
    rows = [
        (
            key.lookup,
            str(key.kind),
            shown(key.created_at, zone),
            f"revoked {shown(key.revoked_at, zone)}" if key.revoked_at else "active",
        )
        for key in manage_keys.list_keys(tenant_id)
    ]
    echo_table(("LOOKUP", "KIND", "CREATED", "STATE"), rows)


@keys.command("revoke")
@click.argument("slug")
@click.argument("lookup")
def revoke(slug: str, lookup: str) -> None:
    """Revoke an API key of the tenant SLUG. LOOKUP: its digits in `list`, or the key itself."""
    tenant_id = tenant_id_of(slug)
    try:
        revoke_key(tenant_id, lookup, actor=_ACTOR)
    except NotFound as error:
        raise NotFound(f"{slug} has no such active key: see `flask keys list {slug}`.") from error
    click.echo(f"{lookup_of(lookup)}: revoked.")
