"""Opening a sale of a cart: an order and its page at Stripe, once per call, however often it is asked.

The same phases as for a PaymentIntent, and one more: of an order that was given a page before, that page is
closed first. If Stripe refuses because somebody has just paid there, that payment wins.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain import payments
from lumira.domain.checkout_sessions import SessionMismatch, attach_session
from lumira.domain.payments import Seller
from lumira.domain.record_session import record_session
from lumira.domain.stripe_objects import read_session, read_time
from lumira.errors import InvalidRequest, PaymentFailed
from lumira.models import Order
from lumira.repositories import idempotency, order_polls, orders, outbox, tenants
from lumira.repositories.idempotency import Call, StoredReply
from lumira.services.checkout.call_stripe import (
    CustomerMissing,
    Question,
    TimeOver,
    call_stripe,
    close_session,
    lookup_for,
)
from lumira.services.checkout.ensure_stripe_customer import ensure_stripe_customer
from lumira.services.checkout.open_sale import ACTOR, Answered, Basket, Opened, open_sale, reserve_stock
from lumira.services.idempotency.release_key import releasing_on_error
from lumira.settlement.link_customer import link_customer
from lumira.settlement.settle_order import settle_order

#: Stripe's minimum is thirty minutes by its own clock, which may be a little ahead of ours.
SESSION_LIFETIME = timedelta(minutes=31)
#: Names of one's own machine: pages under development, paid with test keys only.
_OWN_MACHINE = ("localhost", "127.0.0.1", "[::1]")


@dataclass(frozen=True, slots=True)
class Cart:
    """What a buyer asks for, and where Stripe's page leads afterwards."""

    basket: Basket
    success_url: str
    cancel_url: str


@dataclass(frozen=True, slots=True)
class SessionOpened:
    """Where the buyer pays, until when. Amount in minor units; nothing to go to where nothing is due."""

    session_id: str | None
    url: str | None
    order_number: str
    amount: int
    currency: str
    expires_at: datetime | None


@dataclass(frozen=True, slots=True)
class Reply:
    """The answer, and whether it is the stored one of an earlier call."""

    value: SessionOpened
    replayed: bool


def create_checkout_session(tenant_id: int, *, call: Call, cart: Cart) -> Reply:
    """Open an order for a cart and its Checkout Session; a free cart completes the order at once.

    `InvalidRequest` (`INVALID_URL`) if a page is not the tenant's own, and all that opening a payment raises.
    """
    _check_urls(tenant_id, cart)
    opened = open_sale(tenant_id, call, cart.basket, describe_free=lambda order: _as_json(_reply(order)))
    if isinstance(opened, Answered):
        return Reply(_from_json(opened.body), replayed=opened.replayed)
    with releasing_on_error(tenant_id, opened.claim):
        try:
            return _ask(tenant_id, opened, cart)
        except (CustomerMissing, TimeOver):
            # What was frozen can be sent no more: a customer deleted at Stripe, or a time that has passed.
            return _ask(tenant_id, opened, cart)


def _check_urls(tenant_id: int, cart: Cart) -> None:
    with atomic(tenant_id):
        domains = tenants.list_domains(tenant_id)
        account = tenants.find_stripe_account(tenant_id)
    in_test_mode = account is None or not account.livemode
    for name, url in (("successUrl", cart.success_url), ("cancelUrl", cart.cancel_url)):
        if not _is_own_page(url, domains, in_test_mode=in_test_mode):
            raise InvalidRequest(
                "The buyer can only be led to a page of this shop.",
                code="INVALID_URL",
                fields={name: ["Is not on one of this shop's domains."]},
            )


def _is_own_page(url: str, domains: list[str], *, in_test_mode: bool) -> bool:
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    is_local = in_test_mode and (host in _OWN_MACHINE or host == "::1" or host.endswith(".localhost"))
    if parts.scheme != "https" and not (parts.scheme == "http" and is_local):
        return False
    return is_local or host in domains


def _ask(tenant_id: int, opened: Opened, cart: Cart) -> Reply:
    stripe_customer_id = ensure_stripe_customer(tenant_id, opened.account, opened.customer_id)
    _close_earlier(tenant_id, opened)
    question = _freeze(tenant_id, opened, cart, stripe_customer_id)
    if isinstance(question, SessionOpened):
        return Reply(question, replayed=False)
    session = call_stripe(tenant_id, opened.account, question)
    return Reply(_attach(tenant_id, opened, session), replayed=False)


