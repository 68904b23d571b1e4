"""Applying one parsed event to its order: the checks before a handler, the handler, and the event's new state."""

from datetime import datetime

from lumira.clients.stripe_client import API_VERSION
from lumira.domain.checkout_sessions import SessionMismatch
from lumira.domain.payments import PaymentMismatch
from lumira.domain.stripe.objects import MalformedObject
from lumira.models import AlertKind, EventStatus, Order, Tenant, WebhookEvent
from lumira.repositories.alerts import alerts
from lumira.repositories.events.webhook_events import ORDER_UNKNOWN
from lumira.webhooks.balance_facts import BalanceFacts
from lumira.webhooks.event_states import close, fail, park
from lumira.webhooks.parsed_event import ParsedContent, ParsedEvent
from lumira.webhooks.registry import Handler

#: The subject of the alert about events that name no Connect account although the tenant has one.
_OWN_ACCOUNT = "platform"


def apply_event(
    tenant: Tenant,
    event: WebhookEvent,
    parsed: ParsedEvent,
    order: Order | None,
    *,
    now: datetime,
    balance: BalanceFacts,
) -> bool:
    """Record the event's facts on its order; returns `False` if it changes none, and the event has the reason.

    What an event says about the account's balance is added to `balance`.
    """
    if parsed.handler is None and parsed.balance_handler is None:
        close(event, EventStatus.IGNORED, "type", now)
        return False
    if parsed.account != tenant.stripe_account:
        _ignore_other_account(tenant, event, parsed, order, now)
        return False
    if parsed.api_version != API_VERSION:
        # It is processed nevertheless: a paid order must not wait until the version of the endpoint is changed.
        alerts.raise_alert(
            tenant.id, kind=AlertKind.API_VERSION, subject=str(parsed.api_version), expected=API_VERSION
        )
    if parsed.content is None:
        _fail_malformed(event, parsed.malformed_field)
        return False
    if parsed.handler is None:
        _note_balance(tenant, event, parsed, now=now, balance=balance)
        return False
    if order is None:
        _wait_for_order(tenant, event, parsed.content, now)
        return False
    return _record(event, parsed.content, parsed.handler, order, now)


def _note_balance(
    tenant: Tenant, event: WebhookEvent, parsed: ParsedEvent, *, now: datetime, balance: BalanceFacts
) -> None:
    if parsed.content is None or parsed.balance_handler is None:
        return
    try:
        balance.apply(tenant, event, parsed.content, parsed.balance_handler, now)
    except MalformedObject as error:
        _fail_malformed(event, str(error))


def _ignore_other_account(
    tenant: Tenant, event: WebhookEvent, parsed: ParsedEvent, order: Order | None, now: datetime
) -> None:
    close(event, EventStatus.IGNORED, "other_account", now)
    if order is None:
        # An endpoint of a platform delivers the events of all its accounts, most of which sell nothing here.
        return
    event.order_id = order.id
    alerts.raise_alert(
        tenant.id,
        kind=AlertKind.OTHER_ACCOUNT,
        # One alert for each account, however many events it sends.
        subject=parsed.account or _OWN_ACCOUNT,
        event_id=event.stripe_event_id,
        type=event.type,
        order_number=order.order_number,
    )


def _record(
    event: WebhookEvent, content: ParsedContent, handler: Handler, order: Order, now: datetime
) -> bool:
    if any(livemode != order.livemode for livemode in content.livemodes):
        event.order_id = order.id
        close(event, EventStatus.IGNORED, "other_mode", now)
        alerts.raise_alert(
            order.tenant_id,
            kind=AlertKind.OTHER_MODE,
            # One alert for each mode: the endpoint that delivers here is the cause of all.
            subject="live" if event.livemode else "test",
            event_id=event.stripe_event_id,
            order_number=order.order_number,
        )
        return False
    try:
        handler(order, content.event_object)
    except MalformedObject as error:
        _fail_malformed(event, str(error))
        return False
    except (PaymentMismatch, SessionMismatch):
        # The object is unpaid, names the order in its metadata and is of another amount. It is tried again once its
        # payment is attached to the order, which a success or a completed session does.
        event.stripe_payment_intent_id = content.reference.payment_intent_id
        park(event, now, reason="mismatch")
        return False
    event.order_id = order.id
    close(event, EventStatus.PROCESSED, None, now)
    return True


def _wait_for_order(tenant: Tenant, event: WebhookEvent, content: ParsedContent, now: datetime) -> None:
    if not content.reference.may_find_order(tenant.slug):
        close(event, EventStatus.FOREIGN, "foreign", now)
        return
    event.stripe_payment_intent_id = content.reference.payment_intent_id
    park(event, now, reason=ORDER_UNKNOWN)


def _fail_malformed(event: WebhookEvent, field: str | None) -> None:
    event.last_error = f"The event has no usable {field}."
    fail(event, "malformed")
