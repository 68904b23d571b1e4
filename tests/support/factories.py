"""Makes what tests start from, through the same services that the application uses."""

import itertools
import os
import secrets
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import func, select

from lumira.database import Base, atomic, db
from lumira.domain.commands import CheckoutCommand, CheckoutItem
from lumira.models import (
    KeyKind,
    Order,
    OutboxMessage,
    PartialRefundPolicy,
    Product,
    ProductKind,
    PromotionCode,
    StockItem,
)
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.repositories.inventory import stock_counts
from lumira.repositories.orders import orders
from lumira.repositories.tenants import api_keys, stripe_accounts, tenants
from lumira.services.checkout.create_checkout_session import SessionOpened, create_checkout_session
from lumira.services.checkout.create_payment_intent import PaymentOpened, create_payment_intent
from lumira.services.inventory.correct_stock import set_stock as count_stock

BUYER = "buyer@example.com"
#: The first stock of a brand's physical products: more units than most tests buy.
STOCK = {"shirt": 100, "cap": 50}
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Brand:
    """A tenant with its keys in clear."""

    id: int
    slug: str
    name: str
    domain: str
    secret_key: str
    publishable_key: str
    stripe_secret_key: str
    stripe_publishable_key: str
    webhook_secret: str
    sandbox_url: str

    @property
    def secret(self) -> dict[str, str]:
        """Headers with the secret key."""
        return {"Authorization": f"Bearer {self.secret_key}"}

    @property
    def publishable(self) -> dict[str, str]:
        """Headers with the publishable key."""
        return {"Authorization": f"Bearer {self.publishable_key}"}


def make_brand(*, sandbox_url: str, stripe: bool = True, **columns: Any) -> Brand:
    """A tenant with four levels, two digital and two physical products in stock, and keys."""
    number = next(_numbers)
    unique = f"{number}{secrets.token_hex(3)}"
    slug, name = f"brand-{unique}", f"Brand {number}"
    domain = f"{slug}.example"
    account = f"{slug.replace('-', '')}{os.getpid()}"
    with atomic(None):
        tenant_id = tenants.reserve_id()
    with atomic(tenant_id):
        tenant = tenants.create(
            tenant_id, slug=slug, name=name, currency="eur", order_prefix=secrets.token_hex(4).upper()
        )
        for column, value in columns.items():
            setattr(tenant, column, value)
        tenants.set_domains(tenant_id, [domain])
        webhook_secret = f"whsec_{secrets.token_hex(16)}"
        if stripe:
            stripe_accounts.set_keys(
                tenant, secret_key=f"sk_test_{account}", publishable_key=f"pk_test_{account}"
            )
            stripe_accounts.add_webhook_secret(tenant_id, webhook_secret)
        db.session.add_all(make_products(tenant_id))
        db.session.flush()
        stock_counts.create_items(tenant_id, STOCK, actor="test")
        secret_key = api_keys.create(tenant_id, KeyKind.SECRET)
        publishable_key = api_keys.create(tenant_id, KeyKind.PUBLISHABLE)
    return Brand(
        id=tenant_id,
        slug=slug,
        name=name,
        domain=domain,
        secret_key=secret_key,
        publishable_key=publishable_key,
        stripe_secret_key=f"sk_test_{account}",
        stripe_publishable_key=f"pk_test_{account}",
        webhook_secret=webhook_secret,
        sandbox_url=sandbox_url,
    )


def make_products(tenant_id: int) -> list[Product]:
    rows = [
        ("simple", ProductKind.LEVEL, "Simple", 0, 1),
        ("intuitive", ProductKind.LEVEL, "Intuitive", 1400, 2),
        ("alchimique", ProductKind.LEVEL, "Alchimique", 2900, 3),
        ("integrale", ProductKind.LEVEL, "Intégrale", 4900, 4),
        ("mystique", ProductKind.DIGITAL, "Niveau Mystique", 4700, None),
        ("strict", ProductKind.DIGITAL, "Revoked by any refund", 3000, None),
        ("shirt", ProductKind.PHYSICAL, "Chemise", 5900, None),
        ("cap", ProductKind.PHYSICAL, "Casquette", 1900, None),
    ]
    return [
        Product(
            tenant_id=tenant_id,
            id=product_id,
            kind=kind,
            name=name,
            description=f"Description: {name}",
            amount=amount,
            currency="eur",
            level_number=level,
            position=position,
            active=True,
            on_partial_refund=(
                PartialRefundPolicy.REVOKE if product_id == "strict" else PartialRefundPolicy.KEEP
            ),
        )
        for position, (product_id, kind, name, amount, level) in enumerate(rows)
    ]


