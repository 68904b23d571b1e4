"""Reconciliation: what Stripe did not get told to us is asked for, and goes through the same doors.

Events are pulled from a watermark with an overlap into the inbox, payments that events wait for are asked
about, and orders are re-read with growing intervals and an end. Whatever goes wrong with one of these leaves
the others their turn, and the watermark stays before what was not seen.
"""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

import structlog
from sqlalchemy.exc import DataError

from lumira.clients import stripe_client
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.stripe_objects import is_storable
from lumira.errors import WebhookRejected
from lumira.reconciliation import look_up_payments, poll_order
from lumira.reconciliation.report import Answered, Findings
from lumira.repositories import alerts, audit, order_polls, tenants, webhook_events
from lumira.webhooks import (
    handlers,  # noqa: F401 - importing the handlers registers their types
    inbox,
)
from lumira.webhooks.registry import handled_types

log = structlog.get_logger()

#: Events are asked for once more this long after they were: Stripe's list may be late.
OVERLAP = timedelta(minutes=5)
#: A webhook gets this long to arrive by itself.
GRACE = timedelta(seconds=30)
#: Stripe lists events of the last 30 days only.
FURTHEST = timedelta(days=30)
#: How far back the first pull of a tenant goes.
FIRST_PULL = timedelta(days=3)
#: Orders taken at a time: what a process that dies has taken is asked about again two minutes later.
BATCH = 50
#: Seconds that the orders of one tenant may take before it is the next one's turn.
BUDGET = 40
#: Stripe takes so many types in one question.
_TYPES_AT_ONCE = 20
#: Events that are looked for in the inbox by one query.
_LOOKED_UP_AT_ONCE = 100
#: Silence for so long is more than a hiccup, and becomes an alert: one for each outage.
_ALARMING_SILENCE = timedelta(minutes=15)
_ACTOR = "reconciliation"


def recover_events(tenant_id: int, *, is_stopping: Callable[[], bool] = lambda: False) -> Findings:
    """The first half of a run, quick and for what was paid just now: events that no webhook brought."""
    return reconcile(tenant_id, orders_too=False, is_stopping=is_stopping)


def reconcile(
    tenant_id: int,
    *,
    since: timedelta | None = None,
    orders_too: bool = True,
    is_stopping: Callable[[], bool] = lambda: False,
) -> Findings:
    """Ask Stripe what is missing here; Stripe being down is no error, only later.

    With `since`, every event of that time is asked for, and every order opened in it that is not settled for
    good. Never raises what went wrong with a part of the run: it is logged, and counted in the findings.
    """
    findings = Findings()
    account: tenants.StripeAccount | None = None
    with findings.step("account"), atomic(tenant_id):
        account = tenants.find_stripe_account(tenant_id)
        findings.stripe = Answered.YES if account else Answered.NO_KEY
    if account is None:
        return findings
    with findings.step("events"):
        pull_events(tenant_id, account, findings, since=since, is_stopping=is_stopping)
    if orders_too and findings.stripe is not Answered.KEY_REFUSED:
        with findings.step("enquiry"):
            look_up_payments.enquire(tenant_id, account, findings, is_stopping=is_stopping)
        with findings.step("orders"):
            _check_orders(tenant_id, account, findings, since=since, is_stopping=is_stopping)
    if findings.stripe in (Answered.NOT_AT_ALL, Answered.KEY_REFUSED):
        with findings.step("alert"):
            _tell_of_silence(tenant_id, account, findings.stripe)
    return findings


def pull_events(
    tenant_id: int,
    account: tenants.StripeAccount,
    findings: Findings,
    *,
    since: timedelta | None = None,
    is_stopping: Callable[[], bool] = lambda: False,
) -> None:
    """Put every acting event since the watermark into the inbox, and count those that were new there.

    The watermark moves only once everything before it was seen: a run that ends early is repeated.
    """
    until = utc_now() - GRACE
    with atomic(tenant_id):
        pulled_until = tenants.get(tenant_id).events_pulled_until
    begin = _begin(pulled_until, until, since)
    for events in _together(_events(account, begin, until)):
        with atomic(tenant_id):
            known = webhook_events.known(
                tenant_id, filter(is_storable, (event.get("id") for event in events))
            )
        for event in events:
            if is_stopping():
                return
            # Most came by themselves. Should one come right now, storing it again changes nothing.
            if event.get("id") not in known and _store(tenant_id, account, event):
                findings.events_recovered += 1
    with atomic(tenant_id):
        tenant = tenants.lock(tenant_id)
        # Only forward, also where two runs overlap.
        tenant.events_pulled_until = max(tenant.events_pulled_until or until, until)
    if findings.events_recovered:
        log.warning("events_recovered", tenant=account.tenant_slug, events=findings.events_recovered)


