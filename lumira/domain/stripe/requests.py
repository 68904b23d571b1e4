"""The requests for a PaymentIntent or a Checkout Session: parameters and idempotency key, frozen before the call."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from lumira.domain.charge_limits import step
from lumira.domain.goods import addresses
from lumira.domain.goods.shipping import Zone, postage_name
from lumira.domain.stripe import metadata as stripe_metadata
from lumira.models import Order, OrderLine, PaymentRequest, RequestKind
from lumira.models.columns import uuid7
from lumira.models.payment_request import RequestState

#: Stripe may delete an idempotency key after 24 hours; Lumira stops relying on it before.
KEY_TRUSTED_FOR = timedelta(hours=23)
#: Stripe does not publish the limit of a description, so this is well below the known one.
_DESCRIPTION_LENGTH = 500
#: Payment methods that confirm a payment hours or days later; units stay reserved until then.
DELAYED_METHODS = (
    "acss_debit",
    "au_becs_debit",
    "bacs_debit",
    "boleto",
    "customer_balance",
    "konbini",
    "multibanco",
    "nz_bank_account",
    "oxxo",
    "sepa_debit",
    "sofort",
    "us_bank_account",
)
#: Parameters that only make a payment more convenient or recognisable.
_EXTRAS = frozenset(("customer_email", "statement_descriptor_suffix", "locale", "shipping", "images"))


@dataclass(frozen=True, slots=True)
class Seller:
    """The part of the tenant that is sent to Stripe with every payment."""

    slug: str
    name: str
    statement_descriptor_suffix: str | None
    #: Where the shop sends goods.
    zones: tuple[Zone, ...] = ()
    #: The URL below which Stripe finds the images of the products; `None` if it cannot reach them.
    images_url: str | None = None


def freeze_intent_request(order: Order, *, seller: Seller, stripe_customer_id: str | None) -> PaymentRequest:
    """Return the frozen PaymentIntent request without a response, or freeze the next attempt."""
    parameters: dict[str, Any] = {
        "amount": order.amount,
        "currency": order.currency,
        "automatic_payment_methods": {"enabled": True},
        **_excluded_methods(order),
        **_description(order, seller),
        **_shipping(order),
    }
    if stripe_customer_id is not None:
        parameters["customer"] = stripe_customer_id
    return _freeze(order, RequestKind.PAYMENT_INTENT, parameters)


def freeze_session_request(
    order: Order,
    *,
    seller: Seller,
    stripe_customer_id: str | None,
    success_url: str,
    cancel_url: str,
    expires_at: datetime,
    locale: str | None = None,
) -> PaymentRequest:
    """Return the frozen Checkout Session request without a response, or freeze the next attempt.

    Stripe does not copy a session's metadata to its PaymentIntent, so both get them.
    """
    description = _description(order, seller)
    parameters: dict[str, Any] = {
        "mode": "payment",
        "line_items": [
            *(item for line in order.lines for item in _line_items(order, line, seller)),
            *_postage_item(order),
        ],
        "success_url": success_url,
        "cancel_url": cancel_url,
        "client_reference_id": order.order_number,
        "metadata": description["metadata"],
        "payment_intent_data": description | _shipping(order),
        "expires_at": int(expires_at.timestamp()),
        **_excluded_methods(order),
        **_asked_address(order, seller),
    }
    if locale is not None:
        parameters["locale"] = locale
    if stripe_customer_id is not None:
        parameters["customer"] = stripe_customer_id
    elif order.customer_email is not None:
        parameters["customer_email"] = order.customer_email
    return _freeze(order, RequestKind.CHECKOUT_SESSION, parameters)


def _freeze(order: Order, kind: RequestKind, parameters: dict[str, Any]) -> PaymentRequest:
    """A retry, by whichever process, sends exactly these parameters under exactly this key."""
    newest = order.requests[-1] if order.requests else None
    if newest is not None and newest.state is RequestState.FROZEN and newest.kind is kind:
        return newest
    attempt = len(order.requests) + 1
    request = PaymentRequest(
        id=uuid7(),
        attempt=attempt,
        kind=kind,
        parameters=_without_refused_extras(order, parameters),
        stripe_key=f"lumira-order-{order.id}-{attempt}",
        state=RequestState.FROZEN,
    )
    order.requests.append(request)
    return request


def _excluded_methods(order: Order) -> dict[str, Any]:
    """The delayed methods, if one of the order's products does not accept them."""
    if all(line.delayed_methods for line in order.lines):
        return {}
    return {"excluded_payment_method_types": list(DELAYED_METHODS)}


