"""The purchases, what happens to their payments, and the kills, generated from one seed."""

import random
from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum

from tests.chaos.behaviour import (
    AFTER_PAYMENT,
    CHECKOUT_STORIES,
    PAID_BY_CARD,
    PARCELS,
    REFUNDS,
    RETRIES,
    STORIES,
    AfterPayment,
    Parcels,
    Story,
)

TENANTS = ("chaos-one", "chaos-two", "chaos-three")
#: In this tenant a failed attempt releases the units at once, in the others only the deadline does.
RELEASES_ON_FAILURE = "chaos-two"
#: These tenants issue receipts.
SELLERS = ("chaos-one", "chaos-two")
#: Price in minor units of every product, and the number of every level; the same in each tenant's catalog.
PRICES = {
    "simple": 0,
    "intuitive": 1400,
    "alchimique": 2900,
    "integrale": 4900,
    "mystique": 4700,
    "strict": 3000,
    "shirt": 5900,
    "cap": 1900,
    "poster": 2500,
}
LEVELS = {"simple": 1, "intuitive": 2, "alchimique": 3, "integrale": 4}
#: A promotion code of ten percent in each tenant.
PROMOTION_CODE = "CHAOS10"
#: A partial refund revokes the access to this product.
REVOKED_ON_PARTIAL_REFUND = "strict"
GOODS = ("shirt", "cap", "poster")
#: This tenant asks where goods are sent, and what postage it takes for it, in minor units.
SENDS_TO_ADDRESSES, POSTAGE = "chaos-one", 490
#: A refund does not return this product to the stock.
NOT_RESTOCKED = "cap"
#: The initial stock as a share of the units in all purchases, so that the last buyers find none.
_STOCKED = 0.55


class Victim(StrEnum):
    """The kind of process that is killed."""

    WEB_WORKER = "web worker"
    WEB_MASTER = "web master"
    JOB_WORKER = "job worker"
    DATABASE_BACKEND = "database backend"
    POSTMASTER = "postmaster"


_DIGITAL = [product for product, price in PRICES.items() if price and product not in GOODS]
#: Shares of all purchases; the others are one digital product.
_CARTS, _SINGLE_GOODS = 0.25, 0.12
#: Buyers with several purchases, so that orders of one customer are opened concurrently.
_REGULARS = 25
_REFUNDED_BY_LUMIRA = 0.5
#: Without an address Checkout requires one, and Stripe reports it only once the session is complete.
_WITHOUT_EMAIL = (Story.PAYS, Story.CLICKS_TWICE, Story.AUTHENTICATES, Story.DEBIT)