def _begin(pulled_until: datetime | None, until: datetime, since: timedelta | None) -> datetime:
    """From when on events are asked for: never later than the watermark, so that nothing is skipped."""
    begin = pulled_until - OVERLAP if pulled_until else until - FIRST_PULL
    if since is not None:
        begin = min(begin, until - since)
    return max(begin, utc_now() - FURTHEST)


def _events(account: tenants.StripeAccount, begin: datetime, until: datetime) -> Iterator[dict[str, Any]]:
    types = handled_types()
    for first in range(0, len(types), _TYPES_AT_ONCE):
        yield from stripe_client.list_events(
            account, types=types[first : first + _TYPES_AT_ONCE], since=begin, until=until
        )


def _together(events: Iterator[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    """As many as one question about them may name."""
    while batch := list(islice(events, _LOOKED_UP_AT_ONCE)):
        yield batch


def _store(tenant_id: int, account: tenants.StripeAccount, event: dict[str, Any]) -> bool:
    """Put one event into the inbox; whether it was missing there."""
    # As its webhook would have brought it: with the account that it is of, for Connect.
    delivered = event if account.stripe_account is None else {"account": account.stripe_account, **event}
    if not is_storable(event.get("id")) or not is_storable(event.get("type")):
        return _pass_over(tenant_id, account, event)
    try:
        is_new = inbox.store(tenant_id, delivered)
    except (DataError, WebhookRejected):
        return _pass_over(tenant_id, account, event)
    if is_new:
        with atomic(tenant_id):
            audit.record(
                tenant_id,
                actor=_ACTOR,
                action="event_recovered",
                subject=f"event:{event['id']}",
                type=event["type"],
            )
    return is_new


def _pass_over(tenant_id: int, account: tenants.StripeAccount, event: dict[str, Any]) -> bool:
    """Leave out what no inbox can hold: asked for again it would be the same, and no watermark ever move."""
    identifier = event.get("id")
    subject = identifier if is_storable(identifier) else "unknown"
    log.warning("event_unusable", tenant=account.tenant_slug, event_id=subject)
    with atomic(tenant_id):
        alerts.raise_alert(tenant_id, kind="event_unusable", subject=subject)
    return False


def _check_orders(
    tenant_id: int,
    account: tenants.StripeAccount,
    findings: Findings,
    *,
    since: timedelta | None,
    is_stopping: Callable[[], bool],
) -> None:
    started, begun_at = utc_now(), time.monotonic()
    if since is not None:
        with atomic(tenant_id):
            order_polls.bring_forward(tenant_id, opened_since=started - since, now=started)
    while since is not None or time.monotonic() - begun_at < BUDGET:
        with atomic(tenant_id):
            # What was due when the run began, and nothing later: it ends.
            due = order_polls.claim_due(tenant_id, started, utc_now(), limit=BATCH)
        if not due:
            return
        for order_id in due:
            if is_stopping():
                return
            with findings.one("orders", order_id):
                is_repaired = poll_order.check_order(tenant_id, account, order_id)
                findings.orders_checked += is_repaired is not None
                findings.orders_repaired += is_repaired is True


def _tell_of_silence(tenant_id: int, account: tenants.StripeAccount, answered: Answered) -> None:
    """Alert of a key that does not work, and of a Stripe that has been silent for long: once each time."""
    with atomic(tenant_id):
        tenant = tenants.get(tenant_id)
        heard_at = tenant.events_pulled_until or tenant.created_at
        if answered is Answered.KEY_REFUSED:
            kind = "stripe_key_refused"
        elif utc_now() - heard_at > _ALARMING_SILENCE:
            kind = "stripe_silent"
        else:
            return
        alerts.raise_alert(
            tenant_id, kind=kind, subject=heard_at.isoformat(timespec="seconds"), tenant=account.tenant_slug
        )
