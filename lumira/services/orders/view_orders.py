"""Shows orders; changes nothing."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain.commands import OrderFilter
from lumira.domain.due_receipts import included_vat
from lumira.domain.goods import addresses
from lumira.domain.goods.addresses import Address
from lumira.domain.order_money import current_payment
from lumira.domain.stripe.fees import balance_of
from lumira.domain.timeline import TimelineEntry, timeline
from lumira.domain.waiting import Waiting, waiting_for
from lumira.domain.waiting_texts import sentence
from lumira.domain.withdrawal_period import refund_due_at
from lumira.errors.orders import OrderNotFound
from lumira.models import Language, Order, PaymentState, WithdrawalDecision, WithdrawalVia
from lumira.repositories.accounting import balance_transactions
from lumira.repositories.customers import customers
from lumira.repositories.events import order_events
from lumira.repositories.idempotency import idempotency
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.repositories.orders import order_lists, orders, surroundings


@dataclass(frozen=True, slots=True)
class OrderSummary:
    """One order, and the payment that settles it, else the newest; `None` if it is free."""

    order: Order
    payment_intent_id: str | None


@dataclass(frozen=True, slots=True)
class WithdrawnUnits:
    """From how many units of one product the buyer withdraws."""

    product_id: str
    quantity: int


@dataclass(frozen=True, slots=True)
class WithdrawalSummary:
    """A withdrawal, and until when it is refunded if it is valid."""

    via: WithdrawalVia
    requested_at: datetime
    confirmed_at: datetime
    reason: str | None
    lines: tuple[WithdrawnUnits, ...]
    decision: WithdrawalDecision | None
    decided_at: datetime | None
    refund_due_at: datetime


@dataclass(frozen=True, slots=True)
class ShippingSummary:
    """Where an order is sent, and what that costs; amounts in minor units, VAT included."""

    zone: str | None
    amount: int
    vat_rate: str | None
    vat_amount: int
    name: str | None
    phone: str | None
    address: Address | None


@dataclass(frozen=True, slots=True)
class PaymentView:
    """One payment, and what Stripe took of it: minor units of `balance_currency`, `None` until Stripe reports it."""

    stripe_payment_intent_id: str
    state: PaymentState
    amount: int
    fee: int | None
    net: int | None
    balance_currency: str | None


@dataclass(frozen=True, slots=True)
class OrderView(OrderSummary):
    """One order, its payments, its timeline with the oldest entry first, and what it waits for."""

    payments: list[PaymentView]
    timeline: list[TimelineEntry]
    #: The newest one; `None` if the buyer has not withdrawn.
    withdrawal: WithdrawalSummary | None
    waiting: Waiting | None

    @property
    def shipping(self) -> ShippingSummary | None:
        """Where it is sent; `None` if nothing of it is sent, or nothing is known about that."""
        order, address = self.order, addresses.read(self.order.shipping_address)
        if order.shipping_zone is None and address is None:
            return None
        rate = order.shipping_vat_rate
        return ShippingSummary(
            zone=order.shipping_zone,
            amount=order.shipping_amount,
            vat_rate=rate,
            vat_amount=included_vat(order.shipping_amount, rate) if rate else 0,
            name=address.name if address else None,
            phone=address.phone if address else None,
            address=address,
        )

    @property
    def waiting_for(self) -> str | None:
        """What the order waits for, as one English sentence with times in UTC; `None` if it waits for nothing."""
        return sentence(self.waiting, Language.ENGLISH, _shown) if self.waiting else None


def _shown(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _current_payment_id(order: Order) -> str | None:
    payment = current_payment(order)
    return None if payment is None else payment.stripe_payment_intent_id


def view_order(tenant_id: int, reference: str) -> OrderView:
    """Return one order by its id, its number, its PaymentIntent or its session; `OrderNotFound`."""
    with atomic(tenant_id):
        order = orders.get_order(tenant_id, reference)
        events = order_events.list_of_order(tenant_id, order.id)
        waiting = waiting_for(order, surroundings.load(order, utc_now()))
        return OrderView(
            order,
            _current_payment_id(order),
            _view_payments(order),
            timeline(order, events),
            _newest_withdrawal(order),
            waiting,
        )


def _view_payments(order: Order) -> list[PaymentView]:
    charge_ids = [
        payment.stripe_charge_id for payment in order.payments if payment.stripe_charge_id is not None
    ]
    rows = balance_transactions.list_of_sources(order.tenant_id, charge_ids)
    views = []
    for payment in order.payments:
        known = balance_of(payment.stripe_charge_id, rows)
        views.append(
            PaymentView(
                payment.stripe_payment_intent_id,
                payment.state,
                payment.amount,
                fee=None if known is None else known.fee,
                net=None if known is None else known.net,
                balance_currency=None if known is None else known.currency,
            )
        )
    return views


def _newest_withdrawal(order: Order) -> WithdrawalSummary | None:
    newest = order.withdrawals[-1] if order.withdrawals else None
    if newest is None:
        return None
    products = {line.id: line.product_id for line in order.lines}
    return WithdrawalSummary(
        via=newest.via,
        requested_at=newest.requested_at,
        confirmed_at=newest.confirmed_at,
        reason=newest.reason,
        lines=tuple(WithdrawnUnits(products[line.order_line_id], line.quantity) for line in newest.lines),
        decision=newest.decision,
        decided_at=newest.decided_at,
        refund_due_at=refund_due_at(newest.requested_at),
    )


def view_payment(tenant_id: int, reference: str, caller: Call) -> OrderSummary:
    """Return the order of one PaymentIntent or Checkout Session; by its number only to the caller that opened it.

    Stripe's ids are known to the buyer alone. An order number is written on receipts and in messages, so a public
    caller must have opened the order: from the same network, or with the idempotency key that it sends again.
    Raises `OrderNotFound`.
    """
    with atomic(tenant_id):
        order = orders.get_order_of_payment(tenant_id, reference)
        if not reference.startswith(("pi_", "cs_")) and not _has_opened(order, caller):
            raise OrderNotFound(orders.NO_PAYMENT)
        return OrderSummary(order, reference if reference.startswith("pi_") else _current_payment_id(order))


def _has_opened(order: Order, caller: Call) -> bool:
    if caller.public_network is None:
        return True
    if caller.is_of_network(order.opener_network):
        return True
    return idempotency.find_order_id(order.tenant_id, caller) == order.id


def list_orders(tenant_id: int, criteria: OrderFilter) -> tuple[list[OrderSummary], UUID | None]:
    """Return one page of orders, newest first, and the id for `after` of the next page; `None` on the last page.

    The e-mail address of a merged customer finds the orders of the customer that it was merged into.
    """
    with atomic(tenant_id):
        if criteria.customer_email is not None:
            customer = customers.find_by_email(tenant_id, criteria.customer_email)
            criteria = replace(criteria, customer_email=customer.email_key) if customer else criteria
        page, following = order_lists.list_orders(tenant_id, criteria, rows=order_lists.SHOWN)
        return [OrderSummary(order, _current_payment_id(order)) for order in page], following