@dataclass(frozen=True, slots=True)
class Purchase:
    """One purchase. `pace` is a number from 0 to 1 that varies the pauses of the buyer."""

    number: int
    tenant: str
    #: Pairs of product and quantity.
    items: tuple[tuple[str, int], ...]
    #: Whether it is a cart that is paid in a Checkout Session.
    uses_checkout: bool
    email: str | None
    story: Story
    after: AfterPayment
    #: Whether its refunds are requested from Lumira instead of made in Stripe's Dashboard.
    refunds_by_lumira: bool
    parcels: Parcels
    pace: float
    key: str

    @property
    def product(self) -> str:
        return self.items[0][0]

    @property
    def has_code(self) -> bool:
        """Whether the buyer enters the promotion code."""
        return self.number % 5 == 0 and self.story is not Story.FREE

    @property
    def price(self) -> int:
        whole = sum(PRICES[product] * quantity for product, quantity in self.items)
        return (whole - whole // 10 if self.has_code else whole) + self.postage

    @property
    def postage(self) -> int:
        """In minor units; the promotion code does not lower it."""
        return POSTAGE if self.goods and self.tenant == SENDS_TO_ADDRESSES else 0

    @property
    def goods(self) -> dict[str, int]:
        """Units of physical products."""
        return {product: quantity for product, quantity in self.items if product in GOODS}

    @property
    def typed_email(self) -> str | None:
        """The address that is typed in the payment form of the tenant's page, where none came with the sale.

        A refund or a dispute might be known before the address is looked up, so the buyer has neither.
        """
        is_left_alone = (
            self.after is AfterPayment.NOTHING
            and self.story is not Story.DEBIT_DISPUTED
            and not self.may_be_sold_out
        )
        is_typed = self.email is None and not self.uses_checkout and is_left_alone and self.number % 2 == 0
        return f"typed-{self.number}@example.com" if is_typed else None

    @property
    def may_be_sold_out(self) -> bool:
        """Whether its second attempt may be paid without stock: the failed one has released the units."""
        if not self.goods or self.story not in RETRIES:
            return False
        return self.tenant == RELEASES_ON_FAILURE or self.story is Story.DEBIT_FAILS_THEN_PAYS


@dataclass(frozen=True, slots=True)
class Kill:
    """A kill once `at` purchases have been opened.

    `which` (0 to 1) selects one of several processes; `downtime` is in seconds.
    """

    at: int
    victim: Victim
    which: float
    downtime: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that happens in a run, except for its scheduling."""

    purchases: tuple[Purchase, ...]
    kills: tuple[Kill, ...]
    #: Initial stock by tenant and product.
    stock: dict[tuple[str, str], int]


def make_plan(events: int, kills: int, seed: int) -> Plan:
    """Return the plan of a seed; equal arguments give equal plans."""
    rng = random.Random(f"{seed}:{events}:{kills}")
    purchases = tuple(_purchase(rng, number, seed) for number in range(events))
    return Plan(purchases, tuple(_kills(rng, events, kills)), _stock(purchases))


def _purchase(rng: random.Random, number: int, seed: int) -> Purchase:
    kind = rng.random()
    uses_checkout = kind < _CARTS
    weights = CHECKOUT_STORIES if uses_checkout else STORIES
    story = rng.choices(list(weights), list(weights.values()))[0]
    items = _items(rng, story, uses_checkout=uses_checkout, goods=kind < _CARTS + _SINGLE_GOODS)
    after = rng.choices(list(AFTER_PAYMENT), list(AFTER_PAYMENT.values()))[0]
    purchase = Purchase(
        number=number,
        tenant=rng.choice(TENANTS),
        items=items,
        uses_checkout=uses_checkout,
        email=_email(rng, number, story, items, uses_checkout=uses_checkout),
        story=story,
        after=after if story in PAID_BY_CARD else AfterPayment.NOTHING,
        refunds_by_lumira=after in REFUNDS and rng.random() < _REFUNDED_BY_LUMIRA,
        parcels=rng.choices(list(PARCELS), list(PARCELS.values()))[0],
        pace=rng.random(),
        key=f"chaos-{seed}-{number}",
    )
    if purchase.may_be_sold_out:
        # Lumira may refund these automatically, and a second refund would race with it.
        return replace(purchase, after=AfterPayment.NOTHING, parcels=Parcels.NOTHING)
    return replace(purchase, parcels=_possible_parcels(purchase))


def _possible_parcels(purchase: Purchase) -> Parcels:
    if not purchase.goods or purchase.story not in PAID_BY_CARD:
        return Parcels.NOTHING
    # What a return refunds depends on the refunds and disputes before it.
    is_left_alone = purchase.after is AfterPayment.NOTHING
    is_possible = is_left_alone or purchase.parcels is not Parcels.RETURNED_REFUNDED
    return purchase.parcels if is_possible else Parcels.RETURNED


def _items(
    rng: random.Random, story: Story, *, uses_checkout: bool, goods: bool
) -> tuple[tuple[str, int], ...]:
    if uses_checkout:
        products = rng.sample((*GOODS, *GOODS, "mystique", "strict"), rng.randint(1, 3))
        return tuple((product, _quantity(rng, product)) for product in dict.fromkeys(products))
    if story is Story.FREE:
        return (("simple", 1),)
    product = rng.choice(GOODS if goods else _DIGITAL)
    return ((product, _quantity(rng, product)),)


def _quantity(rng: random.Random, product: str) -> int:
    return rng.randint(1, 3) if product in GOODS else 1


def _email(
    rng: random.Random, number: int, story: Story, items: tuple[tuple[str, int], ...], *, uses_checkout: bool
) -> str | None:
    may_omit_email = (
        story in _WITHOUT_EMAIL if uses_checkout else all(product not in LEVELS for product, _ in items)
    )
    if story is not Story.FREE:
        draw = rng.random()
        if draw < 0.25:
            return f"regular-{rng.randrange(_REGULARS)}@example.com"
        if draw < 0.33 and may_omit_email:
            return None
    return f"buyer-{number}@example.com"


def _stock(purchases: tuple[Purchase, ...]) -> dict[tuple[str, str], int]:
    demand = Counter({(tenant, product): 0 for tenant in TENANTS for product in GOODS})
    for purchase in purchases:
        for product, quantity in purchase.goods.items():
            demand[purchase.tenant, product] += quantity
    # At least enough for the largest single order.
    return {key: max(int(units * _STOCKED), 3) for key, units in demand.items()}


def _kills(rng: random.Random, events: int, kills: int) -> list[Kill]:
    """Return kills spread over the run; every kind occurs once before any occurs again."""
    victims: list[Victim] = []
    while len(victims) < kills:
        victims += rng.sample(list(Victim), len(Victim))
    return [
        Kill(
            at=int((number + rng.uniform(0.2, 0.8)) * events / kills),
            victim=victims[number],
            which=rng.random(),
            downtime=rng.uniform(0.3, 1.8),
        )
        for number in range(kills)
    ]
