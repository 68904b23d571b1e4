"""Pages of a shop's checkout: its products, the form that buys one or a cart, and the page after the payment."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from lumira.countries import named
from lumira.documents.figures import rate_in
from lumira.domain.goods.addresses import needs_postal_code
from lumira.errors.orders import InvalidPromotionCode
from lumira.models import Tenant
from lumira.pages.portal import PageContext
from lumira.pages.rendering import render_page
from lumira.services.checkout.view_offer import Offer, ShopEntry
from lumira.services.checkout.view_opened import OpenedOrder


class CheckoutNotice(StrEnum):
    """The text of a notice page of the checkout."""

    NOT_ON_SALE = "not_on_sale"
    BAD_CART = "bad_cart"
    NOT_OPENED_HERE = "not_opened_here"


class FormError(StrEnum):
    """What is wrong with a form that was sent, or with its sale."""

    EMAIL = "email"
    NAME = "name"
    #: A part of the address is missing or not valid: `FormState.wrong` names it.
    ADDRESS = "address"
    COUNTRY = "country"
    STALE = "stale"
    PRICE_CHANGED = "price_changed"
    TERMS_CHANGED = "terms_changed"
    CONSENT = "consent"
    CODE = "code"
    OUT_OF_STOCK = "out_of_stock"
    HAS_IT_ALREADY = "has_it_already"
    TOO_OFTEN = "too_often"
    BEING_OPENED = "being_opened"
    CLOSED = "closed"
    GONE = "gone"
    LATER = "later"
    NOT_POSSIBLE = "not_possible"


@dataclass(frozen=True, slots=True)
class CodeState:
    """The promotion code that was entered, why it does not count, and the form that enters another one."""

    entered: str = ""
    #: A `WhyNot`, or `too_often`; `None` if it counts, or none was entered.
    problem: str | None = None
    #: What the products have to cost, in minor units, if they cost less.
    minimum: int | None = None
    #: The path of the page, and its other parameters.
    path: str = ""
    others: tuple[tuple[str, str], ...] = ()

    def failing(self, error: InvalidPromotionCode) -> "CodeState":
        """The same code with the reason why it does not count."""
        minimum = error.details.get("minimum")
        return replace(
            self,
            problem=str(error.details.get("why", "unknown")),
            minimum=minimum if isinstance(minimum, int) else None,
        )

    def limited(self) -> "CodeState":
        """The same code, which was not looked up."""
        return replace(self, problem="too_often")


@dataclass(frozen=True, slots=True)
class FormState:
    """What was entered in the form, and what is wrong with it."""

    email: str = ""
    name: str = ""
    #: Whether the buyer ticked the boxes.
    terms: bool = False
    immediate_delivery: bool = False
    #: The parts of the address by the names of their fields.
    address: Mapping[str, str] = field(default_factory=dict)
    #: The fields of the address that are missing or not valid.
    wrong: tuple[str, ...] = ()
    error: FormError | None = None
    code: CodeState = field(default_factory=CodeState)

    def failing(self, error: FormError | None, *wrong: str) -> "FormState":
        """The same entries with this error, and the fields of the address that it is about."""
        return replace(self, error=error, wrong=wrong)


def index(context: PageContext, shops: Sequence[Tenant], *, sandbox: str | None) -> str:
    """Render the index of a development installation: its shops, the API's document and the sandbox."""
    return _render("index.html.jinja", context, shops=shops, sandbox=sandbox)


def shop(context: PageContext, entries: Sequence[ShopEntry], *, here: str, code: str = "") -> str:
    """Render the list of what is on sale; `here` is the path of the shop, `code` a promotion code for each page."""
    return _render("shop.html.jinja", context, entries=entries, here=here, code=code)


def offer(
    context: PageContext,
    offer: Offer,
    state: FormState,
    *,
    shown: str,
    is_sold: bool,
    shop: str,
    path_of: Callable[[str], str],
    whole_page: str | None = None,
) -> str:
    """Render the page that sells an offer; `shown` signs what it shows, `is_sold` adds the button.

    `shop` is the path of the shop, and `path_of` returns that of the same page for another variant. In a frame, the
    form is sent by the whole window to `whole_page`.
    """
    return _render(
        "checkout.html.jinja",
        context,
        offer=offer,
        state=state,
        shown=shown,
        is_sold=is_sold,
        shop=shop,
        path_of=path_of,
        whole_page=whole_page,
        vat=_vat(context, offer),
        countries=_countries(context, offer),
        address_fields=_address_fields(offer),
    )


def opened(
    context: PageContext,
    view: OpenedOrder,
    *,
    sent_to: str | None,
    again: str,
    pay: str | None,
    shop: str,
    look_again: str | None,
) -> str:
    """Render how far the payment of an order is.

    `again` is the path of the form that buys the same, `pay` that of the page that pays this order, `sent_to` the
    address.
    """
    return _render(
        "opened.html.jinja",
        context,
        order=view.order,
        progress=str(view.progress),
        sent_to=sent_to,
        again=again,
        pay=pay,
        shop=shop,
        look_again=look_again,
    )


def to_stripe(context: PageContext, url: str) -> str:
    """Render a link to Stripe's page, which the browser follows by itself."""
    return _render("to_stripe.html.jinja", context, url=url)


def notice(context: PageContext, kind: CheckoutNotice, *, back: str) -> str:
    """Render a notice with a link to the shop's products."""
    return _render("checkout_notice.html.jinja", context, kind=str(kind), back=back)


def _countries(context: PageContext, offer: Offer) -> list[tuple[str, list[tuple[str, str]]]]:
    """The countries that the shop serves, by zone: the code and the name of each in the page's language."""
    return [(zone.name, named(zone.countries, context.language)) for zone in offer.zones]


def _address_fields(offer: Offer) -> list[tuple[str, str, str, bool]]:
    """The fields of the address but its country: name, input type, autocomplete token, and whether it is required."""
    if offer.country is None:
        return []
    needs_code = needs_postal_code(offer.country)
    needs_phone = offer.postage is not None and offer.postage.zone.phone
    fields = [
        ("line1", "text", "shipping address-line1", True),
        ("line2", "text", "shipping address-line2", False),
        ("postal_code", "text", "shipping postal-code", needs_code),
        ("city", "text", "shipping address-level2", True),
        ("state", "text", "shipping address-level1", False),
    ]
    return [*fields, ("phone", "tel", "shipping tel", True)] if needs_phone else fields


def _vat(context: PageContext, offer: Offer) -> str | None:
    """The rate of the included VAT, in words; `None` where the seller charges none."""
    return rate_in(context.language, offer.vat_rate) if offer.vat_rate else None


def _render(template: str, context: PageContext, **values: object) -> str:
    return render_page(
        template, tenant=context.tenant, language=context.language, nonce=context.nonce, **values
    )
