"""The buyer's right of withdrawal, and what follows from a withdrawal.

Directive 2011/83/EU, articles 9 to 16, with article 11a of directive (EU) 2023/2673; in France the code de la
consommation, L221-18 to L221-28. All numbers of articles in this module are of that code.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID
from zoneinfo import ZoneInfo

from lumira.domain.order_money import money_of
from lumira.domain.refund_lines import (
    refunded_otherwise,
)
from lumira.domain.withdrawal_period import last_day
from lumira.models import (
    Order,
    OrderLine,
    OrderStatus,
    Tenant,
    Withdrawal,
    WithdrawalDecision,
    WithdrawalLine,
    WithdrawalPolicy,
    WithdrawalVia,
)
from lumira.models.columns import uuid7

# Blueprints take it from here.
__all__ = ["WithdrawalDecision"]

#: The contract is not concluded, or was never performed: there is nothing to withdraw from.
_WITHOUT_CONTRACT = (OrderStatus.PENDING, OrderStatus.FAILED, OrderStatus.CANCELLED)


class NoRight(StrEnum):
    """Why units cannot be withdrawn from."""

    #: Nothing was paid or delivered: unpaid, cancelled, sold out, or a free product that the buyer had already.
    NOTHING = "nothing"
    #: The buyer has the money again.
    REFUNDED = "refunded"
    WITHDRAWN = "withdrawn"
    #: The shop refused an earlier withdrawal.
    REFUSED = "refused"
    #: The buyer asked for the digital content at once and acknowledged the loss of the right (L221-28, 13°).
    WAIVED = "waived"
    #: The period is over.
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class LineRight:
    """From how many units of a line the buyer may withdraw; from none for the reason `why_not`."""

    line: OrderLine
    quantity: int
    why_not: NoRight | None


@dataclass(frozen=True, slots=True)
class WithdrawalRight:
    """The right of withdrawal of an order at one time."""

    #: The last day of the period; `None` before it has begun.
    last_day: date | None
    lines: tuple[LineRight, ...]

    @property
    def is_open(self) -> bool:
        """Whether the buyer may withdraw from any unit."""
        return any(right.quantity for right in self.lines)

    def permits(self, units: Mapping[UUID, int]) -> bool:
        """Whether the buyer may withdraw from these units, by order line; from none they may not."""
        largest = {right.line.id: right.quantity for right in self.lines}
        return bool(units) and all(0 < number <= largest.get(line, 0) for line, number in units.items())

    @property
    def why_not(self) -> NoRight | None:
        """The reason that the first line names; `None` while the right is open."""
        return None if self.is_open else next((right.why_not for right in self.lines), NoRight.NOTHING)


def right_of(order: Order, *, zone: ZoneInfo, at: datetime, is_by_operator: bool = False) -> WithdrawalRight:
    """Return from what a buyer who makes the statement at `at` may withdraw.

    An operator may record another statement about units whose withdrawal was refused.
    """
    last = last_day(order, zone)
    common = _why_not_at_all(order)
    is_over = last is not None and at.astimezone(zone).date() > last
    rights = []
    for line in order.lines:
        withdrawn = _withdrawn_units(order, line, counts_refused=not is_by_operator)
        remaining = line.quantity - withdrawn - refunded_otherwise(order, line)
        why_not = common or _why_not(order, line, remaining, is_over=is_over)
        rights.append(LineRight(line, 0 if why_not else remaining, why_not))
    return WithdrawalRight(last, tuple(rights))


def _why_not_at_all(order: Order) -> NoRight | None:
    money = money_of(order)
    if money.is_fully_refunded or money.is_lost:
        return NoRight.REFUNDED
    has_none = order.status in _WITHOUT_CONTRACT or order.sold_out_at is not None
    return NoRight.NOTHING if has_none or order.test_ended_at is not None else None


def _why_not(order: Order, line: OrderLine, remaining: int, *, is_over: bool) -> NoRight | None:
    if line.is_repeated:
        return NoRight.NOTHING
    if remaining <= 0:
        if _withdrawn_units(order, line, counts_refused=True) == 0:
            return NoRight.REFUNDED
        is_refused = _withdrawn_units(order, line, counts_refused=False) == 0
        return NoRight.REFUSED if is_refused else NoRight.WITHDRAWN
    if is_waived(order, line):
        return NoRight.WAIVED
    return NoRight.ENDED if is_over else None


def is_waived(order: Order, line: OrderLine) -> bool:
    """Whether the right of the line has ended with its delivery, as the buyer acknowledged (L221-28, 13°).

    The consent ends the right only once the delivery has begun, which is the order's completion.
    """
    has_consented = order.consents is not None and bool(order.consents.get("immediate_delivery"))
    return has_consented and line.grants_access and order.completed_at is not None


def _withdrawn_units(order: Order, line: OrderLine, *, counts_refused: bool) -> int:
    counted = [w for w in order.withdrawals if counts_refused or not w.is_refused]
    return units_of(counted)[line.id]


def withdrawn_units(order: Order, line: OrderLine) -> int:
    """Return from how many units of a line the buyer has withdrawn, refused withdrawals apart."""
    return _withdrawn_units(order, line, counts_refused=False)


def units_of(withdrawals: Sequence[Withdrawal]) -> Counter[UUID]:
    """Return how many units of each order line these withdrawals concern, by the line's id."""
    units: Counter[UUID] = Counter()
    for withdrawal in withdrawals:
        for line in withdrawal.lines:
            units[line.order_line_id] += line.quantity
    return units


