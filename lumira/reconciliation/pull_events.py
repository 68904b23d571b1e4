"""Pulling events from Stripe whose webhook did not arrive: from a watermark, with an overlap, into the inbox."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import structlog
from sqlalchemy.exc import DataError

from lumira.clients import stripe_client
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.stripe.objects import is_storable, read_time
from lumira.errors.webhooks import WebhookRejected
from lumira.models import AlertKind
from lumira.reconciliation.report import ReconciliationReport
from lumira.repositories.alerts import alerts
from lumira.repositories.audit import audit
from lumira.repositories.events import webhook_events
from lumira.repositories.tenants import tenants
from lumira.repositories.tenants.stripe_accounts import StripeAccount
from lumira.webhooks import (
    handlers,  # noqa: F401 - importing the handlers registers their types
    inbox,
)
from lumira.webhooks.registry import pulled_types

log = structlog.get_logger()

#: Events are listed again for this long before the watermark: Stripe's list may be late.
OVERLAP = timedelta(minutes=5)
#: A webhook has this long to arrive before its event is pulled.
GRACE = timedelta(seconds=30)
#: An event that is older was missing for another reason than its webhook: a restored backup, or no worker.
_DELIVERED_WITHIN = timedelta(hours=1)
#: Stripe lists events of the last 30 days only.
STRIPE_LISTS_EVENTS_FOR = timedelta(days=30)
#: How far back the first pull of a tenant goes.
FIRST_PULL = timedelta(days=3)
#: Stripe accepts at most this many types in one request.
_TYPES_PER_REQUEST = 20
#: Events that are looked up in the inbox by one query.
_EVENTS_PER_QUERY = 100
_ACTOR = "reconciliation"


def pull_events(
    tenant_id: int,
    account: StripeAccount,
    report: ReconciliationReport,
    *,
    since: timedelta | None = None,
    is_stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Store every event since the watermark that has a handler and is not in the inbox, and count these.

    The watermark moves only after everything before it was seen: an interrupted pull is repeated.
    """
    until = utc_now() - GRACE
    with atomic(tenant_id):
        pulled_until = tenants.get(tenant_id).events_pulled_until
    begin = _begin(pulled_until, until, since)
    for events in _batches(_list_events(account, begin, until)):
        with atomic(tenant_id):
            stored_ids = webhook_events.list_stored_ids(
                tenant_id, filter(is_storable, (event.get("id") for event in events))
            )
        for event in events:
            if is_stopping():
                return
            # Most events arrived by webhook. If one arrives just now, storing it again changes nothing.
            if event.get("id") not in stored_ids and _store(
                tenant_id, account, event, is_late=_is_late(event, pulled_until)
            ):
                report.events_recovered += 1
    with atomic(tenant_id):
        tenant = tenants.lock(tenant_id)
        # Forward only, also if two runs overlap.
        tenant.events_pulled_until = max(tenant.events_pulled_until or until, until)
    if report.events_recovered:
        log.warning("events_recovered", tenant=account.tenant_slug, events=report.events_recovered)


def _begin(pulled_until: datetime | None, until: datetime, since: timedelta | None) -> datetime:
    """Return the time from which events are listed: never after the watermark, so that none is skipped."""
    begin = pulled_until - OVERLAP if pulled_until else until - FIRST_PULL
    if since is not None:
        begin = min(begin, until - since)
    return max(begin, utc_now() - STRIPE_LISTS_EVENTS_FOR)


def _is_late(event: dict[str, Any], pulled_until: datetime | None) -> bool:
    """Whether a webhook should have delivered the event: not before Lumira began, or long before this run."""
    created_at = read_time(event.get("created"))
    return pulled_until is not None and created_at is not None and created_at > utc_now() - _DELIVERED_WITHIN


def _list_events(account: StripeAccount, begin: datetime, until: datetime) -> Iterator[dict[str, Any]]:
    types = pulled_types()
    for first in range(0, len(types), _TYPES_PER_REQUEST):
        yield from stripe_client.list_events(
            account, types=types[first : first + _TYPES_PER_REQUEST], since=begin, until=until
        )


def _batches(events: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    while batch := list(islice(events, _EVENTS_PER_QUERY)):
        yield batch


def _store(tenant_id: int, account: StripeAccount, event: dict[str, Any], *, is_late: bool) -> bool:
    """Store one event in the inbox; returns whether it was missing there."""
    # A webhook of a connected account carries the account; a listed event does not.
    delivered = event if account.stripe_account is None else {"account": account.stripe_account, **event}
    if not is_storable(event.get("id")) or not is_storable(event.get("type")):
        return _skip(tenant_id, account, event)
    try:
        is_new = inbox.store(tenant_id, delivered)
    except (DataError, WebhookRejected):
        return _skip(tenant_id, account, event)
    if is_new:
        with atomic(tenant_id):
            if is_late:
                webhook_events.mark_pulled(tenant_id, event["id"])
            audit.record(
                tenant_id,
                actor=_ACTOR,
                action="event_recovered",
                subject=f"event:{event['id']}",
                type=event["type"],
            )
    return is_new


def _skip(tenant_id: int, account: StripeAccount, event: dict[str, Any]) -> bool:
    """Skip an event that the inbox cannot store, with an alert: otherwise the watermark would never move again."""
    stripe_event_id = event.get("id")
    subject = stripe_event_id if is_storable(stripe_event_id) else "unknown"
    log.warning("event_unusable", tenant=account.tenant_slug, event_id=subject)
    with atomic(tenant_id):
        alerts.raise_alert(tenant_id, kind=AlertKind.EVENT_UNUSABLE, subject=subject)
    return False
