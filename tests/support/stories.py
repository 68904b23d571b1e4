"""Stories of sales: what is sold, which attempts to pay fail, how the payment ends, and which money is returned.

Two kinds: a sale with a PaymentIntent, and a cart with a Checkout Session, whose PaymentIntent exists only after the
first attempt to pay. `tests.support.story_player` turns a story into Stripe's events and objects.
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
#: How a bank transfer ends: whole, in two parts, one part and no more, or nothing arrives.
TRANSFERS = ("paid_by_transfer", "paid_by_parts", "part_funded", "awaits_transfer")
ENDINGS = (
    *TRANSFERS,
    "paid",
    "paid_after_action",
    "paid_by_debit",
    "canceled",
    "left_open",
    "left_processing",
    "mismatch",
)
ENDINGS_ON_PAGE = (
    *TRANSFERS,
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
#: What the page makes of the order's total: more, less, the same in another currency, or nothing to pay.
PAGE_TOTALS = ("more", "less", "usd", "nothing")
#: Where the address of a buyer is known from who pays on the tenant's page: the sale, the charge, or nowhere.
EMAILS = ("sale", "sale", "sale", "charge", "nowhere")
#: What happens to a refund that Lumira makes automatically.
AUTOMATIC_REFUNDS = ("pending_succeeded", "succeeded", "pending_failed", "failed_later")
#: What an operator does while the events arrive.
OPERATOR = ("merge", "address")
#: What the shop does with the goods; what the order does not permit is left out.
PARCEL_STEPS = (
    "ship_all",
    "ship_one",
    "ship_one",
    "deliver",
    "cancel",
    "take_back",
    "take_back_damaged",
    "take_back_refunded",
)
#: The postage of a shop that sends goods to an address, in minor units.
POSTAGE = 490
#: What becomes of the buyer's withdrawal from the whole order; one that is accepted is refunded.
WITHDRAWALS = ("waiting", "refused", "accepted")
#: The permissions that a restricted key may lack at first.
PERMISSIONS = (
    "rak_charge_read",
    "rak_checkout_session_read",
    "rak_checkout_session_write",
    "rak_dispute_read",
    "rak_early_fraud_warning_read",
    "rak_event_read",
    "rak_payment_intent_read",
    "rak_payment_intent_write",
    "rak_refund_read",
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
    #: Whether the issuer of the card warns of fraud, before any dispute.
    is_warned: bool = False
    #: Whether another PaymentIntent that names the order is paid, too.
    is_paid_again: bool = False
    #: What the page makes of the total; `None`: it stays the order's.
    page_total: str | None = None
    #: Where the buyer's address is known from who pays on the tenant's page.
    email_from: str = "sale"
    #: What happens to each refund that Lumira makes automatically.
    automatic_refunds: str = "pending_succeeded"
    #: What an operator does while the events arrive, in this order.
    operator: tuple[str, ...] = ()
    #: What becomes of the buyer's withdrawal; `None`: they do not withdraw.
    withdrawal: str | None = None
    #: The permission that the tenant's key lacks at first.
    missing_permission: str | None = None
    #: Whether some webhooks are lost, so that their events are pulled.
    loses_webhooks: bool = False
    #: Whether the buyer enters a promotion code of ten percent.
    has_code: bool = False
    #: Whether the goods are sent to an address for a postage; on Stripe's page its buyer enters the address.
    has_postage: bool = False
    #: What the shop does with the goods while the events arrive, in this order.
    parcels: tuple[str, ...] = ()

    @property
    def price(self) -> int:
        whole = sum(PRICES[product] * quantity for product, quantity in self.items)
        return (whole - whole // 10 if self.has_code else whole) + self.postage

    @property
    def has_goods(self) -> bool:
        return any(product in GOODS for product, _ in self.items)

    @property
    def postage(self) -> int:
        """In minor units; a promotion code does not lower it."""
        return POSTAGE if self.has_postage else 0

    @property
    def total(self) -> int:
        """What Stripe requests, in minor units."""
        return {"more": self.price + 500, "less": self.price - 500, "nothing": 0}.get(
            self.page_total or "", self.price
        )

    @property
    def currency(self) -> str:
        return "usd" if self.page_total == "usd" else "eur"

    @property
    def is_paid(self) -> bool:
        """Whether the payment of the story itself succeeds."""
        return self.ending.startswith("paid") and self.page_total != "nothing"

    @property
    def has_right_amount(self) -> bool:
        """Whether any payment is of the order's amount."""
        return (self.is_paid and self.page_total is None) or self.is_paid_again

    @property
    def asks_email(self) -> bool:
        """Whether the sale is without the buyer's address."""
        return self.page_asks_email or self.email_from != "sale"


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Generate any story that a sale can have at Stripe."""
    on_page = draw(st.booleans())
    ending = draw(st.sampled_from(ENDINGS_ON_PAGE if on_page else ENDINGS))
    attempts = FAILED_ATTEMPTS_ON_PAGE if on_page else FAILED_ATTEMPTS
    is_paid_again = draw(_RARELY)
    # Which of two payments settles the order would depend on their order, if only the page's is of another total.
    may_differ = on_page and not is_paid_again and draw(_RARELY)
    page_total = draw(st.sampled_from(_page_totals(ending))) if may_differ else None
    # Refunds and disputes may be known before the address is looked up, which is then left out.
    email_from = "sale" if on_page else draw(st.sampled_from(EMAILS))
    # If there is another payment, Lumira itself refunds a payment of the wrong amount.
    is_paid = ending.startswith("paid") and page_total != "nothing"
    # The amount of the refund would depend on what was refunded before, or on which payment settles the order then.
    is_plain = not is_paid_again and page_total is None and ending != "mismatch"
    is_refundable = email_from == "sale" and (is_paid or (ending == "mismatch" and not is_paid_again))
    refunds, disputes = draw(_returned()) if is_refundable else ((), ())
    is_accepted_possible = is_plain and not refunds and not disputes
    withdrawals = WITHDRAWALS if is_accepted_possible else WITHDRAWALS[:-1]
    withdrawal = draw(st.sampled_from(withdrawals)) if draw(_RARELY) else None
    items = draw(_items(most=4 if on_page else 1))
    has_goods = any(product in GOODS for product, _ in items)
    # What remains to be refunded because of a return would depend on what was refunded before.
    may_refund_returns = is_accepted_possible and withdrawal is None and email_from == "sale"
    # Whether a refund ends a warning would depend on whether it is known to have failed; returns refund too.
    is_unrefunded = not is_paid_again and not refunds and withdrawal != "accepted" and not has_goods
    is_warning_possible = is_refundable and is_unrefunded
    return Story(
        items=items,
        releases_at_once=draw(st.booleans()),
        on_page=on_page,
        earlier=draw(st.sampled_from(EARLIER)) if on_page else None,
        page_asks_email=draw(st.booleans()) if on_page else False,
        attempts=tuple(draw(st.lists(st.sampled_from(attempts), max_size=3))),
        ending=ending,
        refunds=refunds,
        disputes=disputes,
        is_warned=draw(_RARELY) if is_warning_possible else False,
        is_paid_again=is_paid_again,
        page_total=page_total,
        email_from=email_from,
        automatic_refunds=draw(st.sampled_from(AUTOMATIC_REFUNDS)),
        operator=tuple(draw(st.lists(st.sampled_from(OPERATOR), max_size=2))) if draw(_RARELY) else (),
        missing_permission=draw(st.sampled_from(PERMISSIONS)) if draw(_RARELY) else None,
        loses_webhooks=draw(_RARELY),
        has_code=draw(_RARELY),
        withdrawal=withdrawal,
        has_postage=has_goods and draw(st.booleans()),
        parcels=draw(_parcels(may_refund=may_refund_returns)) if has_goods and draw(st.booleans()) else (),
    )


def _page_totals(ending: str) -> tuple[str | None, ...]:
    """Return what a page may make of the total: nothing to pay ends at once, and what ends unpaid stays the order's."""
    if ending == "paid":
        return PAGE_TOTALS
    is_completed = ending.startswith("paid") or ending in (*TRANSFERS, "debit_failed", "left_processing")
    return PAGE_TOTALS[:-1] if is_completed else (None,)


