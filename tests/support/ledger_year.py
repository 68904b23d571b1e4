"""A generated year of a shop: its documents are issued as settling issues them, its balance as Stripe reports it.

Facts are written directly, because a year of real checkouts would take an hour. What Stripe's balance and the bank must
show is summed up beside them, so that a test compares the books with figures that no booking rule has made.
"""

import random
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import update

from lumira import clock
from lumira.clock import utc_now
from lumira.database import atomic, db
from lumira.models import (
    BalanceTransaction,
    Dispute,
    DisputeStatus,
    Order,
    OrderLine,
    OrderStatus,
    PartialRefundPolicy,
    Payment,
    PaymentState,
    Payout,
    PayoutReconciliation,
    PayoutStatus,
    ProductKind,
    Refund,
    RefundOrigin,
    RefundRequest,
    RefundStatus,
    RequestState,
)
from lumira.models.columns import uuid7
from lumira.repositories.orders import orders
from lumira.repositories.receipts import receipts
from lumira.repositories.tenants import tenants
from lumira.settlement.issue_receipts import issue_missing_documents
from tests.support.factories import Brand, make_brand
from tests.support.seller import WITH_VAT

YEAR = 2025
#: An example of a SIREN whose check digit is right.
SIREN = "732829320"
#: The products of `make_brand`: kind and price in cents.
_PRODUCTS = {
    "mystique": (ProductKind.DIGITAL, 4700),
    "alchimique": (ProductKind.LEVEL, 2900),
    "shirt": (ProductKind.PHYSICAL, 5900),
    "cap": (ProductKind.PHYSICAL, 1999),
}
_EMPTY = (
    *("requests", "sessions", "declines", "charges", "refunds", "refund_requests", "disputes", "grants"),
    *("reservations", "messages", "withdrawals", "shipments", "returns"),
)
_DISPUTE_FEE = 1500


def make_seller(sandbox_url: str, **accounting: object) -> Brand:
    """Create a brand in live mode with VAT and a SIREN, whose year can be made and exported."""
    return make_brand(
        sandbox_url=sandbox_url,
        stripe=False,
        livemode=True,
        seller=WITH_VAT,
        accounting={"siren": SIREN, **accounting},
    )


@dataclass
class Year:
    """What was generated; amounts in cents."""

    brand: Brand
    random: random.Random
    #: What Stripe's balance and the bank account must show at the end.
    balance: int = 0
    bank: int = 0
    fees: int = 0
    #: The net of what no payout contains yet, and its ids.
    available: int = 0
    unpaid: list[str] = field(default_factory=list)
    sold: list[UUID] = field(default_factory=list)
    number: int = 0

    def id(self, prefix: str) -> str:
        self.number += 1
        return f"{prefix}_{self.brand.slug}_{self.number}"