def _close_earlier(tenant_id: int, opened: Opened) -> None:
    """Close every page that the order was given before; one that was just paid tells so."""
    with atomic(tenant_id):
        order = orders.lock_order(tenant_id, opened.order_id)
        earlier = [session.stripe_session_id for session in order.sessions if session.is_open]
    for session_id in earlier:
        _record(tenant_id, opened.order_id, close_session(opened.account, session_id))


@retried
def _record(tenant_id: int, order_id: UUID, told: dict[str, Any]) -> None:
    with atomic(tenant_id):
        order = orders.lock_order(tenant_id, order_id)
        record_session(order, read_session(told))
        # Before settling, so that what it grants is the customer's.
        link_customer(order)
        owes = settle_order(order, actor=ACTOR)
        if not _is_paid_already(order):
            # Given back with the page and taken again at once: nobody else gets them in between.
            reserve_stock(order, until=utc_now() + SESSION_LIFETIME)
        order_polls.schedule(order, utc_now())
        if owes:
            outbox.schedule_relay(tenant_id)


@retried
def _freeze(
    tenant_id: int, opened: Opened, cart: Cart, stripe_customer_id: str | None
) -> Question | SessionOpened:
    """What Stripe is asked is written down, whole, before it is asked; the answer, if the order is paid."""
    now = utc_now()
    with atomic(tenant_id):
        idempotency.renew(tenant_id, opened.claim)
        order = orders.lock_order(tenant_id, opened.order_id)
        if _is_paid_already(order):
            reply = _reply(order)
            idempotency.finish(tenant_id, opened.claim, StoredReply(200, _as_json(reply)))
            return reply
        look_up = lookup_for(order)
        tenant = tenants.get(tenant_id)
        request = payments.freeze_session_request(
            order,
            seller=Seller(tenant.slug, tenant.name, tenant.statement_descriptor_suffix),
            stripe_customer_id=stripe_customer_id,
            success_url=cart.success_url,
            cancel_url=cart.cancel_url,
            expires_at=now + SESSION_LIFETIME,
        )
        settle_order(order, actor=ACTOR)
        # The page and the hold end together.
        ends_at = read_time(request.parameters["expires_at"]) or now + SESSION_LIFETIME
        reserve_stock(order, until=ends_at)
        order_polls.schedule(order, now)
        return Question(
            order.id,
            opened.customer_id,
            request.kind,
            request_id=request.id,
            parameters=request.parameters,
            key=request.stripe_key,
            look_up=look_up,
        )


def _is_paid_already(order: Order) -> bool:
    """Whether there is a payment that came or is on its way: a second page would only take it twice."""
    return any(payment.has_succeeded for payment in order.payments) or any(
        session.is_awaited for session in order.sessions
    )


@retried
def _attach(tenant_id: int, opened: Opened, told: dict[str, Any]) -> SessionOpened:
    """Last phase: the session belongs to the order, and the reply is kept."""
    with atomic(tenant_id):
        idempotency.renew(tenant_id, opened.claim)
        order = orders.lock_order(tenant_id, opened.order_id)
        try:
            attach_session(order, read_session(told))
        except SessionMismatch as error:
            raise PaymentFailed("Stripe has another session under this order's number.") from error
        settle_order(order, actor=ACTOR)
        order_polls.schedule(order, utc_now())
        reply = _reply(order, url=told.get("url"))
        idempotency.finish(tenant_id, opened.claim, StoredReply(200, _as_json(reply)))
        return reply


def _reply(order: Order, *, url: str | None = None) -> SessionOpened:
    newest = order.sessions[-1] if order.sessions else None
    return SessionOpened(
        session_id=newest.stripe_session_id if newest else None,
        url=url,
        order_number=order.order_number,
        amount=order.amount,
        currency=order.currency,
        expires_at=newest.expires_at if newest else None,
    )


def _as_json(reply: SessionOpened) -> dict[str, Any]:
    return asdict(reply) | {"expires_at": reply.expires_at.isoformat() if reply.expires_at else None}


def _from_json(body: dict[str, Any]) -> SessionOpened:
    told = body["expires_at"]
    return SessionOpened(**body | {"expires_at": datetime.fromisoformat(told) if told else None})
