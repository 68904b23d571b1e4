"""What Stripe took of an order's payments, refunds and disputes, and what it left."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from lumira.models import BalanceTransaction, Order


@dataclass(frozen=True, slots=True)
class Balance:
    """What moved on the balance at Stripe: minor units of the balance's currency; `net` is `amount` less `fee`."""

    amount: int
    fee: int
    net: int
    currency: str


def source_ids(order: Order) -> list[str]:
    """Return the charges, refunds and disputes of an order that move the balance, by Stripe's ids."""
    ids = (
        *(payment.stripe_charge_id for payment in order.payments),
        *(refund.stripe_refund_id for refund in order.refunds),
        *(dispute.stripe_dispute_id for dispute in order.disputes),
    )
    return [stripe_id for stripe_id in ids if stripe_id is not None]


def balance_of(source_id: str | None, rows: Sequence[BalanceTransaction]) -> Balance | None:
    """Return what one charge, refund or dispute moved in all; `None` while Stripe has not reported it."""
    found = totals(row for row in rows if row.stripe_source_id == source_id)
    return found[0] if found else None


def totals(rows: Iterable[BalanceTransaction]) -> list[Balance]:
    """Return what these balance transactions moved, by currency."""
    sums: dict[str, list[int]] = {}
    for row in rows:
        if row.currency is not None:
            known = sums.setdefault(row.currency, [0, 0, 0])
            for position, value in enumerate((row.amount, row.fee, row.net)):
                known[position] += value or 0
    return [Balance(amount, fee, net, currency) for currency, (amount, fee, net) in sorted(sums.items())]
