"""`flask events …`: Stripe's events, their processing, and replays."""

import json
import sys
from collections.abc import Iterator
from uuid import UUID
from zoneinfo import ZoneInfo

import click
from flask.cli import AppGroup

from lumira.cli.common.scope import AMBIGUOUS, chosen_tenants, owner_option, tenant_option
from lumira.cli.common.tables import echo_table, limit_option
from lumira.cli.common.times import shown, zone_of
from lumira.database import atomic
from lumira.errors import Conflict, NotFound
from lumira.models import EventStatus, WebhookEvent
from lumira.repositories.events import webhook_events
from lumira.repositories.events.webhook_events import EventFilter
from lumira.repositories.orders import orders
from lumira.webhooks.replay_events import replay_events

events = AppGroup("events", help="Stripe's events and their processing.")

_ACTOR = "operator"
#: Events that one transaction makes due: workers must not wait long for the rows.
_BATCH = 100


@events.command("list")
@click.option(
    "--status", type=click.Choice([str(status) for status in EventStatus]), help="Only events in this state."
)
@tenant_option
@click.option("--type", "event_type", help="Only events of this type, such as payment_intent.succeeded.")
@limit_option
def list_events(status: str | None, slug: str | None, event_type: str | None, limit: int) -> None:
    """Show the newest events.

    Example: flask events list --status failed
    """
    event_filter = EventFilter(EventStatus(status) if status else None, event_type, limit)
    listed: list[tuple[WebhookEvent, str, ZoneInfo]] = []
    for tenant_id, tenant_slug in chosen_tenants(slug):
        with atomic(tenant_id):
            zone = zone_of(tenant_id)
            listed += [
                (event, tenant_slug, zone) for event in webhook_events.list_events(tenant_id, event_filter)
            ]
    # Ids are UUIDv7 and sort by arrival across tenants.
    listed.sort(key=lambda row: row[0].id, reverse=True)
    rows = [
        (
            event.stripe_event_id,
            tenant_slug,
            event.type,
            str(event.status),
            event.reason or "",
            str(event.attempts),
            shown(event.received_at, zone),
        )
        for event, tenant_slug, zone in listed[:limit]
    ]
    echo_table(("EVENT", "TENANT", "TYPE", "STATUS", "REASON", "ATTEMPTS", "RECEIVED"), rows)


@events.command("show")
@click.argument("event_id", metavar="ID")
@owner_option
def show(event_id: str, slug: str | None) -> None:
    """Print the stored event ID (Stripe's or Lumira's) and its processing.

    Example: flask events show evt_3abc
    """
    tenant_id, tenant_slug, event = _find(event_id, slug)
    with atomic(tenant_id):
        zone = zone_of(tenant_id)
        order = orders.get_order(tenant_id, str(event.order_id)) if event.order_id else None
    for line in _account(event, tenant_slug, zone, order.order_number if order else None):
        click.echo(line)


@events.command("replay")
@click.argument("event_id", metavar="[ID]", required=False)
@click.option("--failed", is_flag=True, help="All failed events.")
@click.option("--parked", is_flag=True, help="All events that are parked until their order is known.")
@tenant_option
def replay(event_id: str | None, failed: bool, parked: bool, slug: str | None) -> None:
    """Process the event ID (Stripe's or Lumira's) again, or many events; safe to repeat.

    Example: flask events replay --failed --tenant oracle-lumira
    """
    if (event_id is not None) + failed + parked != 1:
        raise click.UsageError("Name one event, or --failed, or --parked.")
    if event_id is not None:
        tenant_id, _, event = _find(event_id, slug)
        if event.payload_removed_at is not None:
            raise Conflict(
                f"The payload of {event.stripe_event_id} was removed: it cannot be processed again."
            )
        ids_by_tenant = [(tenant_id, [event.id])]
    else:
        ids_by_tenant = _with_status(EventStatus.FAILED if failed else EventStatus.PARKED, slug)
    batches = list(_batches(ids_by_tenant))
    replayed = 0
    # The progress bar goes to stderr, so that stdout holds only the result.
    with click.progressbar(batches, label="Replaying", file=sys.stderr) as bar:
        for tenant_id, batch in bar:
            replayed += replay_events(tenant_id, batch, actor=_ACTOR)
    click.echo(f"{replayed} event{'' if replayed == 1 else 's'} due now.")


def _with_status(status: EventStatus, slug: str | None) -> list[tuple[int, list[UUID]]]:
    ids_by_tenant = []
    for tenant_id, _ in chosen_tenants(slug):
        with atomic(tenant_id):
            ids_by_tenant.append((tenant_id, webhook_events.ids_with_status(tenant_id, status)))
    return ids_by_tenant


def _batches(ids_by_tenant: list[tuple[int, list[UUID]]]) -> Iterator[tuple[int, list[UUID]]]:
    for tenant_id, ids in ids_by_tenant:
        for first in range(0, len(ids), _BATCH):
            yield tenant_id, ids[first : first + _BATCH]


def _find(event_id: str, slug: str | None) -> tuple[int, str, WebhookEvent]:
    matches: list[tuple[int, str, WebhookEvent]] = []
    for tenant_id, tenant_slug in chosen_tenants(slug):
        with atomic(tenant_id):
            event = webhook_events.find_event(tenant_id, event_id.strip())
        if event is not None:
            matches.append((tenant_id, tenant_slug, event))
    if not matches:
        raise NotFound(f"There is no event {event_id}.")
    if len(matches) > 1:
        slugs = ", ".join(tenant_slug for _, tenant_slug, _ in matches)
        raise Conflict(AMBIGUOUS.format(what=event_id, slugs=slugs))
    return matches[0]


def _account(
    event: WebhookEvent, tenant_slug: str, zone: ZoneInfo, order_number: str | None
) -> Iterator[str]:
    mode = "unknown" if event.livemode is None else "live" if event.livemode else "test"
    yield f"{event.stripe_event_id}  {event.type}  {event.status}{f'  {event.reason}' if event.reason else ''}"
    yield f"  tenant    {tenant_slug}"
    yield f"  id        {event.id}"
    yield f"  order     {order_number or 'none'}"
    yield f"  mode      {mode}{f', account {event.stripe_account}' if event.stripe_account else ''}"
    yield f"  version   {event.api_version or 'unknown'}"
    yield f"  received  {shown(event.received_at, zone)}"
    yield f"  attempts  {event.attempts}"
    if event.processed_at is not None:
        yield f"  done      {shown(event.processed_at, zone)}"
    elif event.status in (EventStatus.RECEIVED, EventStatus.PARKED):
        yield f"  next       {shown(event.next_attempt_at, zone)}"
    if event.last_error:
        yield "last error"
        yield from (f"  {line}" for line in event.last_error.rstrip().splitlines())
    if event.payload_removed_at is not None:
        yield f"payload removed {shown(event.payload_removed_at, zone)}"
        return
    yield "payload (without client secrets)"
    # A payload may hold a lone surrogate, which only its escape can print.
    yield json.dumps(event.payload, indent=2, ensure_ascii=True)
