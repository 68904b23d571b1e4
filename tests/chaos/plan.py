"""Who buys what, what goes wrong with it, and when whom to kill: all drawn from one seed."""

import random
from collections import Counter
from dataclasses import dataclass, replace
from enum import StrEnum

TENANTS = ("chaos-one", "chaos-two", "chaos-three")
#: Here a failed try gives the pieces back at once; elsewhere the buyer keeps them until the hold ends.
RELEASES_AT_ONCE = "chaos-two"
#: These give their buyers receipts.
SELLERS = ("chaos-one", "chaos-two")
#: Price in minor units and level number of everything that is sold; the same in every tenant's catalog.
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
#: A refund of a part of its price closes this one.
REVOKED_BY_PART = "strict"
GOODS = ("shirt", "cap", "poster")
#: These do not come back to the shelf with the money.
NOT_RESTOCKED = "cap"
#: Of the pieces that are asked for so many are there: the last buyers find an empty shelf.
_STOCKED = 0.55


class Story(StrEnum):
    """What a buyer does."""

    PAYS = "pays"
    CLICKS_TWICE = "clicks twice"
    DECLINED_THEN_PAYS = "declined, then pays"
    DECLINED = "declined for good"
    AUTHENTICATES = "authenticates and pays"
    REFUSED_THEN_PAYS = "fails to authenticate, then pays"
    REFUSED = "fails to authenticate"
    LEAVES_THE_QUESTION = "leaves the bank's question open"
    DEBIT = "debit that arrives"
    DEBIT_FAILS = "debit that fails"
    DEBIT_FAILS_THEN_PAYS = "debit that fails, then pays by card"
    DEBIT_CALLED_BACK = "debit that is called back"
    ABANDONS = "never pays"
    LEAVES_PAGE = "leaves the page until it expires"
    DECLINED_LEAVES_PAGE = "declined, and leaves the page until it expires"
    COMES_BACK = "comes back after the page expired, and pays on the next one"
    FREE = "asks for a free level several times at once"


class After(StrEnum):
    """What happens to a payment once it is made."""

    NOTHING = "nothing"
    REFUNDED = "refunded"
    REFUNDED_IN_PARTS = "refunded in parts"
    REFUNDED_WHOLLY_IN_PARTS = "refunded wholly, in parts"
    REFUND_WAITS = "a refund that takes its time"
    REFUND_FAILS = "a refund that fails after it succeeded"
    REFUND_FAILS_THEN_AGAIN = "a refund that fails while pending, then another"
    INQUIRY = "an inquiry that is closed"
    INQUIRY_ESCALATES = "an inquiry that becomes a dispute"
    DISPUTED = "a dispute that stays open"
    DISPUTE_WON = "a dispute that is won"
    DISPUTE_LOST = "a dispute that is lost"
    DISPUTE_PARTLY_LOST = "a dispute of a part that is lost"
    REFUNDED_THEN_DISPUTED = "refunded in part, then a dispute that is lost"


class Victim(StrEnum):
    """What is killed."""

    WEB_WORKER = "web worker"
    WEB_MASTER = "web master"
    JOB_WORKER = "job worker"
    DATABASE_BACKEND = "database backend"
    POSTMASTER = "postmaster"


#: By card at once: the stories after which a seed may let more happen.
PAID_BY_CARD = (Story.PAYS, Story.CLICKS_TWICE, Story.DECLINED_THEN_PAYS, Story.AUTHENTICATES)

#: What is tried after a try has failed finds its pieces sold, perhaps, where they were given back meanwhile.
_RETRIES = (Story.DECLINED_THEN_PAYS, Story.REFUSED_THEN_PAYS, Story.DEBIT_FAILS_THEN_PAYS)