def record_withdrawal(
    order: Order,
    units: Mapping[UUID, int],
    *,
    via: WithdrawalVia,
    reason: str | None,
    requested_at: datetime,
    now: datetime,
    is_accepted: bool,
    waits_for_return: bool = False,
) -> Withdrawal:
    """Record the buyer's statement about these units, by order line. The caller has checked the right."""
    withdrawal = Withdrawal(
        id=uuid7(),
        via=via,
        reason=reason,
        requested_at=requested_at,
        confirmed_at=now,
        decision=WithdrawalDecision.ACCEPTED if is_accepted else None,
        decided_at=now if is_accepted else None,
        waits_for_return=is_accepted and waits_for_return,
    )
    withdrawal.lines.extend(
        WithdrawalLine(id=uuid7(), order_id=order.id, order_line_id=line_id, quantity=quantity)
        for line_id, quantity in units.items()
    )
    order.withdrawals.append(withdrawal)
    order.updated_at = now
    return withdrawal


def is_accepted_at_once(tenant: Tenant, order: Order) -> bool:
    """Whether no operator decides: by the tenant's policy, or because there is nothing to refund."""
    return tenant.withdrawal_policy is WithdrawalPolicy.REFUND or order.is_free


def waiting(order: Order) -> list[Withdrawal]:
    """Return the withdrawals that an operator has to decide about, oldest first."""
    return [withdrawal for withdrawal in order.withdrawals if withdrawal.is_waiting]


def is_line_withdrawn(order: Order, line: OrderLine) -> bool:
    """Whether the buyer has withdrawn from all units of the line, and no operator refused that."""
    return bool(order.withdrawals) and _withdrawn_units(order, line, counts_refused=False) >= line.quantity


def is_whole_order_withdrawn(order: Order) -> bool:
    """Whether the buyer has withdrawn from everything that the order delivers."""
    return are_all_withdrawn(
        order, [withdrawal for withdrawal in order.withdrawals if not withdrawal.is_refused]
    )


def are_all_withdrawn(order: Order, withdrawals: Sequence[Withdrawal]) -> bool:
    """Return whether the buyer keeps nothing of what the order delivers after these withdrawals."""
    lines = [line for line in order.lines if not line.is_repeated]
    return bool(withdrawals) and _are_withdrawn(order, withdrawals, lines)


def are_goods_withdrawn(order: Order, withdrawals: Sequence[Withdrawal]) -> bool:
    """Return whether the buyer keeps nothing of what was sent; digital content of the same order may be kept."""
    goods = [line for line in order.lines if line.keeps_stock]
    return bool(goods) and _are_withdrawn(order, withdrawals, goods)


def _are_withdrawn(order: Order, withdrawals: Sequence[Withdrawal], lines: Sequence[OrderLine]) -> bool:
    units = units_of(withdrawals)
    return all(units[line.id] + refunded_otherwise(order, line) >= line.quantity for line in lines)
