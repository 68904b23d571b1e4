"""Opens the order of a form once, by a PaymentIntent or on Stripe's page, and leads the buyer on."""

import time
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from flask import Response, current_app, g, request

from config.settings import Settings
from lumira import tenancy
from lumira.blueprints.http.checkout_quotas import limited_checkout
from lumira.blueprints.http.idempotent_requests import call_of_form, replying
from lumira.blueprints.http.stripe_calls import calls_stripe
from lumira.blueprints.pages import checkout_visit
from lumira.blueprints.pages.checkout_visit import OpenedHere, Visit
from lumira.blueprints.pages.replies import brand_context, page
from lumira.domain.commands import CheckoutCommand, CheckoutItem
from lumira.errors import Conflict, IdempotencyInProgress
from lumira.errors.orders import OrderNotFound
from lumira.errors.stripe import StripePermissionMissing
from lumira.pages import checkout
from lumira.services.checkout.close_payments import close_payments
from lumira.services.checkout.create_checkout_session import SessionOpened, create_checkout_session
from lumira.services.checkout.create_payment_intent import PaymentOpened, create_payment_intent
from lumira.services.checkout.view_opened import PAYABLE, UNDER_WAY, view_brand, view_opened
from lumira.services.idempotency.reply import Reply

#: Seconds between attempts while another request opens the order of the same form.
_PAUSES = (0.3, 0.7, 1.0)
_STRIPES_PAGES = "https://checkout.stripe.com"

_Opened = PaymentOpened | SessionOpened


@dataclass(frozen=True, slots=True)
class Opening:
    """A form that opens an order: of what, for whom, under which idempotency key, and where it is paid."""

    visit: Visit
    items: tuple[CheckoutItem, ...]
    form_key: str
    command: CheckoutCommand
    #: On Lumira's page, with Stripe's Payment Element.
    is_paid_here: bool = False


def open_once(opening: Opening) -> Response:
    """Open the order of the form once, and lead the buyer to where it is paid.

    An order of the same items that is paid, or about to be, is shown instead. Raises as the use cases do.
    """
    result = _open(opening)
    return to_order(result) if isinstance(result, OpenedHere) else _lead_on(opening, result)


def _open(opening: Opening) -> Reply[_Opened] | OpenedHere:
    @calls_stripe
    @limited_checkout
    def opened(command: CheckoutCommand) -> Any:
        paid = _close_earlier(opening)
        if paid is not None:
            # As for a repeated call, nothing was opened that could count.
            return replying(Reply(paid, replayed=True))
        call = call_of_form(opening.form_key)
        if opening.is_paid_here:
            return replying(create_payment_intent(g.tenant_id, call=call, command=command))
        return replying(
            create_checkout_session(g.tenant_id, call=call, command=command, returns_to_lumira=True)
        )

    for pause in _PAUSES:
        try:
            value, _, headers = opened(opening.command)
        except IdempotencyInProgress:
            # The second click of a double click: the browser waits for this reply, and has forgotten the first.
            time.sleep(pause)
        else:
            break
    else:
        value, _, headers = opened(opening.command)
    return value if isinstance(value, OpenedHere) else Reply(value, replayed=bool(headers))


def _close_earlier(opening: Opening) -> OpenedHere | None:
    """Close the payments of the same items that this visitor opened by another form, such as with another address.

    Returns the order of one that is paid, or whose bank confirms it later: then nothing is opened.
    """
    for earlier in opening.visit.of_items(opening.items):
        try:
            progress = view_opened(g.tenant_id, earlier.order_number).progress
            if progress in UNDER_WAY:
                return earlier
            if progress in PAYABLE and earlier.form_key != opening.form_key:
                close_payments(g.tenant_id, earlier.order_number)
        except (OrderNotFound, StripePermissionMissing):
            # It was removed; or it stays open until it expires, which its alert says.
            continue
        except Conflict:
            return earlier
    return None


def _lead_on(opening: Opening, reply: Reply[_Opened]) -> Response:
    result = reply.value
    session_id = result.session_id if isinstance(result, SessionOpened) else None
    opened = checkout_visit.opened_here(
        opening.items,
        order_number=result.order_number,
        reference=session_id or result.order_number,
        form_key=opening.form_key,
        email=opening.command.customer_email or "",
    )
    # A repeated form may be of an order that was paid since.
    is_payable = not (
        reply.replayed and view_opened(g.tenant_id, result.order_number).progress not in PAYABLE
    )
    led = _lead_to_payment(result, opened) if is_payable else to_order(opened)
    return checkout_visit.remember_order(led, g.caller.slug, opening.visit, opened)


def _lead_to_payment(result: _Opened, opened: OpenedHere) -> Response:
    if isinstance(result, PaymentOpened):
        # The client secret stays on the server: only the page itself contains it, for the visitor with the cookie.
        is_paid_here = result.payment_intent_id is not None
        return see_other(f"{order_path(opened)}/pay") if is_paid_here else to_order(opened)
    return _to_stripe(result.url) if result.url is not None else to_order(opened)


def order_path(opened: OpenedHere) -> str:
    """The path of the page that shows how far the payment of an order is."""
    return f"/checkout/{g.caller.slug}/orders/{opened.reference}"


def to_order(opened: OpenedHere) -> Response:
    """Lead the buyer to the order's page."""
    return see_other(order_path(opened))


def see_other(address: str) -> Response:
    """A reply that leads to another page."""
    return Response(status=HTTPStatus.SEE_OTHER, headers={"Location": address})


def _to_stripe(url: str) -> Response:
    if _origin(url) in stripes_pages().split():
        return see_other(url)
    # A shop's own domain for Stripe's page: only a link may lead there, because no form of this page may.
    context = brand_context(view_brand(g.tenant_id))
    return page(checkout.to_stripe(context, url), context)


def stripes_pages() -> str:
    """The origins of Stripe's pages: Stripe's own, and the sandbox's."""
    settings: Settings = current_app.extensions["lumira"]
    return " ".join(filter(None, (_STRIPES_PAGES, _origin(settings.stripe_api_base or ""))))


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def own_address() -> str:
    """The address under which the visitor sees this page; only a tenant's domain is taken from the request."""
    settings: Settings = current_app.extensions["lumira"]
    if tenancy.find_by_domain(tenancy.host_name(request.host)) is not None or settings.public_url is None:
        return request.host_url.rstrip("/")
    return settings.public_url
