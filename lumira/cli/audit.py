"""`flask audit …`: who did what, and the proof that the log is unchanged."""

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup

from lumira.cli.common.progress import progress
from lumira.cli.common.scope import chosen_tenants, tenant_option
from lumira.cli.common.tables import echo_long_table, limit_option
from lumira.cli.common.times import shown, zone_of
from lumira.cli.tenants import tenant_id_of
from lumira.database import atomic
from lumira.models import AuditEntry
from lumira.repositories.audit import audit as audit_rows
from lumira.repositories.audit.audit import AuditFilter
from lumira.services.audit.verify_chain import Verification, count_links, verify_chain

audit = AppGroup("audit", help="The audit log: who did what, and the proof that it is unchanged.")

#: Entries that `show` reads at a time.
_PAGE = 500
_ENTRIES = ("entry", "entries")


@audit.command("show")
@click.argument("slug")
@click.option("--subject", metavar="KIND:ID", help="Only entries about this, such as order:0190….")
@click.option("--actor", help="Only what this actor did, such as operator, stripe or key:0190….")
@click.option("--action", help="Only this action, such as order_completed.")
@click.option("--since", type=click.DateTime(), help="Only entries from then on, in the tenant's time zone.")
@limit_option
def show(slug: str, since: datetime | None, limit: int, **wanted: str | None) -> None:
    """Print the audit log of the tenant SLUG, newest entry first.

    Example: flask audit show boutique --action order_completed --since 2026-11-01
    """
    tenant_id = tenant_id_of(slug)
    with atomic(tenant_id):
        zone = zone_of(tenant_id)
    begin = since.replace(tzinfo=zone) if since else None
    entries = _newest(
        tenant_id, AuditFilter(wanted["subject"], wanted["actor"], wanted["action"], since=begin), limit
    )
    echo_long_table(("AT", "ACTOR", "ACTION", "SUBJECT", "DETAILS"), (_row(entry, zone) for entry in entries))


def _newest(tenant_id: int, wanted: AuditFilter, limit: int) -> Iterator[AuditEntry]:
    before = None
    while limit > 0:
        with atomic(tenant_id):
            page = audit_rows.list_entries(tenant_id, wanted, before=before, limit=min(limit, _PAGE))
        yield from page
        if len(page) < min(limit, _PAGE):
            return
        limit -= len(page)
        before = page[-1].id


def _row(entry: AuditEntry, zone: ZoneInfo) -> tuple[str, ...]:
    details = ", ".join(f"{name} {value}" for name, value in entry.details.items() if value is not None)
    return (shown(entry.at, zone), entry.actor, entry.action, entry.subject, details)


@audit.command("verify")
@tenant_option
def verify(slug: str | None) -> None:
    """Recompute the hash chain over the audit log: exit code 0 only if no entry was changed or removed.

    The chain is also compared with the heads that a worker stores outside the database every night.

    Example: flask audit verify --tenant oracle-lumira
    """
    links = errors = 0
    for tenant_id, tenant_slug in chosen_tenants(slug):
        result = _verify(tenant_id, tenant_slug)
        for sentence in [*result.errors, *result.remarks]:
            click.echo(f"{tenant_slug} {sentence}")
        links += result.links
        errors += len(result.errors)
    if errors:
        raise click.ClickException(f"{errors} error{'' if errors == 1 else 's'} in the audit log.")
    click.echo(f"The audit log is unchanged: {links} sealed {_ENTRIES[links != 1]}.")


def _verify(tenant_id: int, slug: str) -> Verification:
    with progress(f"Verifying the audit log of {slug}", lambda: count_links(tenant_id)) as on_progress:
        return verify_chain(tenant_id, on_progress)
