"""Record goods that came back: they are restocked, and refunded where the operator says so."""

from collections import Counter
from dataclasses import asdict

from lumira.clock import utc_now
from lumira.database import atomic, db, retried
from lumira.domain.commands import ReturnCommand
from lumira.domain.goods import parcels
from lumira.domain.goods.parcels import ReturnedUnits
from lumira.errors.parcels import NotReturnable, ParcelsChanged
from lumira.models import Order, ReturnCondition
from lumira.repositories.audit import audit
from lumira.repositories.idempotency import idempotency
from lumira.repositories.idempotency.idempotency import StoredReply
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.repositories.orders import orders
from lumira.services.idempotency.reply import Reply
from lumira.services.shipments.results import ReturnResult, return_result
from lumira.services.shipments.tracking import checked_time
from lumira.settlement.settle_order import settle_order


@retried
def record_return(
    tenant_id: int, reference: str, command: ReturnCommand, *, call: Call
) -> Reply[ReturnResult]:
    """Record that units of an order came back; a worker makes the refund that follows.

    Units that can be sold again are restocked, unless the product's policy says otherwise. Raises `OrderNotFound`,
    `NotReturnable` if fewer were shipped, `InvalidRequest` for a time that cannot be, and `ParcelsChanged` if the
    order has other returns than the operator has seen; `IdempotencyInProgress` and `IdempotencyMismatch`.
    """
    with atomic(tenant_id):
        claim = idempotency.claim(tenant_id, call)
        if claim.reply is not None:
            return Reply(ReturnResult(**claim.reply.body), replayed=True)
        order = orders.lock_order(tenant_id, orders.get_order(tenant_id, reference).id)
        idempotency.renew(tenant_id, claim, order_id=order.id)
        if command.seen is not None and command.seen != len(order.returns):
            raise ParcelsChanged(f"The order {order.order_number} has other returns now.")
        units = _checked_units(order, command)
        now = utc_now()
        earliest = min(shipment.shipped_at for shipment in parcels.sent_shipments(order))
        goods_return = parcels.record_return(
            order,
            units,
            received_at=checked_time(command.received_at, name="receivedAt", earliest=earliest, now=now),
            is_refunded=command.is_refunded,
            reason=command.reason,
            now=now,
        )
        audit.record(
            tenant_id,
            actor=call.actor,
            action="return_recorded",
            subject=f"order:{order.id}",
            units=sum(each.quantity for each in units),
            refunded=command.is_refunded,
        )
        # A refund that settling decides references the return.
        db.session.flush()
        settle_order(order, actor=call.actor)
        result = return_result(order, goods_return)
        idempotency.finish(tenant_id, claim, StoredReply(200, asdict(result)))
        return Reply(result)


def returnable_units(order: Order) -> dict[str, int]:
    """Return how many units of each product may still come back, by product; without those of which none may."""
    units = {
        line.product_id: parcels.shipped_units(order, line) - parcels.returned_units(order, line)
        for line in parcels.goods_of(order)
    }
    return {product_id: number for product_id, number in units.items() if number > 0}


def _checked_units(order: Order, command: ReturnCommand) -> list[ReturnedUnits]:
    units = Counter[tuple[str, str]]()
    for item in command.lines:
        units[item.product_id, item.condition] += item.quantity
    returnable = returnable_units(order)
    by_product = Counter[str]()
    for (product_id, _), quantity in units.items():
        by_product[product_id] += quantity
    for product_id, quantity in by_product.items():
        most = returnable.get(product_id, 0)
        if quantity > most:
            raise NotReturnable(
                f"{most} units of {product_id} were shipped and are not back, {quantity} were named.",
                product_id=product_id,
                left=most,
            )
    return [
        ReturnedUnits(product_id, quantity, ReturnCondition(condition))
        for (product_id, condition), quantity in sorted(units.items())
    ]
