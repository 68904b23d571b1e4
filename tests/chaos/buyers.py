"""The buyers, one task each: they pay a PaymentIntent on the tenant's page, or in a Checkout Session."""

from dataclasses import dataclass

from tests.chaos import after_payment, parcels
from tests.chaos.behaviour import AfterPayment, Parcels, Story
from tests.chaos.checkout_steps import IN_CHECKOUT
from tests.chaos.payment_steps import BY_INTENT, open_order
from tests.chaos.plan import Purchase
from tests.chaos.purchase_log import Entry, PurchaseLog
from tests.chaos.schedule import Schedule, Task
from tests.chaos.shop import Shop

#: Concurrent requests of one buyer for the same free level.
_FREE_REQUESTS = 3


@dataclass(frozen=True, slots=True)
class Buyers:
    """Starts the task of each purchase."""

    shops: dict[str, Shop]
    schedule: Schedule
    purchase_log: PurchaseLog

    def start(self, purchase: Purchase) -> None:
        """Start a purchase."""
        entry = self.purchase_log.open(purchase)
        shop = self.shops[purchase.tenant]
        if purchase.story is Story.FREE:
            for number in range(_FREE_REQUESTS):
                task = self._open_only(shop, entry, f"{purchase.key}-{number}", count=number == 0)
                self.schedule.add(task, counted=number == 0)
            return
        self.schedule.add(self._buy(shop, entry), counted=True)
        if purchase.story is Story.CLICKS_TWICE:
            self.schedule.add(self._open_only(shop, entry, purchase.key, count=False))

    def _open_only(self, shop: Shop, entry: Entry, key: str, *, count: bool) -> Task:
        yield from open_order(shop, entry, key)
        if count:
            self.purchase_log.count_response()

    def _buy(self, shop: Shop, entry: Entry) -> Task:
        opened = yield from open_order(shop, entry, entry.purchase.key)
        self.purchase_log.count_response()
        if opened is None:
            return
        # Some buyers pay at once, others take a moment.
        yield entry.purchase.pace * 1.5
        payments = IN_CHECKOUT if entry.purchase.uses_checkout else BY_INTENT
        intent = yield from payments[entry.purchase.story](shop, entry, opened)
        if intent is None or intent["status"] != "succeeded":
            return
        if entry.purchase.after is not AfterPayment.NOTHING:
            follow_up = after_payment.run(shop, entry, intent["id"])
            self.schedule.add(follow_up, after=entry.purchase.pace**2 * 6)
        if entry.purchase.parcels is not Parcels.NOTHING:
            self.schedule.add(parcels.run(shop, entry), after=entry.purchase.pace)