_STORIES = {
    Story.PAYS: 44, Story.CLICKS_TWICE: 5, Story.DECLINED_THEN_PAYS: 8, Story.DECLINED: 5,
    Story.AUTHENTICATES: 8, Story.REFUSED_THEN_PAYS: 2, Story.REFUSED: 2, Story.LEAVES_THE_QUESTION: 2,
    Story.DEBIT: 6, Story.DEBIT_FAILS: 3, Story.DEBIT_FAILS_THEN_PAYS: 2, Story.DEBIT_CALLED_BACK: 1,
    Story.ABANDONS: 5, Story.FREE: 7,
}  # fmt: skip
#: The same on a page of Stripe's, where a debit that fails cannot be followed by anything.
_STORIES_ON_PAGE = {
    Story.PAYS: 46, Story.CLICKS_TWICE: 6, Story.DECLINED_THEN_PAYS: 8, Story.DECLINED: 3,
    Story.AUTHENTICATES: 8, Story.REFUSED_THEN_PAYS: 2, Story.LEAVES_THE_QUESTION: 2, Story.DEBIT: 6,
    Story.DEBIT_FAILS: 4, Story.ABANDONS: 3, Story.LEAVES_PAGE: 5, Story.DECLINED_LEAVES_PAGE: 3,
    Story.COMES_BACK: 4,
}  # fmt: skip
_AFTERWARDS = {
    After.NOTHING: 66, After.REFUNDED: 7, After.REFUNDED_IN_PARTS: 5, After.REFUNDED_WHOLLY_IN_PARTS: 3,
    After.REFUND_WAITS: 3, After.REFUND_FAILS: 3, After.REFUND_FAILS_THEN_AGAIN: 2, After.INQUIRY: 2,
    After.INQUIRY_ESCALATES: 1, After.DISPUTED: 2, After.DISPUTE_WON: 2, After.DISPUTE_LOST: 2,
    After.DISPUTE_PARTLY_LOST: 1, After.REFUNDED_THEN_DISPUTED: 1,
}  # fmt: skip
#: What Lumira can be asked for, as it can be done in Stripe's dashboard.
_REFUNDS = (
    After.REFUNDED,
    After.REFUNDED_IN_PARTS,
    After.REFUNDED_WHOLLY_IN_PARTS,
    After.REFUND_WAITS,
    After.REFUND_FAILS,
)
_DIGITAL = [product for product, price in PRICES.items() if price and product not in GOODS]
#: How the purchases are shared out; the rest are digital, one at a time.
_CARTS, _SINGLE_GOODS = 0.25, 0.12
#: Buyers who come back, so that several orders of one customer are opened at the same time.
_REGULARS = 25
_REFUNDED_HERE = 0.5
#: Who gives no address is asked for it by Stripe's page, which tells of it only once it is finished.
_NAMELESS = (Story.PAYS, Story.CLICKS_TWICE, Story.AUTHENTICATES, Story.DEBIT)


@dataclass(frozen=True, slots=True)
class Purchase:
    """One buyer's errand. `patience` is a number from 0 to 1 that spreads pauses and choices."""

    number: int
    tenant: str
    #: Products and quantities.
    items: tuple[tuple[str, int], ...]
    #: Whether it is a cart, paid on a page of Stripe's.
    on_page: bool
    email: str | None
    story: Story
    after: After
    #: Whether its refunds are asked of Lumira, and not made in Stripe's dashboard.
    refunds_here: bool
    patience: float
    key: str

    @property
    def product(self) -> str:
        return self.items[0][0]

    @property
    def price(self) -> int:
        return sum(PRICES[product] * quantity for product, quantity in self.items)

    @property
    def goods(self) -> dict[str, int]:
        """Pieces by product."""
        return {product: quantity for product, quantity in self.items if product in GOODS}

    @property
    def may_find_nothing_left(self) -> bool:
        """Whether its pieces may be gone when it is paid at last: they were given back after a failed try."""
        if not self.goods or self.story not in _RETRIES:
            return False
        return self.tenant == RELEASES_AT_ONCE or self.story is Story.DEBIT_FAILS_THEN_PAYS