@st.composite
def _returned(draw: st.DrawFn) -> tuple[tuple[tuple[int, str], ...], tuple[tuple[int, str], ...]]:
    """Generate refunds and disputes: the percent of the price, and what happens to each."""
    percent, dispute_percent = st.sampled_from((1, 10, 33, 50, 67, 100)), st.sampled_from((20, 100, 110))
    refunds = st.lists(st.tuples(percent, st.sampled_from(REFUND_OUTCOMES)), max_size=4)
    disputes = st.lists(st.tuples(dispute_percent, st.sampled_from(DISPUTE_OUTCOMES)), max_size=2)
    return tuple(draw(refunds)), tuple(draw(disputes))


@st.composite
def _parcels(draw: st.DrawFn, *, may_refund: bool) -> tuple[str, ...]:
    steps = PARCEL_STEPS if may_refund else PARCEL_STEPS[:-1]
    return ("ship_one", *draw(st.lists(st.sampled_from(steps), max_size=3)))


@st.composite
def _items(draw: st.DrawFn, *, most: int) -> tuple[tuple[str, int], ...]:
    products = draw(st.lists(st.sampled_from(list(PRICES)), min_size=1, max_size=most, unique=True))
    return tuple((product, draw(st.integers(1, 3)) if product in GOODS else 1) for product in products)
