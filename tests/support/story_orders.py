"""The order of a story: opened with reserved stock and a frozen request, with what of Stripe's response arrived."""

from datetime import timedelta

from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.domain import checkout_sessions, payments
from lumira.domain.cart_price import price_of
from lumira.domain.checkout_sessions import SessionFacts
from lumira.domain.commands import CheckoutCommand, CheckoutItem
from lumira.domain.goods.addresses import Address, freeze
from lumira.domain.payments import IntentFacts
from lumira.domain.stripe import requests as stripe_requests
from lumira.domain.stripe.requests import Seller
from lumira.domain.withdrawal import record_withdrawal
from lumira.models import (
    Order,
    OrderLine,
    Product,
    PromotionCode,
    PromotionUse,
    ReleaseOnFailure,
    SessionState,
    Tenant,
    WithdrawalDecision,
    WithdrawalVia,
)
from lumira.models.columns import uuid7
from lumira.repositories.catalog import promotions
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.repositories.inventory import stock
from lumira.repositories.orders import orders
from lumira.repositories.tenants import tenants
from lumira.services.checkout.open_order import open_order as freeze_order
from lumira.services.checkout.promotion import reserve_use
from lumira.settlement.settle_order import settle_order
from tests.support import seller
from tests.support.factories import Brand, make_products, set_stock
from tests.support.stories import GOODS, NOT_RESTOCKED, PAGE_ENDS_AT, Story
from tests.support.story_goods import ADDRESS, postage_of
from tests.support.story_player import StoryPlayer

_CATALOG = {product.id: product for product in make_products(0)}
_PLENTY = 1_000_000
#: The promotion code of the stories: ten percent.
CODE = "STORY10"
_SELLER = Seller("a-shop", "A shop", None)
_PAGE = "https://shop.example/done"


def prepare(brand: Brand, *, issues_receipts: bool = True) -> Brand:
    """Give the tenant more stock than all stories sell, and one product that is never restocked."""
    for product_id in GOODS:
        set_stock(brand, product_id, _PLENTY)
    with atomic(brand.id):
        db.session.get_one(Product, (brand.id, NOT_RESTOCKED)).restock_on_refund = False
        db.session.add(PromotionCode(tenant_id=brand.id, code=CODE, percent=10))
        db.session.get_one(Tenant, brand.id).seller = seller.EXEMPT if issues_receipts else None
    return brand


def buyer_of(story: Story, name: str) -> str | None:
    """Return the address that comes with the sale; each buyer is a customer of their own."""
    return None if story.asks_email else f"buyer-{name}@example.com"


def open_order(brand: Brand, story: Story, name: str, *, is_known: bool) -> str:
    """Open an order with reserved stock that waits for its payment; returns its number.

    Its PaymentIntent or session is attached if `is_known`; otherwise events have to find it by its number.
    """
    with atomic(brand.id):
        shop = tenants.get(brand.id)
        shop.release_on_failure = _policy_of(story)
        items = [
            (db.session.get_one(Product, (brand.id, product)), quantity) for product, quantity in story.items
        ]
        promotion = promotions.find_by_code(brand.id, CODE) if story.has_code else None
        order_id = freeze_order(
            shop,
            CheckoutCommand(
                tuple(CheckoutItem(product, quantity) for product, quantity in story.items),
                buyer_of(story, name),
                source="products",
                shipping=_address_of(story),
            ),
            items=items,
            price=price_of(items, promotion, postage_of(story)),
            promotion=promotion,
            customer=None,
            livemode=False,
            call=Call(fingerprint="story", actor="test"),
        ).id
    with atomic(brand.id):
        order = orders.lock_order(brand.id, order_id)
        stock.reserve(order, until=utc_now() + timedelta(minutes=30), actor="buyer")
        reserve_use(order, until=utc_now() + timedelta(minutes=30))
        attach(order, story, name, is_known=is_known)
        settle_order(order, actor="buyer")
        return order.order_number


