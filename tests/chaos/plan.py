"""Who buys what, what goes wrong with it, and when whom to kill: all drawn from one seed."""

import random
from dataclasses import dataclass
from enum import StrEnum

TENANTS = ("chaos-one", "chaos-two", "chaos-three")
#: Price in minor units and level number of everything that is sold; the same in every tenant's catalog.
PRICES = {
    "simple": 0,
    "intuitive": 1400,
    "alchimique": 2900,
    "integrale": 4900,
    "mystique": 4700,
    "strict": 3000,
}
LEVELS = {"simple": 1, "intuitive": 2, "alchimique": 3, "integrale": 4}
#: A refund of a part of its price closes this one.
REVOKED_BY_PART = "strict"


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

_STORIES = {
    Story.PAYS: 44, Story.CLICKS_TWICE: 5, Story.DECLINED_THEN_PAYS: 8, Story.DECLINED: 5,
    Story.AUTHENTICATES: 8, Story.REFUSED_THEN_PAYS: 2, Story.REFUSED: 2, Story.LEAVES_THE_QUESTION: 2,
    Story.DEBIT: 6, Story.DEBIT_FAILS: 3, Story.DEBIT_FAILS_THEN_PAYS: 2, Story.DEBIT_CALLED_BACK: 1,
    Story.ABANDONS: 5, Story.FREE: 7,
}  # fmt: skip
_AFTERWARDS = {
    After.NOTHING: 66, After.REFUNDED: 7, After.REFUNDED_IN_PARTS: 5, After.REFUNDED_WHOLLY_IN_PARTS: 3,
    After.REFUND_WAITS: 3, After.REFUND_FAILS: 3, After.REFUND_FAILS_THEN_AGAIN: 2, After.INQUIRY: 2,
    After.INQUIRY_ESCALATES: 1, After.DISPUTED: 2, After.DISPUTE_WON: 2, After.DISPUTE_LOST: 2,
    After.DISPUTE_PARTLY_LOST: 1, After.REFUNDED_THEN_DISPUTED: 1,
}  # fmt: skip
_PAID_PRODUCTS = [product for product, price in PRICES.items() if price]
#: Buyers who come back, so that several orders of one customer are opened at the same time.
_REGULARS = 25


@dataclass(frozen=True, slots=True)
class Purchase:
    """One buyer's errand. `patience` is a number from 0 to 1 that spreads pauses and choices."""

    number: int
    tenant: str
    product: str
    email: str | None
    story: Story
    after: After
    patience: float
    key: str

    @property
    def price(self) -> int:
        return PRICES[self.product]


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


def draw(events: int, kills: int, seed: int) -> Plan:
    """The plan of a seed: the same numbers give the same plan."""
    dice = random.Random(f"{seed}:{events}:{kills}")
    purchases = tuple(_purchase(dice, number, seed) for number in range(events))
    return Plan(purchases, tuple(_kills(dice, events, kills)))


def _purchase(dice: random.Random, number: int, seed: int) -> Purchase:
    story = dice.choices(list(_STORIES), list(_STORIES.values()))[0]
    product = "simple" if story is Story.FREE else dice.choice(_PAID_PRODUCTS)
    after = dice.choices(list(_AFTERWARDS), list(_AFTERWARDS.values()))[0]
    email: str | None = f"buyer-{number}@example.com"
    if story is not Story.FREE:
        fate = dice.random()
        if fate < 0.25:
            email = f"regular-{dice.randrange(_REGULARS)}@example.com"
        elif fate < 0.33 and product not in LEVELS:
            email = None
    return Purchase(
        number=number,
        tenant=dice.choice(TENANTS),
        product=product,
        email=email,
        story=story,
        after=after if story in PAID_BY_CARD else After.NOTHING,
        patience=dice.random(),
        key=f"chaos-{seed}-{number}",
    )


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
