"""The visit to a shop's checkout: a signed cookie that names it, and one for each order that was opened in it.

One visit opens one order for one form, however often the form is sent. The cookies are the only proof that a visitor
opened an order: scripts cannot read them, and no other site's form sends them. Each order has a cookie of its own, so
that two tabs do not overwrite each other's.

A page in the frame of another site has no cookies: browsers neither send nor store them there. Its form names a visit
of its own, which counts for this form alone and never becomes the visitor's.
"""

import hashlib
import re
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import timedelta

from flask import Response, request
from itsdangerous import BadSignature, URLSafeTimedSerializer

from lumira.blueprints.pages.signed_values import signed_values
from lumira.domain.commands import CheckoutItem

#: How long a visitor can return to an order.
_LIFETIME = timedelta(days=7)
#: How long a page may stay open before its form is sent.
_FORM_LIFETIME = timedelta(hours=2)
#: Orders that a visit keeps: a browser stores some fifty cookies for a host.
_ORDERS = 8


@dataclass(frozen=True, slots=True)
class OpenedHere:
    """An order that was opened in the visit, and by which form: of what, and for whom."""

    order_number: str
    #: The id of the Checkout Session; the order number for an order without one.
    reference: str
    #: Empty once the order was shown as paid: its form opens another order from then on.
    form_key: str
    items_key: str
    buyer_key: str

    def is_for(self, email: str | None) -> bool:
        """Whether the address is the one that was typed in the form."""
        return email is not None and secrets.compare_digest(self.buyer_key, _buyer_key(email))


@dataclass(frozen=True, slots=True)
class Visit:
    """One visitor of one shop, and the orders that were opened, oldest first."""

    id: str
    opened: tuple[OpenedHere, ...] = ()
    is_new: bool = False
    #: Of a form that was sent from a frame, in place of `id`.
    frame_id: str | None = None

    def find(self, reference: str) -> OpenedHere | None:
        """The order with this reference; `None` if it was not opened in this visit."""
        return next((each for each in self.opened if reference in (each.reference, each.order_number)), None)

    def of_items(self, items: Sequence[CheckoutItem]) -> list[OpenedHere]:
        """The orders of the same items whose payment was not shown as made."""
        return [each for each in self.opened if each.items_key == _items_key(items) and each.form_key]

    def form_key(
        self, items: Sequence[CheckoutItem], shown: str, email: str, name: str, *, is_paid_here: bool = False
    ) -> str:
        """The idempotency key of a form: the same for the same visit, items, price, terms, buyer and payment page."""
        page = "element" if is_paid_here else "page"
        return f"checkout-{page}-{_digest(self.frame_id or self.id, _in_words(items), shown, email, name)}"

    def key_instead_of(self, order_number: str) -> str:
        """The idempotency key of the order that is paid on Stripe's page instead of this one here."""
        return f"checkout-instead-{_digest(self.id, order_number)}"

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

    def read_framed_form(self, items: Sequence[CheckoutItem], signed: str) -> tuple["Visit", str] | None:
        """The visit with the name that a form from a frame carries, and what the frame showed; `None` for another form.

        The visitor's own name stays: a form that another site made opens its one order, and reveals no other.
        """
        try:
            sent = _serializer("frame").loads(signed, max_age=int(_FORM_LIFETIME.total_seconds()))
        except BadSignature:
            return None
        frame_id, in_words, shown = sent
        return (replace(self, frame_id=frame_id), shown) if in_words == _in_words(items) else None

    def renewed(self) -> "Visit":
        """The visit under another name: the same forms open other orders from now on."""
        return replace(self, id=secrets.token_urlsafe(16), is_new=True, frame_id=None)


def sign_framed_form(items: Sequence[CheckoutItem], shown: str) -> str:
    """Sign what a page in a frame shows, and name a visit for its form."""
    return _serializer("frame").dumps([secrets.token_urlsafe(16), _in_words(items), shown])


def opened_here(
    items: Sequence[CheckoutItem], *, order_number: str, reference: str, form_key: str, email: str
) -> OpenedHere:
    """An order that the running request has opened."""
    return OpenedHere(order_number, reference, form_key, _items_key(items), _buyer_key(email))


def current_visit(slug: str) -> Visit:
    """The visit of the running request; a new one if it has no valid cookie."""
    opened = sorted(_read_orders(slug), key=lambda each: each[0])
    try:
        visit_id: str = _serializer(f"visit.{slug}").loads(
            request.cookies.get(_cookie(slug), ""), max_age=int(_LIFETIME.total_seconds())
        )
    except BadSignature:
        return Visit(secrets.token_urlsafe(16), is_new=True)
    return Visit(visit_id, tuple(each for _, each in opened))


def remember(reply: Response, slug: str, visit: Visit) -> Response:
    """Store a new visit in the browser; one that it has already stays as it is."""
    if visit.is_new:
        _set_cookie(reply, _cookie(slug), _serializer(f"visit.{slug}").dumps(visit.id))
    return reply


def remember_order(reply: Response, slug: str, visit: Visit, opened: OpenedHere) -> Response:
    """Store an order of the visit in the browser; the oldest ones are removed if there are too many."""
    others = [each for each in visit.opened if each.order_number != opened.order_number]
    for oldest in others[: max(0, len(others) + 1 - _ORDERS)]:
        _delete_cookie(reply, _order_cookie(slug, oldest.order_number))
    value = _serializer(f"order.{slug}").dumps(astuple(opened))
    _set_cookie(reply, _order_cookie(slug, opened.order_number), value)
    return remember(reply, slug, visit)


def _read_orders(slug: str) -> Iterator[tuple[float, OpenedHere]]:
    """The orders in the request's cookies, each with when it was stored."""
    name = re.compile(rf"{re.escape(_order_cookie(slug, ''))}[A-Z0-9-]+")
    for cookie, value in request.cookies.items():
        if name.fullmatch(cookie):
            try:
                stored, at = _serializer(f"order.{slug}").loads(
                    value, max_age=int(_LIFETIME.total_seconds()), return_timestamp=True
                )
            except BadSignature:
                continue
            yield at.timestamp(), OpenedHere(*stored)


def _set_cookie(reply: Response, name: str, value: str) -> None:
    reply.set_cookie(
        name,
        value,
        max_age=_LIFETIME,
        path="/checkout",
        secure=request.is_secure,
        httponly=True,
        # Stripe's page leads back by a link: with `Strict` the browser would not send the cookie then.
        samesite="Lax",
    )


def _delete_cookie(reply: Response, name: str) -> None:
    # Browsers ignore what is not `Secure` for a name that begins with `__Secure-`.
    reply.delete_cookie(name, path="/checkout", secure=request.is_secure, httponly=True, samesite="Lax")


def _cookie(slug: str) -> str:
    return _named(f"lumira_checkout_{slug}")


def _order_cookie(slug: str, order_number: str) -> str:
    return _named(f"lumira_order_{slug}_{order_number}")


def _named(name: str) -> str:
    # Not `__Host-`, which requires the path `/`: up to nine cookies for each shop would be sent with every request.
    return f"__Secure-{name}" if request.is_secure else name


def _serializer(purpose: str) -> URLSafeTimedSerializer:
    return signed_values(f"lumira.checkout.{purpose}")


def _items_key(items: Sequence[CheckoutItem]) -> str:
    return _digest(_in_words(items))[:12]


def _buyer_key(email: str) -> str:
    return _digest(email.casefold())[:12]


def _in_words(items: Sequence[CheckoutItem]) -> str:
    return ",".join(f"{item.product_id}:{item.quantity}" for item in items)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]
