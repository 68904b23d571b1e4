"""What the pages of withdrawals show besides the withdrawals themselves."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from lumira.domain.withdrawal_period import refund_due_at
from lumira.models import Order, Withdrawal
from lumira.services.withdrawals.view_withdrawals import StatementPreview, WithdrawalDecisionView


def due_at(withdrawal: Withdrawal) -> datetime:
    """Return until when the refund is due, if the withdrawal is accepted."""
    return refund_due_at(withdrawal.requested_at)


def units(order: Order, withdrawal: Withdrawal) -> list[tuple[int, str]]:
    """Return how many units of each product a withdrawal concerns, with the product's name."""
    names = {line.id: line.product_name for line in order.lines}
    return [(line.quantity, names.get(line.order_line_id, "")) for line in withdrawal.lines]


@dataclass(frozen=True, slots=True)
class DecisionPage:
    """The withdrawals from one order, as the operator who decides sees them."""

    found: WithdrawalDecisionView

    @property
    def seen(self) -> str:
        """The withdrawals that the page shows, as its forms send them."""
        return ".".join(str(withdrawal.id) for withdrawal in self.found.waiting)

    @property
    def decided(self) -> list[Withdrawal]:
        """The withdrawals about which was decided, the newest first."""
        return [each for each in reversed(self.found.order.withdrawals) if not each.is_waiting]

    @property
    def refunds(self) -> list[tuple[int, str, str]]:
        """What is refunded: the amount in minor units, its currency, and the payment's id at Stripe."""
        return [
            (due.amount, due.payment.currency, due.payment.stripe_payment_intent_id)
            for due in self.found.refunds
        ]

    @property
    def has_goods(self) -> bool:
        """Whether a withdrawal that waits concerns goods, which the buyer sends back."""
        concerned: set[UUID] = {line.order_line_id for each in self.found.waiting for line in each.lines}
        return any(line.keeps_stock for line in self.found.order.lines if line.id in concerned)


@dataclass(frozen=True, slots=True)
class RecordPage:
    """The form of a statement that reached the shop in another way, and what was entered in it."""

    number: str = ""
    received: str = ""
    reason: str = ""
    #: The key of the text that says what is wrong.
    error: str | None = None
    preview: StatementPreview | None = None
