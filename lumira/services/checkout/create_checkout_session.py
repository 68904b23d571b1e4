"""Open an order for a cart and its Checkout Session, once per idempotent call.

The phases are those of a PaymentIntent, and one more: an open session of the same order is expired first. If
Stripe refuses because that session has just been paid, its payment counts.
"""

from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain import payments
from lumira.domain.checkout_sessions import SessionMismatch, attach_session, record_session
from lumira.domain.commands import CheckoutCommand
from lumira.domain.stripe import requests as stripe_requests
from lumira.domain.stripe.objects import read_session, read_time
from lumira.errors import InvalidRequest
from lumira.errors.stripe import PaymentFailed
from lumira.models import Order, OrderStatus, RequestKind
from lumira.repositories.idempotency import idempotency
from lumira.repositories.idempotency.idempotency import StoredReply
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.repositories.inventory import stock
from lumira.repositories.orders import kept_orders, orders
from lumira.repositories.tenants import stripe_accounts, tenants
from lumira.services.checkout.begin_checkout import (
    ACTOR,
    CheckoutStarted,
    begin_checkout,
    order_closed,
    refuse_erased,
    reserve_stock,
)
from lumira.services.checkout.call_stripe import (
    StripeCall,
    alerting_of_permissions,
    attempt_repeatedly,
    call_stripe,
    close_session,
    lookup_for,
)
from lumira.services.checkout.count_payments import counts_payments
from lumira.services.checkout.ensure_stripe_customer import attaching as attaching_customer
from lumira.services.checkout.ensure_stripe_customer import ensure_stripe_customer
from lumira.services.checkout.promotion import reserve_use
from lumira.services.idempotency.release_key import releasing_on_error
from lumira.services.idempotency.reply import Reply
from lumira.settlement.settle_order import settle_order

#: Stripe's minimum is thirty minutes by its own clock, which may be some minutes ahead of this machine's.
SESSION_LIFETIME = timedelta(minutes=35)
#: Pages under development; accepted in Stripe's test mode only.
#: As `urlsplit` returns them, without the brackets of IPv6.
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class SessionOpened:
    """The page on which the buyer pays, and when it expires. Amount in minor units.

    Without id, page and expiry for a free order; without page for an order that is already paid.
    """

    session_id: str | None
    url: str | None
    order_number: str
    amount: int
    currency: str
    expires_at: datetime | None


@counts_payments("checkout_session")
def create_checkout_session(
    tenant_id: int, *, call: Call, command: CheckoutCommand, returns_to_lumira: bool = False
) -> Reply[SessionOpened]:
    """Open an order for a cart and its Checkout Session; a free cart completes the order at once.

    `returns_to_lumira` is set if the return pages are Lumira's own, and not URLs that the caller sent. Raises
    `InvalidRequest` (`INVALID_URL`) if a return page is not on one of the tenant's domains, and everything that
    `create_payment_intent` raises.
    """
    if not returns_to_lumira:
        _check_urls(tenant_id, command)
    started = begin_checkout(
        tenant_id, call, command, free_reply=lambda order: _as_json(_session_opened(order))
    )
    if isinstance(started, Reply):
        return Reply(_from_json(started.value), started.replayed)
    with releasing_on_error(tenant_id, started.claim):
        return Reply(
            attempt_repeatedly(
                tenant_id, started, lambda tenant_id, started: _open_session(tenant_id, started, command)
            )
        )


def _check_urls(tenant_id: int, command: CheckoutCommand) -> None:
    with atomic(tenant_id):
        domains = tenants.list_domains(tenant_id)
        account = stripe_accounts.find_account(tenant_id)
    in_test_mode = account is None or not account.livemode
    for name, url in (("successUrl", command.success_url), ("cancelUrl", command.cancel_url)):
        if not _is_own_page(url, domains, in_test_mode=in_test_mode):
            raise InvalidRequest(
                "successUrl and cancelUrl must be pages on one of this shop's domains.",
                code="INVALID_URL",
                fields={name: ["Is not on one of this shop's domains."]},
            )


def _is_own_page(url: str, domains: list[str], *, in_test_mode: bool) -> bool:
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    is_local = in_test_mode and (host in _LOCAL_HOSTS or host.endswith(".localhost"))
    if parts.scheme != "https" and not (parts.scheme == "http" and is_local):
        return False
    return is_local or host in domains


def _open_session(tenant_id: int, started: CheckoutStarted, command: CheckoutCommand) -> SessionOpened:
    stripe_customer_id = ensure_stripe_customer(
        tenant_id, started.account, started.customer, is_public=started.is_public
    )
    _close_earlier(tenant_id, started)
    stripe_call = _freeze(tenant_id, started, command, stripe_customer_id)
    if isinstance(stripe_call, SessionOpened):
        return stripe_call
    session = call_stripe(tenant_id, started.account, stripe_call)
    opened = _attach(tenant_id, started, session)
    if opened is None:
        raise order_closed()
    return opened


