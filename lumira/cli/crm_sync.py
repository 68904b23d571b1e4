"""`flask crm drift` and `flask crm sync`: compare the sales of a tenant with Dolibarr, and write what is missing."""

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import click

from lumira.cli.common.progress import progress
from lumira.cli.common.tables import echo_table
from lumira.cli.common.times import zone_of
from lumira.cli.crm import crm, refused
from lumira.cli.tenants import tenant_id_of
from lumira.clients.dolibarr import DolibarrError
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.crm.drift import Drift
from lumira.money import format_amount
from lumira.repositories.tenants import tenants
from lumira.services.crm.find_drift import DriftPage, find_drift
from lumira.services.crm.sync_since import count_orders, sync_since

#: The group, which this module adds its commands to.
__all__ = ["crm"]

_ACTOR = "operator"
_WEEK = timedelta(days=7)
_SINCE = click.DateTime(formats=["%Y-%m-%d"])


def _begin(tenant_id: int, since: datetime | None) -> datetime:
    """Return midnight of the day in the tenant's time zone; without a day, a week ago."""
    if since is None:
        return utc_now() - _WEEK
    with atomic(tenant_id):
        zone: ZoneInfo = zone_of(tenant_id)
    day: date = since.date()
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


@crm.command("drift")
@click.argument("slug")
@click.option("--since", type=_SINCE, help="Orders opened since this day, YYYY-MM-DD. [default: 7 days ago]")
@click.option("--continue", "position", metavar="POSITION", help="Where an interrupted comparison stopped.")
@click.option("--json", "is_json", is_flag=True, help="Print one JSON object for each difference.")
def drift(slug: str, since: datetime | None, position: str | None, is_json: bool) -> None:
    """Compare orders, refunds and customers of the tenant SLUG with Dolibarr, and list every difference with amounts.

    Changes nothing. Ends with code 1 if there is a difference.

    Example: flask crm drift oracle-lumira --since 2026-11-01 --json
    """
    tenant_id = tenant_id_of(slug)
    begin = _begin(tenant_id, since)
    with atomic(tenant_id):
        currency = tenants.get(tenant_id).currency
    found: list[Drift] = []
    reached = position
    try:
        with progress("Comparing", lambda: count_orders(tenant_id, begin)) as done:
            for page in _pages(tenant_id, begin, position):
                reached = page.position
                done(page.compared)
                for each in page.found:
                    found.append(each)
                    if is_json:
                        click.echo(json.dumps(_as_json(each, currency)))
    except (DolibarrError, KeyboardInterrupt) as error:
        if reached is not None:
            day = "" if since is None else f" --since {since.date()}"
            click.echo(f"Stopped; continue with: flask crm drift {slug}{day} --continue {reached}", err=True)
        if isinstance(error, DolibarrError):
            raise refused(error, slug) from None
        raise
    if found and not is_json:
        _echo(found, currency)
    if found:
        raise click.ClickException(
            f"{len(found)} differences; `flask crm sync` repairs those that are marked."
        )
    if not is_json:
        click.echo(f"{slug}: nothing differs.")


def _pages(tenant_id: int, begin: datetime, position: str | None) -> Iterator[DriftPage]:
    try:
        yield from find_drift(tenant_id, since=begin, position=position)
    except ValueError:
        raise click.UsageError(f"{position!r} is no position that a comparison printed.") from None


def _as_json(each: Drift, currency: str) -> dict[str, object]:
    return {
        "kind": str(each.kind),
        "record": each.record,
        "id": each.subject,
        "order": each.order_number,
        "ref": each.ref,
        "ours": each.ours,
        "theirs": each.theirs,
        "currency": currency,
        "detail": each.detail or None,
        "repaired_by_sync": each.is_repairable,
    }


def _echo(found: list[Drift], currency: str) -> None:
    def amount(value: int | None) -> str:
        return "" if value is None else format_amount(value, currency)

    rows = [
        (
            str(each.kind),
            each.record.replace("_", " "),
            each.order_number or each.subject,
            each.ref or "",
            amount(each.ours),
            amount(each.theirs),
            each.detail,
            "sync" if each.is_repairable else "",
        )
        for each in found
    ]
    echo_table(("DIFFERENCE", "RECORD", "ORDER", "DOLIBARR", "OURS", "THEIRS", "DETAIL", "REPAIRED BY"), rows)


@crm.command("sync")
@click.argument("slug")
@click.option("--since", type=_SINCE, required=True, help="Orders opened since this day, YYYY-MM-DD.")
@click.option("--dry-run", is_flag=True, help="Count what would be written, and enqueue nothing.")
def sync(slug: str, since: datetime, dry_run: bool) -> None:
    """Enqueue what is missing in the Dolibarr of the tenant SLUG, also of sales from before it was switched on.

    Workers write it. Records that were edited manually are listed and stay as they are. An interrupted run is repeated:
    nothing is written twice.

    Example: flask crm sync oracle-lumira --since 2026-11-01 --dry-run
    """
    tenant_id = tenant_id_of(slug)
    begin = _begin(tenant_id, since)
    with atomic(tenant_id):
        currency = tenants.get(tenant_id).currency
    enqueued, left = 0, []
    try:
        with progress("Orders", lambda: count_orders(tenant_id, begin)) as done:
            for step in sync_since(tenant_id, since=begin, actor=_ACTOR, is_dry_run=dry_run):
                done(step.orders)
                enqueued += step.enqueued
                left += step.left
    except DolibarrError as error:
        click.echo(f"{slug}: {enqueued} records are enqueued so far; run it again.", err=True)
        raise refused(error, slug) from None
    click.echo(f"{slug}: {enqueued} records {'would be written' if dry_run else 'are enqueued'}.")
    if left:
        click.echo("A person decides about these, in Dolibarr:")
        _echo(left, currency)