@dataclass(frozen=True, slots=True)
class Kill:
    """Once so many purchases are under way: whom, which of several, and how long until it is restarted."""

    at: int
    victim: Victim
    which: float
    downtime: float


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is going to happen, as far as scheduling allows."""

    purchases: tuple[Purchase, ...]
    kills: tuple[Kill, ...]
    #: Pieces on the shelf before the first purchase, by tenant and product.
    stock: dict[tuple[str, str], int]


def draw(events: int, kills: int, seed: int) -> Plan:
    """The plan of a seed: the same numbers give the same plan."""
    dice = random.Random(f"{seed}:{events}:{kills}")
    purchases = tuple(_purchase(dice, number, seed) for number in range(events))
    return Plan(purchases, tuple(_kills(dice, events, kills)), _stock(purchases))


def _purchase(dice: random.Random, number: int, seed: int) -> Purchase:
    kind = dice.random()
    on_page = kind < _CARTS
    weights = _STORIES_ON_PAGE if on_page else _STORIES
    story = dice.choices(list(weights), list(weights.values()))[0]
    items = _items(dice, story, on_page=on_page, goods=kind < _CARTS + _SINGLE_GOODS)
    after = dice.choices(list(_AFTERWARDS), list(_AFTERWARDS.values()))[0]
    purchase = Purchase(
        number=number,
        tenant=dice.choice(TENANTS),
        items=items,
        on_page=on_page,
        email=_email(dice, number, story, items, on_page=on_page),
        story=story,
        after=after if story in PAID_BY_CARD else After.NOTHING,
        refunds_here=after in _REFUNDS and dice.random() < _REFUNDED_HERE,
        patience=dice.random(),
        key=f"chaos-{seed}-{number}",
    )
    # What the house may send back by itself nobody else sends back at the same moment.
    return replace(purchase, after=After.NOTHING) if purchase.may_find_nothing_left else purchase


def _items(dice: random.Random, story: Story, *, on_page: bool, goods: bool) -> tuple[tuple[str, int], ...]:
    if on_page:
        products = dice.sample((*GOODS, *GOODS, "mystique", "strict"), dice.randint(1, 3))
        return tuple((product, _quantity(dice, product)) for product in dict.fromkeys(products))
    if story is Story.FREE:
        return (("simple", 1),)
    product = dice.choice(GOODS if goods else _DIGITAL)
    return ((product, _quantity(dice, product)),)


def _quantity(dice: random.Random, product: str) -> int:
    return dice.randint(1, 3) if product in GOODS else 1


def _email(
    dice: random.Random, number: int, story: Story, items: tuple[tuple[str, int], ...], *, on_page: bool
) -> str | None:
    may_be_nameless = story in _NAMELESS if on_page else all(product not in LEVELS for product, _ in items)
    if story is not Story.FREE:
        fate = dice.random()
        if fate < 0.25:
            return f"regular-{dice.randrange(_REGULARS)}@example.com"
        if fate < 0.33 and may_be_nameless:
            return None
    return f"buyer-{number}@example.com"


def _stock(purchases: tuple[Purchase, ...]) -> dict[tuple[str, str], int]:
    wanted = Counter({(tenant, product): 0 for tenant in TENANTS for product in GOODS})
    for purchase in purchases:
        for product, quantity in purchase.goods.items():
            wanted[purchase.tenant, product] += quantity
    # Enough for the largest order also where next to nothing is asked for.
    return {known: max(int(number * _STOCKED), 3) for known, number in wanted.items()}


def _kills(dice: random.Random, events: int, kills: int) -> list[Kill]:
    """Spread over the whole run; each kind comes once before any comes again."""
    victims: list[Victim] = []
    while len(victims) < kills:
        victims += dice.sample(list(Victim), len(Victim))
    return [
        Kill(
            at=int((number + dice.uniform(0.2, 0.8)) * events / kills),
            victim=victims[number],
            which=dice.random(),
            downtime=dice.uniform(0.3, 1.8),
        )
        for number in range(kills)
    ]
