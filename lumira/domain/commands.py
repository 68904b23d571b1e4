"""Commands and filters: what a caller requests of a use case, as frozen ids and values.

A schema builds them from the validated request, and the use case receives them. This module
imports no model, so that schemas may import it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from lumira.domain.goods.addresses import Address

#: The `source` of an order that was opened on Lumira's own page.
CHECKOUT_PAGE = "checkout_page"

#: The most units on hand of one product: sums of the figures stay far below what an integer column holds.
MAX_UNITS = 100_000_000


@dataclass(frozen=True, slots=True)
class CheckoutItem:
    """One product or one level, and its quantity. Exactly one of `product_id` and `level` is set.

    An item never carries a price: the catalog decides it.
    """

    product_id: str | None = None
    quantity: int = 1
    level: int | None = None


@dataclass(frozen=True, slots=True)
class Consents:
    """What the buyer consents to."""

    #: The version of the shop's terms.
    terms: str | None = None
    #: Delivery at once, with the acknowledgement that the right of withdrawal ends with it.
    immediate_delivery: bool = False


@dataclass(frozen=True, slots=True)
class CheckoutCommand:
    """Open a payment for the items: by a PaymentIntent, or on Stripe's page by a Checkout Session."""

    items: tuple[CheckoutItem, ...]
    customer_email: str | None = None
    customer_name: str | None = None
    #: The caller's own metadata for Stripe, within Stripe's limits.
    metadata: dict[str, str] = field(default_factory=dict)
    #: As the buyer entered it; `None` for a sale at the catalog's prices.
    promotion_code: str | None = None
    #: The amount in minor units, and the currency, that the buyer has seen; `None` if the caller does not say.
    expected: tuple[int, str] | None = None
    #: `None` if the request has no consents.
    consents: Consents | None = None
    #: Where goods are sent: the whole address, or the country alone; `None` if the request has none.
    shipping: Address | None = None
    #: The route that was called: `stripe`, `products`, `payments`, `checkout` or `checkout_page`.
    source: str = ""
    #: The buyer's language, `fr` or `en`; `None` if the request names neither.
    locale: str | None = None
    #: The language of Stripe's page; `None` lets Stripe choose by the buyer's browser.
    page_locale: str | None = None
    #: Where Stripe's page returns the buyer after payment or cancellation; empty for a PaymentIntent.
    success_url: str = ""
    cancel_url: str = ""

    @property
    def is_on_stripes_page(self) -> bool:
        """Whether the buyer pays on the page that Stripe hosts, which can ask for an address."""
        return bool(self.success_url)


@dataclass(frozen=True, slots=True)
class RefundLine:
    """Units of one product of an order."""

    product_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class RefundCommand:
    """Refund a payment: `amount` in minor units, or `lines` of the order, or the whole refundable amount."""

    amount: int | None = None
    #: One of Stripe's refund reasons.
    reason: str | None = None
    #: What they cost when the order was opened is refunded.
    lines: tuple[RefundLine, ...] = ()
    #: Whether the postage is refunded with the lines, or alone. Without lines and an amount, `False` refunds everything
    #: else, and `None` everything.
    postage: bool | None = None
    #: Whether it is another refund than an equal one that is under way or was just made.
    may_repeat: bool = True


@dataclass(frozen=True, slots=True)
class WithdrawalCommand:
    """Withdraw from these units of an order."""

    #: How many units of each order line, by its id.
    units: Mapping[UUID, int]
    #: The buyer's own words; `None` if they give none.
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class GoodsUnits:
    """Units of one product of an order."""

    product_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class ShipmentCommand:
    """Record a parcel: these units, or all that are to be shipped; times carry their offset."""

    carrier: str | None = None
    tracking_number: str | None = None
    #: `None`: the page of the carrier, if it is a known one.
    tracking_url: str | None = None
    #: `None`: now.
    shipped_at: datetime | None = None
    lines: tuple[GoodsUnits, ...] = ()
    #: How many shipments the order had in the form that an operator filled in: one that is sent twice records one.
    seen: int | None = None


@dataclass(frozen=True, slots=True)
class ShipmentChange:
    """Add to what is known of a parcel; `None` changes nothing."""

    carrier: str | None = None
    tracking_number: str | None = None
    tracking_url: str | None = None
    delivered_at: datetime | None = None
    #: The parcel was not sent, or was lost: its units are to be shipped again.
    is_cancelled: bool = False


@dataclass(frozen=True, slots=True)
class ReturnLine:
    """Units of one product that came back; `condition` is `restockable` or `damaged`."""

    product_id: str
    quantity: int
    condition: str = "restockable"


@dataclass(frozen=True, slots=True)
class ReturnCommand:
    """Record goods that came back; times carry their offset."""

    lines: tuple[ReturnLine, ...]
    #: `None`: now.
    received_at: datetime | None = None
    reason: str | None = None
    #: Whether the price of these units is refunded.
    is_refunded: bool = True
    #: How many returns the order had in the form that an operator filled in.
    seen: int | None = None


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """The orders to list; times carry their offset."""

    #: An order's status, such as `completed`.
    status: str | None = None
    customer_email: str | None = None
    created_after: datetime | None = None
    created_before: datetime | None = None
    updated_after: datetime | None = None
    #: The order has a line of this product.
    product_id: str | None = None
    #: The id of the last order of the previous page.
    after: UUID | None = None
    limit: int = 50


@dataclass(frozen=True, slots=True)
class AccessFilter:
    """The customer whose access is requested, for one product or level or for all."""

    customer_email: str
    product_id: str | None = None
    level: int | None = None