def unsaved_order(story: Story, name: str) -> Order:
    """Return the same order without a database."""
    postage, address = postage_of(story), _address_of(story)
    order = Order(
        order_number="PLAIN",
        created_at=utc_now(),
        source="products",
        caller_metadata={},
        amount=story.price,
        currency="eur",
        customer_email=buyer_of(story, name),
        livemode=False,
        release_on_failure=_policy_of(story),
        promotion_code=CODE if story.has_code else None,
        promotion_use=PromotionUse.RESERVED if story.has_code else None,
        tracks_shipments=story.has_goods,
        shipping_zone=postage.zone.name if postage else None,
        shipping_amount=story.postage,
        shipping_address=freeze(address) if address else None,
    )
    for product_id, quantity in story.items:
        product = _CATALOG[product_id]
        order.lines.append(
            OrderLine(
                id=uuid7(),
                product_id=product_id,
                product_name=product.name,
                kind=product.kind,
                quantity=quantity,
                unit_amount=product.amount,
                discount_amount=product.amount * quantity // 10 if story.has_code else 0,
                delayed_methods=True,
                on_partial_refund=product.on_partial_refund,
                restock_on_refund=product_id != NOT_RESTOCKED,
            )
        )
    attach(order, story, name, is_known=True)
    return order


def withdraw(order: Order, *, is_accepted: bool) -> None:
    """Record that the buyer withdraws from the whole order."""
    now = utc_now()
    record_withdrawal(
        order,
        {line.id: line.quantity for line in order.lines},
        via=WithdrawalVia.PORTAL,
        reason=None,
        requested_at=now,
        now=now,
        is_accepted=is_accepted,
    )


def refuse(order: Order) -> None:
    """Record that an operator refuses the withdrawal."""
    [withdrawal] = order.withdrawals
    withdrawal.decision, withdrawal.decided_at = WithdrawalDecision.REFUSED, utc_now()


def _address_of(story: Story) -> Address | None:
    """The address that comes with the sale; on Stripe's page the buyer enters it there."""
    return ADDRESS if story.has_postage and not story.on_page else None


def _policy_of(story: Story) -> ReleaseOnFailure:
    return ReleaseOnFailure.AT_ONCE if story.releases_at_once else ReleaseOnFailure.AT_DEADLINE


def attach(order: Order, story: Story, name: str, *, is_known: bool) -> None:
    """Freeze what was requested from Stripe, and attach what it created, as far as its response arrived."""
    amount, now = (story.price, "eur"), utc_now()
    if story.earlier is not None:
        _request_session(order)
        checkout_sessions.attach_session(order, _page(f"cs_{name}e", *amount), now=now)
    if story.on_page:
        _request_session(order)
    else:
        stripe_requests.freeze_intent_request(order, seller=_SELLER, stripe_customer_id=None)
    if story.on_page and is_known:
        checkout_sessions.attach_session(order, _page(f"cs_{name}", *amount), now=now)
    # Of two payments the first one settles the order, so it is attached before the other, as in reality.
    is_first = story.is_paid_again and _has_intent(story)
    if is_first or (is_known and not story.on_page):
        payments.attach_intent(order, IntentFacts(f"pi_{name}", "requires_payment_method", *amount), now=now)


def _has_intent(story: Story) -> bool:
    """Whether the story's own PaymentIntent ever exists: of a session only once a buyer begins to pay."""
    player = StoryPlayer("", "", story)
    player.play()
    return "pi_" in player.objects


def _request_session(order: Order) -> None:
    stripe_requests.freeze_session_request(
        order,
        seller=_SELLER,
        stripe_customer_id=None,
        success_url=_PAGE,
        cancel_url=_PAGE,
        expires_at=PAGE_ENDS_AT,
    )


def _page(session_id: str, amount: int, currency: str) -> SessionFacts:
    return SessionFacts(
        session_id,
        SessionState.OPEN,
        is_paid=False,
        amount=amount,
        currency=currency,
        expires_at=PAGE_ENDS_AT,
    )