def make_year(brand: Brand, *, sales: int = 208, seed: int = 7) -> Year:
    """Generate a year with sales at two VAT rates, refunds, disputes, fees, payouts, and a payment in dollars."""
    year = Year(brand, random.Random(seed))
    with clock.movable() as move_to:
        for week in range(52):
            move_to(datetime(YEAR, 1, 1, 22, 30, tzinfo=UTC) + timedelta(days=7 * week))
            with atomic(brand.id):
                if week == 26:
                    tenant = tenants.get(brand.id)
                    tenant.seller = {**(tenant.seller or {}), "vat_rate": "5.50"}
                for _ in range(sales // 52 + (week % 3 == 0)):
                    _sell(year)
                if week % 2:
                    _refund(year)
                if week % 13 == 5:
                    _dispute(year, is_won=week > 26)
                if week % 4 == 3:
                    move_balance(year, -199, type_="stripe_fee", category="fee")
                if week % 3 == 2:
                    _pay_out(year, is_returned=week == 20)
            if week == 30:
                with atomic(brand.id):
                    _sell(year, dollars=True)
                    _pay_twice(year)
                    move_balance(year, 321, type_="adjustment", category="other_adjustment")
    return year


def move_balance(
    year: Year, amount: int, *, fee: int = 0, source: str | None = None, type_: str, category: str
) -> BalanceTransaction:
    """Add a movement of the balance at the current time."""
    row = BalanceTransaction(
        tenant_id=year.brand.id,
        stripe_balance_transaction_id=year.id("txn"),
        livemode=True,
        type=type_,
        reporting_category=category,
        amount=amount,
        fee=fee,
        fee_tax=fee // 6,
        net=amount - fee,
        currency="eur",
        stripe_source_id=source,
        stripe_created_at=utc_now(),
        read_at=utc_now(),
    )
    db.session.add(row)
    year.balance += amount - fee
    year.fees += fee + (-amount if type_ == "stripe_fee" else 0)
    if type_ != "payout":
        year.available += amount - fee
        year.unpaid.append(row.stripe_balance_transaction_id)
    return row


def _sell(year: Year, *, dollars: bool = False) -> None:
    lines = [
        _line(year, position, product)
        for position, product in enumerate(year.random.sample(sorted(_PRODUCTS), year.random.randint(1, 3)))
    ]
    has_goods = any(line.kind is ProductKind.PHYSICAL for line in lines)
    postage = 490 if has_goods else 0
    amount = sum(line.amount for line in lines) + postage
    order = Order(
        tenant_id=year.brand.id,
        id=uuid7(),
        order_number=f"{tenants.get(year.brand.id).order_prefix}-{year.number:07d}",
        amount=amount,
        currency="eur",
        livemode=True,
        source="products",
        locale="fr",
        caller_metadata={},
        shipping_zone="France; \tEurope" if has_goods else None,
        shipping_amount=postage,
        shipping_address={"country": year.random.choice(["FR", "FR", "BE", "CH"])} if has_goods else None,
        status=OrderStatus.COMPLETED,
        completed_at=utc_now(),
        net_paid=amount,
        lines=lines,
        payments=[_payment(year, amount * 2 if dollars else amount, "usd" if dollars else "eur")],
        **{name: [] for name in _EMPTY},
    )
    db.session.add(order)
    db.session.flush()
    issue_missing_documents(tenants.get(year.brand.id), [order], [])
    year.sold.append(order.id)
    charge = order.payments[0].stripe_charge_id
    # In dollars, Stripe has converted it to another amount in euros.
    converted = amount - 123 if dollars else amount
    move_balance(
        year, converted, fee=25 + amount * 3 // 200, source=charge, type_="charge", category="charge"
    )


def _line(year: Year, position: int, product: str) -> OrderLine:
    kind, price = _PRODUCTS[product]
    quantity = year.random.randint(1, 3) if kind is ProductKind.PHYSICAL else 1
    return OrderLine(
        tenant_id=year.brand.id,
        position=position,
        product_id=product,
        product_name=f'{product};\t|"=2+3"',
        kind=kind,
        quantity=quantity,
        unit_amount=price,
        discount_amount=year.random.choice([0, 0, 0, 333]),
        on_partial_refund=PartialRefundPolicy.KEEP,
    )


def _payment(year: Year, amount: int, currency: str = "eur") -> Payment:
    return Payment(
        tenant_id=year.brand.id,
        stripe_payment_intent_id=year.id("pi"),
        stripe_charge_id=year.id("ch"),
        state=PaymentState.SUCCEEDED,
        amount=amount,
        amount_received=amount,
        currency=currency,
        succeeded_at=utc_now(),
    )


def _refund(year: Year) -> None:
    """Refund a part, one line, or the rest of an order; every fourth refund fails later."""
    order = orders.lock_order(year.brand.id, year.random.choice(year.sold[-40:]))
    payment = order.payments[0]
    left = payment.amount_received - sum(refund.amount for refund in order.refunds if refund.is_live)
    if left <= 0 or payment.currency != "eur":
        return
    line = order.lines[0]
    by_line = year.random.random() < 0.5 and line.amount + order.shipping_amount <= left
    amount = line.amount + order.shipping_amount if by_line else year.random.choice([left, max(left // 3, 1)])
    refund = _refund_of(year, payment, amount)
    order.refunds.append(refund)
    if by_line:
        order.refund_requests.append(_request(year, order, refund))
    _issue(year, order)
    move_balance(year, -amount, source=refund.stripe_refund_id, type_="refund", category="refund")
    if year.number % 4 == 0:
        refund.status = RefundStatus.FAILED
        _issue(year, order)
        move_balance(
            year, amount, source=refund.stripe_refund_id, type_="refund_failure", category="refund_failure"
        )


def _refund_of(year: Year, payment: Payment, amount: int) -> Refund:
    return Refund(
        stripe_refund_id=year.id("re"),
        stripe_charge_id=payment.stripe_charge_id,
        stripe_payment_intent_id=payment.stripe_payment_intent_id,
        amount=amount,
        currency="eur",
        status=RefundStatus.SUCCEEDED,
        has_succeeded=True,
    )


def _request(year: Year, order: Order, refund: Refund) -> RefundRequest:
    return RefundRequest(
        stripe_payment_intent_id=order.payments[0].stripe_payment_intent_id,
        amount=refund.amount,
        origin=next(iter(RefundOrigin)),
        parameters={},
        shipping_amount=order.shipping_amount,
        lines=[{"line_id": str(order.lines[0].id), "quantity": order.lines[0].quantity}],
        stripe_key=year.id("key"),
        state=RequestState.ACCEPTED,
        stripe_refund_id=refund.stripe_refund_id,
    )


def _issue(year: Year, order: Order) -> None:
    db.session.flush()
    issued = receipts.list_of_orders(year.brand.id, [order.id])
    issue_missing_documents(tenants.get(year.brand.id), [order], issued)


def _pay_twice(year: Year) -> None:
    """A second payment of an order, which is refunded automatically: it has no document."""
    order = orders.lock_order(year.brand.id, year.sold[0])
    payment = _payment(year, 4700)
    order.payments.append(payment)
    move_balance(year, 4700, fee=95, source=payment.stripe_charge_id, type_="charge", category="charge")
    refund = _refund_of(year, payment, 4700)
    order.refunds.append(refund)
    move_balance(year, -4700, source=refund.stripe_refund_id, type_="refund", category="refund")


def _dispute(year: Year, *, is_won: bool) -> None:
    order = orders.lock_order(year.brand.id, year.sold[-1])
    amount = order.payments[0].amount_received
    dispute = Dispute(
        stripe_dispute_id=year.id("dp"),
        stripe_charge_id=order.payments[0].stripe_charge_id,
        amount=amount,
        currency="eur",
        status=DisputeStatus.WON if is_won else DisputeStatus.LOST,
        movements=1 + is_won,
    )
    order.disputes.append(dispute)
    source = dispute.stripe_dispute_id
    move_balance(year, -amount, fee=_DISPUTE_FEE, source=source, type_="adjustment", category="dispute")
    if is_won:
        move_balance(
            year, amount, fee=-_DISPUTE_FEE, source=source, type_="adjustment", category="dispute_reversal"
        )


def _pay_out(year: Year, *, is_returned: bool) -> None:
    amount, payout_id = year.available, year.id("po")
    if amount <= 0:
        return
    status = PayoutStatus.FAILED if is_returned else PayoutStatus.PAID
    db.session.add(
        Payout(
            tenant_id=year.brand.id,
            stripe_payout_id=payout_id,
            livemode=True,
            amount=amount,
            currency="eur",
            status=status,
            reconciliation=PayoutReconciliation.COMPLETED,
            is_automatic=True,
            arrival_at=utc_now() + timedelta(days=2),
            stripe_created_at=utc_now(),
        )
    )
    move_balance(year, -amount, source=payout_id, type_="payout", category="payout")
    db.session.flush()
    db.session.execute(
        update(BalanceTransaction)
        .where(
            BalanceTransaction.tenant_id == year.brand.id,
            BalanceTransaction.stripe_balance_transaction_id.in_(year.unpaid),
        )
        .values(stripe_payout_id=payout_id)
    )
    year.available, year.unpaid = 0, []
    if is_returned:
        move_balance(year, amount, source=payout_id, type_="payout_failure", category="payout_reversal")
    else:
        year.bank += amount
