"""The sales of the last two weeks, in the order in which they are made."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import requests

from config.settings import Settings
from lumira.cli.demo.brands import PROMOTION_CODE
from lumira.cli.demo.history import sales
from lumira.cli.demo.history.goods import Goods
from lumira.cli.demo.history.past import Past, past
from lumira.cli.demo.installation import BRAND, CART_BRAND, Installation
from lumira.clock import utc_now
from lumira.database import atomic
from lumira.notifications.delivery import REFUSING_DOMAIN
from lumira.repositories.tenants import tenants

CLOTHES_BRAND = "reboul"
#: Days before today on which the brands were set up, and that have sales.
DAYS = 14
#: Days after which all work for an order is delivered.
_DELIVERED_BEFORE = 4
#: Days before today on which Stripe pays out, and days until the money arrives.
_PAYOUTS = (11, 7, 3)
_PAYOUT_TAKES = 2
_BUYER = "acheteur{}@example.com"
#: Buys the first work of an expert.
FIRST_BUYER = _BUYER.format(1)
#: The goods of the day come back, and those of the other are forgotten, so that an alert is raised.
_SENT_BACK, _FORGOTTEN = 9, 8
_UNREACHABLE = f"acheteur@{REFUSING_DOMAIN}"
#: A test card at Stripe: declined for insufficient funds.
_DECLINED = "pm_card_visa_chargeDeclinedInsufficientFunds"


def is_needed() -> bool:
    """Whether nothing was set up yet: the history is that of a new installation, and made once."""
    with atomic(None):
        return tenants.find_id(BRAND) is None


def make_history(installation: Installation, http: requests.Session, settings: Settings) -> None:
    """Set up the brands as of two weeks ago, and make their sales since then."""
    today = utc_now().replace(hour=8, minute=0, second=0, microsecond=0, tzinfo=UTC)
    begins = today - timedelta(days=DAYS + 1)
    with past(installation, http, settings, begins=begins) as made:
        History(made, today).make()


class History:
    """The sales, day by day."""

    def __init__(self, past: Past, today: datetime) -> None:
        self._past = past
        self._today = today
        self._goods = Goods(past)
        self._buyers = 0
        self._sold: dict[str, sales.Sold] = {}
        self._disputes: dict[str, str] = {}
        self._payouts: dict[str, str] = {}

    def make(self) -> None:
        """Make all sales, oldest first."""
        days: dict[int, Callable[[], None]] = {
            14: self._first_day, 12: self._refunded, 10: self._disputed, 8: self._unpaid, 6: self._refunded_in_part,
            4: self._withdrawn, 3: self._undelivered, 2: self._scarce, 1: self._yesterday,
        }  # fmt: skip
        for days_ago in range(DAYS, 0, -1):
            self._past.move_to(self._today - timedelta(days=days_ago))
            self._goods.work(days_ago)
            self._ordinary(days_ago)
            if days_ago in days:
                self._past.move_to(self._today - timedelta(days=days_ago, hours=-4))
                days[days_ago]()
            self._pay_out(days_ago)
            self._past.end_day()

    def _pay_out(self, days_ago: int) -> None:
        """Stripe pays out every four days, and the money arrives two days later."""
        for slug in self._past.brands:
            if days_ago in _PAYOUTS:
                self._payouts[slug] = sales.begin_payout(self._past, slug)
            elif days_ago + _PAYOUT_TAKES in _PAYOUTS:
                sales.end_payout(self._past, slug, self._payouts[slug])

    def _buyer(self, email: str | None = None) -> dict[str, str]:
        self._buyers += 1
        address = email or _BUYER.format(self._buyers)
        return {"customerEmail": address, "customerName": f"Acheteur {self._buyers}"}

    def _level(self, level: int, method: str | None = "pm_card_visa", email: str | None = None) -> sales.Sold:
        sold = sales.open_level(self._past, BRAND, self._buyer(email), level)
        if method is not None and sold.payment_intent_id is not None:
            sales.pay(self._past, sold, method)
        return sold

    def _product(
        self, slug: str, product_id: str, quantity: int = 1, method: str | None = "pm_card_visa"
    ) -> sales.Sold:
        sold = sales.open_product(self._past, slug, self._buyer(), product_id, quantity)
        if method is not None:
            sales.pay(self._past, sold, method)
        return sold

    def _cart(self, *, promotion: str | None = None, **items: int) -> sales.Sold:
        named = {product_id.replace("_", "-"): quantity for product_id, quantity in items.items()}
        entered = {} if promotion is None else {"promotionCode": promotion}
        return sales.buy_cart(self._past, CART_BRAND, self._buyer() | entered, named)

    def _ordinary(self, days_ago: int) -> None:
        """The sales of each day; those of every third day differ."""
        match days_ago % 3:
            case 0:
                self._delivered(self._level(4), days_ago, "cartographie", "mandala", "audio")
                sold = self._goods.sold(days_ago, self._product(CLOTHES_BRAND, "tee-shirt-coton", 2))
                if days_ago == _SENT_BACK:
                    self._sold["sent back"] = sold
            case 1:
                self._product(BRAND, "mystique")
                cart = self._cart(tasse_gres=1, carnet_lin=2, promotion=PROMOTION_CODE)
                if days_ago == 1:
                    # The notebooks follow.
                    self._goods.ship(cart, tasse_gres=1)
                else:
                    self._goods.sold(days_ago, cart)
            case 2:
                self._delivered(self._level(2), days_ago, "profil", "audio")
                shirt = self._product(CLOTHES_BRAND, "chemise-oxford")
                if days_ago != _FORGOTTEN:
                    self._goods.sold(days_ago, shirt)

    def _delivered(self, sold: sales.Sold, days_ago: int, *keys: str) -> None:
        """The work for an older order is delivered; for a newer one it waits, or its first part is delivered."""
        if days_ago >= _DELIVERED_BEFORE:
            sales.deliver(self._past, sold, *keys)
        elif days_ago == _DELIVERED_BEFORE - 1:
            sales.deliver(self._past, sold, keys[0])

    def _first_day(self) -> None:
        self._level(1)

    def _refunded(self) -> None:
        sales.refund(self._past, self._product(BRAND, "mystique"))

    def _disputed(self) -> None:
        for slug, product_id in ((BRAND, "mystique"), (CLOTHES_BRAND, "pantalon-chino")):
            sold = self._product(slug, product_id)
            self._sold[slug] = sold
            self._disputes[slug] = sales.dispute(self._past, sold, "product_not_received")

    def _unpaid(self) -> None:
        """A declined card, and a buyer who opens the payment and leaves."""
        self._level(3, method=None)
        self._level(3, method=_DECLINED)
        self._product(CLOTHES_BRAND, "veste-travail", method=None)

    def _refunded_in_part(self) -> None:
        sold = self._product(CLOTHES_BRAND, "tee-shirt-coton", 3)
        sales.refund(self._past, self._goods.sold(6, sold), ("tee-shirt-coton", 1))
        sales.lose(self._past, self._sold[BRAND], self._disputes[BRAND])

    def _withdrawn(self) -> None:
        reason = "Finalement, cela ne me convient pas."
        for sold in (self._level(3), self._product(CLOTHES_BRAND, "pull-merinos")):
            sales.withdraw(self._past, sold, reason)

    def _undelivered(self) -> None:
        """A buyer whose address does not exist, goods that come back, and a bank transfer, which takes longer."""
        self._level(2, email=_UNREACHABLE)
        self._goods.take_back(self._sold["sent back"], "tee-shirt-coton", "Trop grand.")
        self._past.call_stripe(CLOTHES_BRAND, "settings", bank_transfers=True)
        self._product(CLOTHES_BRAND, "veste-travail", method="customer_balance")

    def _scarce(self) -> None:
        self._goods.sold(2, self._cart(plaid_laine=3))
        self._goods.sold(2, self._cart(plaid_laine=3, affiche_herbier=1))

    def _yesterday(self) -> None:
        """A new dispute, and a payment whose amount was changed at Stripe."""
        sales.dispute(self._past, self._product(BRAND, "mystique"), "fraudulent")
        sold = sales.open_product(self._past, BRAND, self._buyer(), "mystique")
        sales.pay(self._past, sold, amount=4200)