def _close_earlier(tenant_id: int, started: CheckoutStarted) -> None:
    """Expire the order's open sessions, and record each one's last state: it may just have been paid."""
    # A session that is created since the first phase belongs to a later attempt, which has taken the key over.
    open_ids = [session.stripe_session_id for session in started.order.sessions if session.is_open]
    for session_id in open_ids:
        with alerting_of_permissions(tenant_id):
            session = close_session(started.account, session_id)
        _record(tenant_id, started.order.id, session)


@retried
def _record(tenant_id: int, order_id: UUID, session: dict[str, Any]) -> None:
    with atomic(tenant_id):
        order = orders.lock_order(tenant_id, order_id)
        record_session(order, read_session(session), now=utc_now())
        settle_order(order, actor=ACTOR)
        if not _is_paid_already(order):
            # Closing the session released the stock; the same units are reserved again in the same transaction.
            until = utc_now() + SESSION_LIFETIME
            stock.reserve(order, until=until, actor=ACTOR)
            reserve_use(order, until=until)


@retried
def _freeze(
    tenant_id: int, started: CheckoutStarted, command: CheckoutCommand, stripe_customer_id: str | None
) -> StripeCall | SessionOpened:
    """Store the whole request to Stripe before it is sent; for a paid order, store and return the reply."""
    now = utc_now()
    with atomic(tenant_id):
        attaching = attaching_customer(tenant_id, started.customer, stripe_customer_id)
        locked = kept_orders.lock_again(
            started.order, after=[*idempotency.renewing(tenant_id, started.claim), *attaching]
        )
        order = locked.order
        stripe_customer_id = locked.values[-1] if attaching else stripe_customer_id
        refuse_erased(order)
        if _is_paid_already(order):
            opened = _session_opened(order)
            idempotency.finish(tenant_id, started.claim, StoredReply(200, _as_json(opened)))
            return opened
        lookup = lookup_for(order)
        request = stripe_requests.freeze_session_request(
            order,
            seller=started.seller,
            stripe_customer_id=stripe_customer_id,
            success_url=command.success_url,
            cancel_url=command.cancel_url,
            locale=command.page_locale,
            expires_at=stripe_requests.stripe_now(order, now) + SESSION_LIFETIME,
        )
        settle_order(order, actor=ACTOR)
        kept_orders.write(order)
        # The session and the reservation expire together.
        expires_at = read_time(request.parameters["expires_at"]) or now + SESSION_LIFETIME
        reserve_stock(order, until=expires_at)
        kept_orders.write(order)
        return StripeCall(
            order.id,
            order.customer_id,
            request.kind,
            request_id=request.id,
            parameters=request.parameters,
            key=request.stripe_key,
            lookup=lookup,
        )


def _is_paid_already(order: Order) -> bool:
    """Whether a payment has succeeded or is pending at Stripe: a second session could charge the buyer twice."""
    return any(payment.has_succeeded for payment in order.payments) or any(
        session.is_awaited for session in order.sessions
    )


@retried
def _attach(tenant_id: int, started: CheckoutStarted, session: dict[str, Any]) -> SessionOpened | None:
    """Last phase: attach the session to the order and store the reply.

    `None` if the order was closed during the call: then nothing is reserved, and no reply is stored.
    """
    with atomic(tenant_id):
        renewing = idempotency.renewing(tenant_id, started.claim)
        order, now = kept_orders.lock_again(started.order, after=renewing).order, utc_now()
        try:
            attached = attach_session(order, read_session(session), now=now)
        except SessionMismatch as error:
            raise PaymentFailed("Stripe has another session under this order's number.") from error
        payments.accept_newest_request(order, RequestKind.CHECKOUT_SESSION, now)
        settle_order(order, actor=ACTOR)
        kept_orders.write(order)
        if order.status is OrderStatus.CANCELLED:
            return None
        if not _is_paid_already(order):
            # If the reservation was released during a long pause and the stock is sold, the page is not returned.
            reserve_stock(order, until=attached.expires_at)
            kept_orders.write(order)
        opened = _session_opened(order, url=session.get("url"))
        idempotency.finish(tenant_id, started.claim, StoredReply(200, _as_json(opened)))
        return opened


def _session_opened(order: Order, *, url: str | None = None) -> SessionOpened:
    newest = order.sessions[-1] if order.sessions else None
    return SessionOpened(
        session_id=newest.stripe_session_id if newest else None,
        url=url,
        order_number=order.order_number,
        amount=order.amount,
        currency=order.currency,
        expires_at=newest.expires_at if newest else None,
    )


def _as_json(opened: SessionOpened) -> dict[str, Any]:
    return asdict(opened) | {"expires_at": opened.expires_at.isoformat() if opened.expires_at else None}


def _from_json(body: dict[str, Any]) -> SessionOpened:
    expires_at = body["expires_at"]
    return SessionOpened(**body | {"expires_at": datetime.fromisoformat(expires_at) if expires_at else None})
