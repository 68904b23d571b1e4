"""`flask keys …`: API keys."""

import click
from flask.cli import AppGroup

from lumira.cli.common.tables import echo_table
from lumira.cli.common.times import shown, zone_of
from lumira.cli.tenants import tenant_id_of
from lumira.database import atomic
from lumira.errors import NotFound
from lumira.models import KeyKind
from lumira.repositories import api_keys, audit

keys = AppGroup("keys", help="API keys of tenants.")

_ACTOR = "operator"


@keys.command("create")
@click.argument("slug")
@click.option("--kind", required=True, type=click.Choice([str(kind) for kind in KeyKind]))
def create(slug: str, kind: str) -> None:
    """Create an API key of the tenant SLUG; only the key is printed to stdout."""
    tenant_id = tenant_id_of(slug)
    with atomic(tenant_id):
        key = api_keys.create(tenant_id, KeyKind(kind))
        audit.record(
            tenant_id, actor=_ACTOR, action="api_key_created", subject=f"api_key:{_lookup(key)}", kind=kind
        )
        # Inside the transaction: a key that could not be printed, as on a full disk, is not created.
        click.echo("Copy the key now: only its hash is stored.", err=True)
        click.echo(key)


@keys.command("list")
@click.argument("slug")
def list_keys(slug: str) -> None:
    """Show the API keys of the tenant SLUG with the digits that `revoke` accepts."""
    tenant_id = tenant_id_of(slug)
    with atomic(tenant_id):
        zone = zone_of(tenant_id)
        api_key_rows = api_keys.list_keys(tenant_id)
    rows = [
        (
            key.lookup,
            str(key.kind),
            shown(key.created_at, zone),
            f"revoked {shown(key.revoked_at, zone)}" if key.revoked_at else "active",
        )
        for key in api_key_rows
    ]
    echo_table(("LOOKUP", "KIND", "CREATED", "STATE"), rows)


@keys.command("revoke")
@click.argument("slug")
@click.argument("lookup")
def revoke(slug: str, lookup: str) -> None:
    """Revoke an API key of the tenant SLUG. LOOKUP: its digits in `list`, or the key itself."""
    tenant_id = tenant_id_of(slug)
    digits = _lookup(lookup)
    with atomic(tenant_id):
        if not api_keys.revoke(tenant_id, digits):
            raise NotFound(f"{slug} has no such active key: see `flask keys list {slug}`.")
        audit.record(tenant_id, actor=_ACTOR, action="api_key_revoked", subject=f"api_key:{digits}")
    click.echo(f"{digits}: revoked.")


def _lookup(key: str) -> str:
    """Return the digits that identify a key, from the key or from the digits; never its secret part."""
    return key.removeprefix("lum_sk_").removeprefix("lum_pk_")[:16]