def _description(order: Order, seller: Seller) -> dict[str, Any]:
    """What Stripe's dashboard and the buyer's statement show of the payment."""
    description: dict[str, Any] = {
        "description": f"{seller.name} - {order.product_name}"[:_DESCRIPTION_LENGTH],
        "metadata": order_metadata(order, tenant_slug=seller.slug),
    }
    if seller.statement_descriptor_suffix is not None:
        description["statement_descriptor_suffix"] = seller.statement_descriptor_suffix
    return description


def _line_items(order: Order, line: OrderLine, seller: Seller) -> list[dict[str, Any]]:
    """The line at the prices that are charged: its discount is a part of them.

    A coupon at Stripe would round by rules of its own, and could be changed there. A discount that cannot be divided by
    the units makes two items of the line, whose prices differ by the smallest amount.
    """
    smallest = step(order.currency)
    lower, dearer = divmod(line.amount // smallest, line.quantity)
    prices = ((line.quantity - dearer, lower), (dearer, lower + 1))
    product: dict[str, Any] = {"name": line.product_name}
    if line.image_path is not None and seller.images_url is not None:
        product["images"] = [f"{seller.images_url}/{line.image_path}"]
    return [
        {
            "quantity": quantity,
            "price_data": {
                "currency": order.currency,
                "unit_amount": units * smallest,
                "product_data": product,
            },
        }
        for quantity, units in prices
        if quantity
    ]


def _postage_item(order: Order) -> list[dict[str, Any]]:
    """The postage as an item of the session, so that Stripe's total is the order's amount.

    Not Stripe's `shipping_options`, which belong to an address that its page asks for: it may be known already.
    """
    if order.shipping_amount == 0:
        return []
    price = {
        "currency": order.currency,
        "unit_amount": order.shipping_amount,
        "product_data": {"name": postage_name(order.shipping_zone or "", order.locale)},
    }
    return [{"quantity": 1, "price_data": price}]


def _shipping(order: Order) -> dict[str, Any]:
    """The recipient for Stripe, whose fraud rules and e-mails use it; nothing if the address is not whole."""
    address = addresses.read(order.shipping_address)
    return {"shipping": addresses.for_stripe(address)} if address is not None and address.is_whole else {}


def _asked_address(order: Order, seller: Seller) -> dict[str, Any]:
    """What Stripe's page asks for if the order has no whole address: in the countries of its zone only."""
    address = addresses.read(order.shipping_address)
    if order.shipping_zone is None or (address is not None and address.is_whole):
        return {}
    # The price is that of the zone. If the catalog has lost it since the order was opened, the country remains.
    zone = next((zone for zone in seller.zones if zone.name == order.shipping_zone), None)
    served = [country for each in seller.zones for country in each.countries]
    countries = zone.countries if zone else [address.country] if address else served
    asked: dict[str, Any] = {"shipping_address_collection": {"allowed_countries": list(countries)}}
    if zone is not None and zone.phone:
        asked["phone_number_collection"] = {"enabled": True}
    return asked


def order_metadata(order: Order, *, tenant_slug: str) -> dict[str, str]:
    """Return the metadata of the order's payment: the caller's, and Lumira's, which override them."""
    line = order.lines[0]
    is_level = line.level_number is not None and len(order.lines) == 1
    length = stripe_metadata.VALUE_LENGTH
    own = {
        stripe_metadata.PRODUCT_ID: ",".join(line.product_id for line in order.lines)[:length],
        stripe_metadata.PRODUCT_NAME: order.product_name[:length],
        stripe_metadata.LEVEL: line.product_id if is_level else "",
        stripe_metadata.CUSTOMER_EMAIL: (order.customer_email or "")[:length],
        stripe_metadata.ORDER_NUMBER: order.order_number,
        stripe_metadata.TENANT: tenant_slug,
        stripe_metadata.SOURCE: order.source,
        stripe_metadata.TIMESTAMP: order.created_at.isoformat(timespec="milliseconds"),
        stripe_metadata.REQUEST_ID: order.request_id or "",
    }
    metadata = dict(order.caller_metadata)
    if stripe_metadata.SOURCE in metadata:
        metadata.setdefault(stripe_metadata.CALLER_SOURCE, metadata[stripe_metadata.SOURCE])
    return {**metadata, **own}


def is_key_stale(keyed_at: datetime, now: datetime) -> bool:
    """Whether Stripe may have deleted an idempotency key that was first sent at `keyed_at`."""
    return now - keyed_at > KEY_TRUSTED_FOR


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why Stripe refused a request: its code and sentence, the parameter, and the time by Stripe's own clock."""

    code: str
    message: str
    param: str | None = None
    stripe_time: datetime | None = None

    @property
    def extra(self) -> str | None:
        """The name of the refused parameter, if the sale works without it; `None` for every other refusal."""
        names = re.findall(r"\w+", self.param or "")
        if self.code == "email_invalid":
            names = ["customer_email"]
        # A part of the address is refused as `shipping[address][state]`, and an image as
        # `line_items[0][price_data][product_data][images][0]`: without it the sale works.
        of_parts = ("shipping", "images")
        return next((name for name in (*of_parts, *names[-1:]) if name in names and name in _EXTRAS), None)


def mark_refused(request: PaymentRequest, refusal: Refusal, *, now: datetime) -> None:
    """Record that Stripe refused the request: the next attempt has a new key."""
    request.state = RequestState.REFUSED
    request.refusal = {"code": refusal.code, "message": refusal.message}
    if refusal.extra is not None:
        request.refusal["extra"] = refusal.extra
    if refusal.stripe_time is not None:
        request.refusal["stripe_time"] = refusal.stripe_time.isoformat()
    request.responded_at = now


def stripe_now(order: Order, now: datetime) -> datetime:
    """The time by Stripe's clock, if a refusal of this order's requests shows it; else `now`."""
    for request in reversed(order.requests):
        stripe_time = (request.refusal or {}).get("stripe_time")
        if stripe_time is not None and request.responded_at is not None:
            return now + (datetime.fromisoformat(stripe_time) - request.responded_at)
    return now


def _without_refused_extras(order: Order, parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters without those that Stripe refused before and that the sale does not need."""
    refused = {(request.refusal or {}).get("extra") for request in order.requests}
    kept = {name: value for name, value in parameters.items() if name not in refused}
    if "payment_intent_data" in kept:
        kept["payment_intent_data"] = _without_refused_extras(order, kept["payment_intent_data"])
    if "images" in refused and "line_items" in kept:
        kept["line_items"] = [_without_images(item) for item in kept["line_items"]]
    return kept


def _without_images(item: dict[str, Any]) -> dict[str, Any]:
    product = {name: value for name, value in item["price_data"]["product_data"].items() if name != "images"}
    return {**item, "price_data": {**item["price_data"], "product_data": product}}


def mark_unknown(request: PaymentRequest, *, now: datetime) -> None:
    """Record that Stripe failed on its side and replays that response for a day: look up before the next attempt."""
    request.state = RequestState.UNKNOWN
    request.responded_at = now
