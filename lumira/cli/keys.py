"""`flask keys …`: API keys."""

from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup

from lumira.cli.common.durations import Duration
from lumira.cli.common.tables import echo_table
from lumira.cli.common.times import shown, zone_of
from lumira.cli.tenants import tenant_id_of
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.errors import NotFound
from lumira.models import ApiKey, KeyKind
from lumira.services.tenants import manage_keys
from lumira.services.tenants.manage_keys import (
    LONGEST_OVERLAP,
    create_key,
    lookup_of,
    revoke_key,
    rotate_key,
)

keys = AppGroup("keys", help="API keys of tenants.")

_ACTOR = "operator"


@keys.command("create")
@click.argument("slug")
@click.option(
    "--kind",
    required=True,
    type=click.Choice([str(kind) for kind in KeyKind]),
    help="publishable: for web pages, opens payments; secret: for servers, everything of the tenant.",
)
def create(slug: str, kind: str) -> None:
    """Create an API key of the tenant SLUG; only the key is printed to stdout.

    Example: flask keys create oracle-lumira --kind secret
    """
    tenant_id = tenant_id_of(slug)

    def show(key: str) -> None:
        click.echo("Copy the key now: only its hash is stored.", err=True)
        click.echo(key)

    create_key(tenant_id, KeyKind(kind), actor=_ACTOR, on_created=show)


@keys.command("rotate")
@click.argument("slug")
@click.argument("lookup")
@click.option(
    "--overlap",
    type=Duration(LONGEST_OVERLAP, "a replaced key works for 30 days at most", may_be_none=True),
    default="24h",
    show_default=True,
    help="How long the old key still works: 30m, 12h, 7d; 0m ends it at once.",
)
def rotate(slug: str, lookup: str, overlap: timedelta) -> None:
    """Replace an API key of the tenant SLUG; only the new key is printed to stdout.

    LOOKUP: the old key's in `list`, or the key itself. It keeps working until the overlap is over.

    Example: flask keys rotate oracle-lumira 0f1e2d3c4b5a6978 --overlap 12h
    """
    tenant_id = tenant_id_of(slug)
    with atomic(tenant_id):
        zone = zone_of(tenant_id)

    def show(key: str) -> None:
        until = shown(utc_now() + overlap, zone)
        click.echo(
            f"Copy the key now: only its hash is stored. {lookup_of(lookup)} works until {until}.", err=True
        )
        click.echo(key)

    try:
        rotate_key(tenant_id, lookup, overlap=overlap, actor=_ACTOR, on_created=show)
    except NotFound as error:
        raise _unknown(slug) from error


@keys.command("list")
@click.argument("slug")
def list_keys(slug: str) -> None:
    """Show the API keys of the tenant SLUG with the LOOKUP that `rotate` and `revoke` accept.

    Example: flask keys list oracle-lumira
    """
    tenant_id = tenant_id_of(slug)
    with atomic(tenant_id):
        zone = zone_of(tenant_id)
    listed = manage_keys.list_keys(tenant_id)
    lookups = {key.id: key.lookup for key in listed}
    rows = [
        (key.lookup, str(key.kind), shown(key.created_at, zone), _state(key, zone, lookups)) for key in listed
    ]
    echo_table(("LOOKUP", "KIND", "CREATED", "STATE"), rows)


@keys.command("revoke")
@click.argument("slug")
@click.argument("lookup")
def revoke(slug: str, lookup: str) -> None:
    """Revoke an API key of the tenant SLUG. LOOKUP: its own in `list`, or the key itself.

    Example: flask keys revoke oracle-lumira 0f1e2d3c4b5a6978
    """
    tenant_id = tenant_id_of(slug)
    try:
        revoke_key(tenant_id, lookup, actor=_ACTOR)
    except NotFound as error:
        raise _unknown(slug) from error
    click.echo(f"{lookup_of(lookup)}: revoked.")


def _unknown(slug: str) -> NotFound:
    return NotFound(f"{slug} has no such active key: see `flask keys list {slug}`.")


def _state(key: ApiKey, zone: ZoneInfo, lookups: Mapping[UUID, str]) -> str:
    if key.revoked_at is not None:
        return f"revoked {shown(key.revoked_at, zone)}"
    if key.expires_at is None or key.replaced_by_id is None:
        return "active"
    state = "expired" if key.has_expired(utc_now()) else "expires"
    return f"{state} {shown(key.expires_at, zone)}, replaced by {lookups[key.replaced_by_id]}"
