"""The visit to a shop's checkout: a signed cookie that names it, and the orders that were opened in it.

One visit opens one order for one form, however often the form is sent. The cookie is the only proof that a visitor
opened an order: it has no script's access, and no other site's form sends it.
"""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from lumira.domain.commands import CheckoutItem

#: How long a visitor can return to an order.
_LIFETIME = timedelta(days=7)
#: How long a page may stay open before its form is sent.
_FORM_LIFETIME = timedelta(hours=2)
#: Orders that a visit keeps: a browser stores at most 4 kB in a cookie.
_ORDERS = 8


@dataclass(frozen=True, slots=True)
class OpenedHere:
    """An order that was opened in the visit: by which form, of what, and how Stripe's page and the order are named."""

    form_key: str
    items_key: str
    #: The id of the Checkout Session; the order number for a free order.
    reference: str
    order_number: str


@dataclass(frozen=True, slots=True)
class Visit:
    """One visitor of one shop."""

    id: str
    opened: tuple[OpenedHere, ...] = ()

    def find(self, reference: str) -> OpenedHere | None:
        """The order with this reference; `None` if it was not opened in this visit."""
        return next((each for each in self.opened if reference in (each.reference, each.order_number)), None)

    def adding(self, opened: OpenedHere) -> "Visit":
        """The visit with one more order; the oldest is left out if there are too many."""
        others = [each for each in self.opened if each.order_number != opened.order_number]
        return replace(self, opened=(*others, opened)[-_ORDERS:])

    def renewed(self) -> "Visit":
        """The visit after a paid order: the same form opens another order from now on."""
        return replace(self, id=secrets.token_urlsafe(16))

    def form_key(self, items: Sequence[CheckoutItem], shown: str, email: str, name: str) -> str:
        """The idempotency key of a form: the same for the same visit, items, price, terms and buyer."""
        return f"checkout-page-{_digest(self.id, _in_words(items), shown, email, name)}"

    def earlier(self, items: Sequence[CheckoutItem], form_key: str) -> list[OpenedHere]:
        """The orders of the same items that were opened by other forms: the buyer has corrected the form since."""
        return [
            each for each in self.opened if each.items_key == items_key(items) and each.form_key != form_key
        ]

    def sign_form(self, items: Sequence[CheckoutItem], shown: str) -> str:
        """Sign the price and terms that the page shows, so that only this visit's page can send its form."""
        return _serializer("form").dumps([_digest(self.id, _in_words(items)), shown])

    def read_form(self, items: Sequence[CheckoutItem], signed: str) -> str | None:
        """The price and terms that the page showed; `None` for a form of another visit or cart, or an old one."""
        try:
            sent = _serializer("form").loads(signed, max_age=int(_FORM_LIFETIME.total_seconds()))
        except BadSignature:
            return None
        digest, shown = sent
        return shown if secrets.compare_digest(digest, _digest(self.id, _in_words(items))) else None


def current_visit(slug: str) -> Visit:
    """The visit of the running request; a new one if it has no valid cookie."""
    try:
        visit, *opened = _serializer(f"visit.{slug}").loads(
            request.cookies.get(_cookie(slug), ""), max_age=int(_LIFETIME.total_seconds())
        )
        return Visit(visit, tuple(OpenedHere(*each) for each in opened))
    except BadSignature:
        return Visit(secrets.token_urlsafe(16))


def remember(reply: Response, slug: str, visit: Visit) -> Response:
    """Store the visit in the browser."""
    opened = [[each.form_key, each.items_key, each.reference, each.order_number] for each in visit.opened]
    reply.set_cookie(
        _cookie(slug),
        _serializer(f"visit.{slug}").dumps([visit.id, *opened]),
        max_age=_LIFETIME,
        path="/checkout",
        secure=request.is_secure,
        httponly=True,
        # Stripe's page leads back by a link: with `Strict` the browser would not send the cookie then.
        samesite="Lax",
    )
    return reply


def _cookie(slug: str) -> str:
    return f"lumira_checkout_{slug}"


def _serializer(purpose: str) -> URLSafeTimedSerializer:
    key: str = current_app.config["SECRET_KEY"]
    return URLSafeTimedSerializer(
        key,
        salt=f"lumira.checkout.{purpose}",
        signer_kwargs={"key_derivation": "hmac", "digest_method": hashlib.sha256},
    )


def items_key(items: Sequence[CheckoutItem]) -> str:
    """The short name of a cart in the cookie."""
    return _digest(_in_words(items))[:12]


def _in_words(items: Sequence[CheckoutItem]) -> str:
    return ",".join(f"{item.product_id}:{item.quantity}" for item in items)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
