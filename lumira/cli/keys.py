"""`flask keys …`: the keys that callers of the API show."""

import click
from flask.cli import AppGroup

from lumira.cli.common.tables import echo_table
from lumira.cli.common.times import shown, zone_of
from lumira.cli.tenants import tenant_id_of
from lumira.database import atomic
from lumira.errors import NotFound
from lumira.models import KeyKind
from lumira.repositories import api_keys, audit

keys = AppGroup("keys", help="Keys of the API.")

_ACTOR = "operator"


@keys.command("create")
@click.argument("slug")
@click.option("--kind", required=True, type=click.Choice([str(kind) for kind in KeyKind]))
def create(slug: str, kind: str) -> None:
    """Create a key of the tenant SLUG: the last line of the output is the key, and nothing else."""
    tenant_id = tenant_id_of(slug)
    with atomic(tenant_id):
        key = api_keys.create(tenant_id, KeyKind(kind))
        audit.record(
            tenant_id, actor=_ACTOR, action="api_key_created", subject=f"api_key:{_lookup(key)}", kind=kind
        )
    click.echo("Keep it now: only its hash stays here.", err=True)
    click.echo(key)


@keys.command("list")
@click.argument("slug")
def list_keys(slug: str) -> None:
    """Show the keys of the tenant SLUG by the digits that `revoke` takes."""
    tenant_id = tenant_id_of(slug)
    with atomic(tenant_id):
        zone = zone_of(tenant_id)
        known = api_keys.list_keys(tenant_id)
    rows = [
        (
            key.lookup,
            str(key.kind),
            shown(key.created_at, zone),
            f"revoked {shown(key.revoked_at, zone)}" if key.revoked_at else "active",
        )
        for key in known
    ]
    echo_table(("LOOKUP", "KIND", "CREATED", "STATE"), rows)


@keys.command("revoke")
@click.argument("slug")
@click.argument("lookup")
def revoke(slug: str, lookup: str) -> None:
    """Refuse a key of the tenant SLUG from now on. LOOKUP: its digits in `list`, or the key itself."""
    tenant_id = tenant_id_of(slug)
    digits = _lookup(lookup)
    with atomic(tenant_id):
        if not api_keys.revoke(tenant_id, digits):
            raise NotFound(f"{slug} has no such key; `flask keys list {slug}` shows them.")
        audit.record(tenant_id, actor=_ACTOR, action="api_key_revoked", subject=f"api_key:{digits}")
    click.echo(f"{digits}: revoked.")


def _lookup(key: str) -> str:
    """The digits that find a key, of the key or of themselves; never more, which would be its secret part."""
    return key.removeprefix("lum_sk_").removeprefix("lum_pk_")[:16]
