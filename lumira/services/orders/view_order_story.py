"""Everything about one order that an operator sees on one page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic
from lumira.domain import fraud_warnings, refunds
from lumira.domain.fraud_warnings import WarningState
from lumira.domain.order_money import is_completed_without_payment, received_amount
from lumira.domain.order_status import is_open
from lumira.domain.refund_lines import refundable_quantity
from lumira.domain.stripe.fees import Balance, balance_of, source_ids, totals
from lumira.domain.timeline import OrderEvent, TimelineEntry, timeline
from lumira.domain.waiting import StuckEvent, Waiting, waiting_for
from lumira.models import (
    Alert,
    AuditEntry,
    BalanceTransaction,
    FraudWarning,
    Order,
    OrderNote,
    Receipt,
    Tenant,
)
from lumira.repositories.accounting import balance_transactions
from lumira.repositories.audit import audit
from lumira.repositories.audit.audit import AuditFilter
from lumira.repositories.events import order_events
from lumira.repositories.fulfilment.deliverables import DeliverableView
from lumira.repositories.operators import operator_roles
from lumira.repositories.orders import order_notes, orders, surroundings
from lumira.repositories.receipts import receipts
from lumira.repositories.tenants import tenants
from lumira.services.files.view_deliverables import list_deliverables


@dataclass(frozen=True, slots=True)
class OrderStory:
    """One order with all that belongs to it, what it waits for, and what can be done about it."""

    tenant: Tenant
    order: Order
    waiting: Waiting | None
    #: Oldest entry first.
    timeline: list[TimelineEntry]
    events: list[OrderEvent]
    #: Events that name the order and are not processed.
    stuck_events: Sequence[StuckEvent]
    alerts: Sequence[Alert]
    #: What the payments, refunds and disputes moved on the balance at Stripe, oldest first.
    balance: Sequence[BalanceTransaction]
    receipts: Sequence[Receipt]
    deliverables: Sequence[DeliverableView]
    #: Newest first, as the audit entries.
    notes: Sequence[OrderNote]
    audit: Sequence[AuditEntry]
    #: Minor units of each succeeded payment that may still be refunded, by its id at Stripe.
    refundable: Mapping[str, int]
    #: Units of each line that were not refunded by a refund of this line, by the line's id.
    refundable_units: Mapping[UUID, int]
    #: The address of each operator of the team, also of those who left it, by their name in the audit log.
    operators: Mapping[str, str]

    @property
    def received(self) -> int:
        """What all succeeded payments received, in minor units."""
        return received_amount(self.order)

    def moved(self, stripe_id: str | None) -> Balance | None:
        """What one charge, refund or dispute moved on the balance; `None` while Stripe has not reported it."""
        return balance_of(stripe_id, self.balance)

    @property
    def balance_totals(self) -> list[Balance]:
        """What all of them moved, by currency."""
        return totals(self.balance)

    def state_of(self, warning: FraudWarning) -> WarningState:
        """Whether an operator may do something about a fraud warning."""
        return fraud_warnings.state_of(self.order, warning)

    @property
    def has_open_warning(self) -> bool:
        """Whether a fraud warning may be dismissed."""
        return bool(fraud_warnings.open_warnings(self.order))

    @property
    def can_be_cancelled(self) -> bool:
        """Whether the order is unpaid and not closed, also if Stripe completed it without a payment."""
        is_paid = any(payment.has_succeeded for payment in self.order.payments)
        is_unpaid = is_open(self.order) or is_completed_without_payment(self.order)
        return is_unpaid and not is_paid and not self.order.is_free


def view_order_story(tenant_id: int, reference: str) -> OrderStory:
    """Return the story of one order, by its number, its id, its PaymentIntent or its session; `OrderNotFound`."""
    with atomic(tenant_id):
        order = orders.get_order(tenant_id, reference)
        known = surroundings.load(order, utc_now())
        events = order_events.list_of_order(tenant_id, order.id)
        return OrderStory(
            tenant=tenants.get(tenant_id),
            order=order,
            waiting=waiting_for(order, known),
            timeline=timeline(order, events),
            events=events,
            stuck_events=known.events,
            alerts=known.alerts,
            balance=balance_transactions.list_of_sources(tenant_id, source_ids(order)),
            receipts=receipts.list_of_orders(tenant_id, [order.id]),
            deliverables=list_deliverables(tenant_id, [order])[order.id],
            notes=order_notes.list_notes(tenant_id, order.id),
            audit=audit.list_entries(tenant_id, AuditFilter(subject=f"order:{order.id}")),
            refundable={
                payment.stripe_payment_intent_id: refunds.refundable_amount(order, payment)
                for payment in order.payments
                if payment.has_succeeded
            },
            operators=operator_roles.addresses_by_actor(tenant_id),
            refundable_units={line.id: refundable_quantity(order, line) for line in order.lines},
        )
