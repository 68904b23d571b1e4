"""Stories of sales: what is sold, which attempts to pay fail, how the payment ends, and which money is returned.

Two kinds: a sale with a PaymentIntent, and a cart with a Checkout Session, whose PaymentIntent exists only after the
first attempt to pay. `tests.support.story_player` turns a story into Stripe's events.
"""

from dataclasses import dataclass
from datetime import UTC, datetime

from hypothesis import strategies as st

#: Products and their prices in minor units, as in the tests' catalog.
PRICES = {"mystique": 4700, "strict": 3000, "shirt": 5900, "cap": 1900}
GOODS = ("shirt", "cap")
#: A product that is not restocked when it is refunded.
NOT_RESTOCKED = "cap"
#: How an attempt to pay fails before the payment ends.
FAILED_ATTEMPTS = ("declined", "action_refused", "action_declined", "debit_bounced")
#: A pending debit completes the session, so that no other attempt is possible there.
FAILED_ATTEMPTS_ON_PAGE = ("declined", "action_refused", "action_declined")
ENDINGS = (
    "paid",
    "paid_after_action",
    "paid_by_debit",
    "canceled",
    "left_open",
    "left_processing",
    "mismatch",
)
ENDINGS_ON_PAGE = (
    "paid",
    "paid_after_action",
    "paid_by_debit",
    "debit_failed",
    "left_open",
    "left_processing",
    "expired",
    "expired_quietly",
    "expired_while_acting",
)
#: How an earlier session of the order ended; most orders have none.
EARLIER = (None, None, None, "expired", "declined", "declined_quietly", "debit_failed")
#: What happens to a refund after it is created.
REFUND_OUTCOMES = (
    "succeeded",
    "pending",
    "pending_succeeded",
    "pending_failed",
    "failed_later",
    "action_canceled",
)
#: What happens to a dispute after it is created.
DISPUTE_OUTCOMES = (
    "inquiry",
    "inquiry_closed",
    "escalated_won",
    "open",
    "won",
    "lost",
    "lost_at_once",
    "late_win",
)
#: The e-mail address that a buyer enters on Stripe's page.
PAYER = "payer@example.com"
PAGE_ENDS_AT = datetime(2030, 1, 1, tzinfo=UTC)
_RARELY = st.sampled_from((False, False, False, False, True))


@dataclass(frozen=True)
class Story:
    """One sale from its first attempt to pay to its last refund or dispute."""

    #: Products and quantities.
    items: tuple[tuple[str, int], ...] = (("mystique", 1),)
    #: Whether a failed attempt releases the stock at once: a setting of the tenant.
    releases_at_once: bool = False
    #: Whether it is paid with a Checkout Session.
    on_page: bool = False
    #: How the session before that one ended.
    earlier: str | None = None
    #: Whether only Stripe's page asks for the buyer's e-mail address.
    page_asks_email: bool = False
    attempts: tuple[str, ...] = ()
    ending: str = "left_open"
    #: Percent of the price, and what happens to the refund.
    refunds: tuple[tuple[int, str], ...] = ()
    disputes: tuple[tuple[int, str], ...] = ()
    #: Whether another PaymentIntent that names the order is paid, too.
    is_paid_again: bool = False

    @property
    def price(self) -> int:
        return sum(PRICES[product] * quantity for product, quantity in self.items)

    @property
    def has_right_amount(self) -> bool:
        """Whether any payment is of the order's amount."""
        return self.ending.startswith("paid") or self.is_paid_again


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Generate any story that a sale can have at Stripe."""
    on_page = draw(st.booleans())
    ending = draw(st.sampled_from(ENDINGS_ON_PAGE if on_page else ENDINGS))
    attempts = FAILED_ATTEMPTS_ON_PAGE if on_page else FAILED_ATTEMPTS
    is_paid_again = draw(_RARELY)
    # If there is another payment, Lumira itself refunds a payment of the wrong amount.
    is_refundable = ending.startswith("paid") or (ending == "mismatch" and not is_paid_again)
    percent, dispute_percent = st.sampled_from((1, 10, 33, 50, 67, 100)), st.sampled_from((20, 100, 110))
    refunds = st.lists(st.tuples(percent, st.sampled_from(REFUND_OUTCOMES)), max_size=4)
    disputes = st.lists(st.tuples(dispute_percent, st.sampled_from(DISPUTE_OUTCOMES)), max_size=2)
    return Story(
        items=draw(_items(most=4 if on_page else 1)),
        releases_at_once=draw(st.booleans()),
        on_page=on_page,
        earlier=draw(st.sampled_from(EARLIER)) if on_page else None,
        page_asks_email=draw(st.booleans()) if on_page else False,
        attempts=tuple(draw(st.lists(st.sampled_from(attempts), max_size=3))),
        ending=ending,
        refunds=tuple(draw(refunds)) if is_refundable else (),
        disputes=tuple(draw(disputes)) if is_refundable else (),
        is_paid_again=is_paid_again,
    )


@st.composite
def _items(draw: st.DrawFn, *, most: int) -> tuple[tuple[str, int], ...]:
    products = draw(st.lists(st.sampled_from(list(PRICES)), min_size=1, max_size=most, unique=True))
    return tuple((product, draw(st.integers(1, 3)) if product in GOODS else 1) for product in products)
