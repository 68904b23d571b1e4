"""The buyer's right of withdrawal, and what follows from a withdrawal.

Directive 2011/83/EU, articles 9 to 16, with article 11a of directive (EU) 2023/2673; in France the code de la
consommation, L221-18 to L221-28. All numbers of articles in this module are of that code.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from lumira.domain import parcels
from lumira.domain.order_money import lost_amount, money_of, settling_payment
from lumira.domain.refund_lines import (
    amount_of,
    refundable_postage,
    refundable_quantity,
    refunded_as_returned,
    refunded_otherwise,
    unshipped_units,
)
from lumira.domain.refunds import is_disputed, refundable_amount
from lumira.domain.withdrawal_period import last_day
from lumira.models import (
    Order,
    OrderLine,
    OrderStatus,
    Payment,
    RequestState,
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


@dataclass(frozen=True, slots=True)
class DueRefund:
    """A refund that follows from an accepted withdrawal; the amount in minor units."""

    withdrawal: Withdrawal
    payment: Payment
    amount: int
    #: The units that it refunds, as `refund_lines.freeze_lines` returns them.
    lines: list[dict[str, Any]]
    #: The part of the amount that is postage.
    shipping_amount: int = 0


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
    return _units_of(counted)[line.id]


def withdrawn_units(order: Order, line: OrderLine) -> int:
    """Return from how many units of a line the buyer has withdrawn, refused withdrawals apart."""
    return _withdrawn_units(order, line, counts_refused=False)


def withdrawn_or_refunded_units(order: Order, line: OrderLine) -> int:
    """Return for how many units of a line the buyer has the money again, or asked for it and was not refused."""
    return withdrawn_units(order, line) + refunded_otherwise(order, line)


def _units_of(withdrawals: Sequence[Withdrawal]) -> Counter[UUID]:
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
    return _is_whole(order, [withdrawal for withdrawal in order.withdrawals if not withdrawal.is_refused])


def _is_whole(order: Order, withdrawals: Sequence[Withdrawal]) -> bool:
    lines = [line for line in order.lines if not line.is_repeated]
    return bool(withdrawals) and _are_withdrawn(order, withdrawals, lines)


def _are_goods_withdrawn(order: Order, withdrawals: Sequence[Withdrawal]) -> bool:
    """Whether the buyer keeps nothing of what was sent; digital content of the same order may be kept."""
    goods = [line for line in order.lines if line.keeps_stock]
    return bool(goods) and _are_withdrawn(order, withdrawals, goods)


def _are_withdrawn(order: Order, withdrawals: Sequence[Withdrawal], lines: Sequence[OrderLine]) -> bool:
    units = _units_of(withdrawals)
    return all(units[line.id] + refunded_otherwise(order, line) >= line.quantity for line in lines)


def due_refunds(order: Order, *, if_accepted: bool = False) -> list[DueRefund]:
    """Return the refunds that accepted withdrawals still require; with `if_accepted` also those that wait.

    A withdrawal of everything is refunded with what is refundable, another one with the prices of its units. The one
    after which the buyer keeps none of the goods is refunded with the postage too (code de la consommation, L221-24):
    each order has one standard delivery, and no dearer one. Each is refunded once from the payment that settles the
    order. An open dispute withholds the money: the refund is due once it is won. What a lost dispute took, the buyer
    has. One that waits for the return of goods is due once they are back, or once the buyer has proved that they were
    sent (L221-24).
    """
    accepted = [each for each in order.withdrawals if each.is_accepted or (if_accepted and each.is_waiting)]
    payment = settling_payment(order) if accepted else None
    if payment is None or is_disputed(order, payment):
        return []
    due: list[DueRefund] = []
    remaining = refundable_amount(order, payment) - lost_amount(order)
    settled = [each for each in accepted if _is_requested(order, each, payment)]
    postage_left = refundable_postage(order)
    for number, withdrawal in enumerate(accepted, start=1):
        if withdrawal in settled or is_withheld_until_return(order, withdrawal, accepted[:number]):
            continue
        settled.append(withdrawal)
        others = [line for each in due for line in each.lines]
        lines = _unrefunded_lines(order, withdrawal, others)
        postage = postage_left if _are_goods_withdrawn(order, settled) else 0
        is_last = _is_whole(order, settled)
        # The prices are in the order's currency: a part of a payment in another one is for an operator to refund.
        prices = amount_of(order, lines, others=others) + postage
        part = prices if payment.currency == order.currency else 0
        amount = remaining if is_last else min(part, remaining)
        if amount > 0:
            postage = min(postage, amount)
            due.append(DueRefund(withdrawal, payment, amount, lines, postage))
            remaining -= amount
            postage_left -= postage
    return due


def is_withheld_until_return(
    order: Order, withdrawal: Withdrawal, accepted: Sequence[Withdrawal] | None = None
) -> bool:
    """Whether the refund of an accepted withdrawal waits for goods that were shipped and are not back.

    `accepted` are the accepted withdrawals up to this one: goods that came back count for the first of them.
    """
    if not withdrawal.waits_for_return or withdrawal.sent_back_at is not None:
        return False
    if accepted is None:
        until_this = order.withdrawals[: order.withdrawals.index(withdrawal) + 1]
        accepted = [each for each in until_this if each.is_accepted]
    units = _units_of(accepted)
    concerned = {line.order_line_id for line in withdrawal.lines}
    return any(
        units[line.id] - unshipped_units(order, line)
        > parcels.returned_units(order, line) - refunded_as_returned(order, line)
        for line in parcels.goods_of(order)
        if line.id in concerned
    )


def _is_requested(order: Order, withdrawal: Withdrawal, payment: Payment) -> bool:
    return any(
        request.withdrawal_id == withdrawal.id
        and request.stripe_payment_intent_id == payment.stripe_payment_intent_id
        for request in order.refund_requests
    )


def _unrefunded_lines(
    order: Order, withdrawal: Withdrawal, others: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """The units of a withdrawal, without those that were refunded for another reason meanwhile or are in `others`."""
    lines = {line.id: line for line in order.lines}
    units = {
        each.order_line_id: min(
            each.quantity, refundable_quantity(order, lines[each.order_line_id], others=others)
        )
        for each in withdrawal.lines
    }
    return [{"line_id": str(line_id), "quantity": number} for line_id, number in units.items() if number > 0]


def amount_for_withdrawals(order: Order) -> int:
    """Return the minor units that are refunded, or being refunded, because of withdrawals and returns of goods.

    A product's policy for partial refunds does not apply to them: they concern other lines.
    """
    live = {refund.stripe_refund_id for refund in order.refunds if refund.is_live}
    known: Collection[str] = {refund.stripe_refund_id for refund in order.refunds}
    return sum(
        request.amount
        for request in order.refund_requests
        if (request.withdrawal_id is not None or request.return_id is not None)
        and request.state is not RequestState.REFUSED
        and (request.stripe_refund_id in live or request.stripe_refund_id not in known)
    )