def make_command(
    product: str = "mystique", quantity: int = 1, level: int | None = None, **changes: Any
) -> CheckoutCommand:
    """A command for one product or level, with the buyer's e-mail unless `changes` has another."""
    item = CheckoutItem(product, quantity) if level is None else CheckoutItem(level=level)
    values: dict[str, Any] = {"customer_email": BUYER, "source": "products"}
    return CheckoutCommand(items=(item,), **values | changes)


def open_payment(brand: Brand, product: str = "mystique", **changes: Any) -> PaymentOpened:
    """Open a payment at the sandbox, as a buyer does."""
    call = Call(fingerprint=secrets.token_hex(32), actor="test")
    return create_payment_intent(brand.id, call=call, command=make_command(product, **changes)).value


def load_order(brand: Brand, reference: str) -> Order:
    """The whole order, as it is committed now."""
    with atomic(brand.id):
        return orders.get_order(brand.id, reference)


def set_stock(brand: Brand, product_id: str, on_hand: int) -> None:
    """Set the units on hand, as an operator does."""
    count_stock(brand.id, product_id, on_hand, actor="test")


def load_stock(brand: Brand, product_id: str) -> StockItem:
    """The stock of one of the brand's products, as it is committed now."""
    with atomic(brand.id):
        return db.session.get_one(StockItem, (brand.id, product_id))


def count(brand: Brand, model: type[Base], **columns: Any) -> int:
    """The number of the tenant's rows with these values."""
    query = select(func.count()).select_from(model)
    for name, value in {"tenant_id": brand.id, **columns}.items():
        query = query.where(getattr(model, name) == value)
    with atomic(brand.id):
        return db.session.execute(query).scalar_one()


def pending_messages(brand: Brand, order_id: UUID) -> list[str]:
    """Kinds of all messages of the order, pending or sent."""
    query = select(OutboxMessage.kind).where(
        OutboxMessage.tenant_id == brand.id, OutboxMessage.order_id == order_id
    )
    with atomic(brand.id):
        return sorted(str(kind) for kind in db.session.execute(query).scalars())


def make_cart_command(domain: str, items: dict[str, int] | None = None, **changes: Any) -> CheckoutCommand:
    """A command for two shirts and a cap, unless `items` names others."""
    values: dict[str, Any] = {
        "customer_email": BUYER,
        "source": "checkout",
        "success_url": f"https://{domain}/thanks",
        "cancel_url": f"https://{domain}/cart",
    }
    quantities = items or {"shirt": 2, "cap": 1}
    return CheckoutCommand(
        items=tuple(CheckoutItem(name, quantity) for name, quantity in quantities.items()), **values | changes
    )


def open_cart(
    brand: Brand, items: dict[str, int] | None = None, *, call: Call | None = None, **changes: Any
) -> SessionOpened:
    """Open a cart, as a shop's page does."""
    call = call or Call(fingerprint=secrets.token_hex(32), actor="test")
    command = make_cart_command(brand.domain, items, **changes)
    return create_checkout_session(brand.id, call=call, command=command).value


def figures(brand: Brand, product_id: str) -> tuple[int, int, int]:
    """Units on hand, reserved and sold."""
    item = load_stock(brand, product_id)
    return item.on_hand, item.reserved, item.sold


def make_promotion(brand: Brand, code: str = "WELCOME10", **values: Any) -> UUID:
    """A promotion code of ten percent, unless `values` has an amount or a percentage."""
    if "amount" not in values:
        values.setdefault("percent", 10)
    if values.keys() & {"amount", "minimum_amount"}:
        values.setdefault("currency", "eur")
    promotion = PromotionCode(tenant_id=brand.id, code=code, **values)
    with atomic(brand.id):
        db.session.add(promotion)
        db.session.flush()
        return promotion.id


def uses(brand: Brand, promotion_id: UUID) -> tuple[int, int]:
    """The orders that use a promotion code and are being paid, and those that are paid."""
    with atomic(brand.id):
        promotion = db.session.get_one(PromotionCode, (brand.id, promotion_id))
        return promotion.reserved, promotion.redeemed
