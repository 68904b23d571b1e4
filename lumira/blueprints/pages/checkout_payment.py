"""The page on which a buyer pays with Stripe's Payment Element, and the way from it to Stripe's own page."""

from contextlib import suppress
from urllib.parse import quote

from flask import Response, g, jsonify, request

from lumira import extensions
from lumira.blueprints.http.checkout_origin import with_origin
from lumira.blueprints.http.stripe_calls import calls_stripe
from lumira.blueprints.pages.checkout_code import PARAMETER
from lumira.blueprints.pages.checkout_errors import form_error
from lumira.blueprints.pages.checkout_opening import (
    Opening,
    open_once,
    order_path,
    own_address,
    see_other,
    stripes_pages,
    to_order,
)
from lumira.blueprints.pages.checkout_visit import OpenedHere, Visit
from lumira.blueprints.pages.replies import brand_context, page, page_locale
from lumira.domain.commands import CHECKOUT_PAGE, CheckoutCommand, CheckoutItem, Consents
from lumira.domain.goods import addresses
from lumira.errors import Conflict, LumiraError, NotFound, RateLimited
from lumira.errors.catalog import OutOfStock
from lumira.errors.orders import InvalidPromotionCode
from lumira.errors.stripe import StripeConfigError, StripeUnavailable
from lumira.pages import payment
from lumira.services.checkout.check_payment import check_payment
from lumira.services.checkout.refresh_payment import refresh_payment
from lumira.services.checkout.view_opened import PAYABLE, OpenedOrder, Progress, view_opened
from lumira.services.checkout.view_payment import PaymentView, view_payment

#: What Stripe.js adds to the URL of the page after a payment. Anyone can write it, so nothing of it is believed.
_ADDED_BY_STRIPE = ("payment_intent", "payment_intent_client_secret", "redirect_status")


def is_return() -> bool:
    """Whether the running request has a parameter that Stripe.js adds when the buyer returns."""
    return any(name in request.args for name in _ADDED_BY_STRIPE)


def return_from_stripe(opened: OpenedHere) -> Response:
    """Record what Stripe says about the payment, and lead to the order under a URL without the client secret."""
    with suppress(StripeUnavailable, StripeConfigError, RateLimited):
        # If Stripe cannot be asked now, its webhook reports the payment.
        _count_look()
        calls_stripe(refresh_payment)(g.tenant_id, opened.order_number)
    return to_order(opened)


def _count_look() -> None:
    """Count a look that asks Stripe; raises `RateLimited`. A visitor with an order could ask as often as it likes."""
    http = extensions.of()
    if http.limiter.enabled:
        http.looks_quota.take(extensions.callers_network())


@calls_stripe
def show_payment(opened: OpenedHere) -> Response:
    """The page with the Payment Element; the order's page if there is nothing to pay."""
    _count_look()
    view = view_payment(g.tenant_id, opened.order_number)
    if not view.is_payable:
        return to_order(opened)
    context = brand_context(view.opened)
    path = order_path(opened)
    html = payment.payment(
        context,
        view,
        path=path,
        return_url=f"{own_address()}{path}",
        back=again_path(view.opened),
    )
    reply = page(html, context, forms_lead_to=stripes_pages())
    return _allowing_stripe_js(reply, view, context.nonce)


def _allowing_stripe_js(reply: Response, view: PaymentView, nonce: str) -> Response:
    """Allow on this page what Stripe's documentation asks for, and nothing else."""
    script = view.script
    reply.headers["Content-Security-Policy"] += (
        f"; script-src 'nonce-{nonce}' {script.scripts}; frame-src {script.frames}; "
        f"connect-src 'self' {script.connections}"
    )
    origins = " ".join(f'"{origin}"' for origin in script.payment)
    reply.headers["Permissions-Policy"] = f"payment=(self {origins})"
    # Some ways to pay open a window of the bank, which reports back.
    reply.headers["Cross-Origin-Opener-Policy"] = "same-origin-allow-popups"
    return reply


def check_before_payment(opened: OpenedHere) -> Response:
    """Whether the buyer may confirm the payment now, as JSON: `message` says why not, `next` is where to go instead."""
    try:
        progress = check_payment(g.tenant_id, opened.order_number)
    except LumiraError as error:
        is_over = isinstance(error, Conflict | InvalidPromotionCode | NotFound | OutOfStock)
        reply = jsonify(
            message=payment.refusal(page_locale(), form_error(error)),
            next=again_path(view_opened(g.tenant_id, opened.order_number)) if is_over else None,
        )
        reply.status_code = error.status
        return reply
    return jsonify(message=None, next=None if progress in PAYABLE else order_path(opened))


def pay_on_stripes_page(visit: Visit, opened: OpenedHere) -> Response:
    """Close the payment here, and open the same purchase on Stripe's page; once, however often it is sent."""
    view = view_opened(g.tenant_id, opened.order_number)
    order = view.order
    if view.progress not in (*PAYABLE, Progress.UNPAID):
        return to_order(opened)
    if not opened.is_for(order.customer_email):
        # The customer was merged into another one, whose address this visitor did not type.
        return see_other(again_path(view))
    items = tuple(CheckoutItem(line.product_id, line.quantity) for line in order.lines)
    try:
        return open_once(
            Opening(visit, items, visit.key_instead_of(order.order_number), _same_command(view, items))
        )
    except (Conflict, InvalidPromotionCode, NotFound, OutOfStock):
        # The offer has changed: the form shows how.
        return see_other(again_path(view))


def _same_command(view: OpenedOrder, items: tuple[CheckoutItem, ...]) -> CheckoutCommand:
    order, given = view.order, view.order.consents
    shop = f"{own_address()}/checkout/{g.caller.slug}"
    command = CheckoutCommand(
        items,
        customer_email=order.customer_email,
        customer_name=order.customer_name,
        consents=Consents(given.get("terms"), bool(given.get("immediate_delivery"))) if given else None,
        promotion_code=order.promotion_code,
        shipping=addresses.read(order.shipping_address),
        expected=(order.amount, order.currency),
        locale=page_locale(),
        success_url=f"{shop}/orders/{{CHECKOUT_SESSION_ID}}",
        cancel_url=f"{own_address()}{again_path(view)}",
    )
    return with_origin(command, request, source=CHECKOUT_PAGE)


def again_path(view: OpenedOrder) -> str:
    """The path of the form that buys the same items, with the same promotion code."""
    items = ",".join(f"{line.product_id}:{line.quantity}" for line in view.order.lines)
    code = f"&{PARAMETER}={quote(view.order.promotion_code)}" if view.order.promotion_code else ""
    return f"/checkout/{g.caller.slug}?items={items}{code}"
