"""Record a parcel that was shipped; the buyer gets a message with its tracking link."""

from collections import Counter
from dataclasses import asdict

from lumira.clock import utc_now
from lumira.database import atomic, db, retried
from lumira.domain.commands import ShipmentCommand
from lumira.domain.goods import parcels
from lumira.domain.goods.fulfilment import NoShipment, remaining_units, why_not_shippable
from lumira.errors.parcels import NotShippable, ParcelsChanged
from lumira.models import Order, Shipment
from lumira.repositories.audit import audit
from lumira.repositories.idempotency import idempotency
from lumira.repositories.idempotency.idempotency import StoredReply
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.repositories.orders import orders
from lumira.services.idempotency.reply import Reply
from lumira.services.shipments.results import ShipmentResult, shipment_result
from lumira.services.shipments.tracking import checked_time, checked_tracking
from lumira.settlement.settle_order import settle_order

_REFUSALS = {
    NoShipment.NO_GOODS: "has no goods to ship.",
    NoShipment.UNPAID: "is not paid: ship it once it is.",
    NoShipment.REVIEW: "was paid with another amount or currency: release or refund it first.",
    NoShipment.DISPUTED: "is disputed: wait for the bank's decision before you ship it.",
    NoShipment.FRAUD_WARNING: "has a fraud warning: refund it, or dismiss the warning before you ship it.",
    NoShipment.REFUNDED: "is refunded, or being refunded: there is nothing to ship.",
    NoShipment.TEST_ENDED: "was paid with test money, and the shop sells live: there is nothing to ship.",
    NoShipment.ERASED: "has no address any more: its buyer was erased.",
    NoShipment.NOTHING_LEFT: "has no unit left to ship: each was shipped, refunded or withdrawn from.",
}


@retried
def create_shipment(
    tenant_id: int, reference: str, command: ShipmentCommand, *, call: Call
) -> Reply[ShipmentResult]:
    """Record a shipment of these units, or of all that are to be shipped, and enqueue the buyer's message.

    Raises `OrderNotFound`, `InvalidTracking`, `InvalidRequest` for a time that cannot be, `NotShippable`, and
    `ParcelsChanged` if the order has other shipments than the operator has seen; `IdempotencyInProgress` and
    `IdempotencyMismatch`.
    """
    tracking = checked_tracking(command.carrier, command.tracking_number, command.tracking_url)
    with atomic(tenant_id):
        claim = idempotency.claim(tenant_id, call)
        if claim.reply is not None:
            return Reply(ShipmentResult(**claim.reply.body), replayed=True)
        order = orders.lock_order(tenant_id, orders.get_order(tenant_id, reference).id)
        idempotency.renew(tenant_id, claim, order_id=order.id)
        if command.seen is not None and command.seen != len(order.shipments):
            raise ParcelsChanged(f"The order {order.order_number} has other shipments now.")
        units = _checked_units(order, command)
        now = utc_now()
        shipped_at = checked_time(command.shipped_at, name="shippedAt", earliest=order.created_at, now=now)
        shipment = parcels.record_shipment(order, units, tracking, shipped_at=shipped_at, now=now)
        _audit(order, shipment, actor=call.actor)
        settle_order(order, actor=call.actor)
        db.session.flush()
        result = shipment_result(order, shipment)
        idempotency.finish(tenant_id, claim, StoredReply(200, asdict(result)))
        return Reply(result)


def refusal(order: Order) -> str | None:
    """Return the sentence that says why nothing of an order is shipped; `None` if something may be."""
    why_not = why_not_shippable(order)
    return None if why_not is None else f"The order {order.order_number} {_REFUSALS[why_not]}"


def _checked_units(order: Order, command: ShipmentCommand) -> dict[str, int]:
    """The units to ship, by product."""
    if (why_not := refusal(order)) is not None:
        raise NotShippable(why_not, left=0)
    remaining = {line.product_id: remaining_units(order, line) for line in parcels.goods_of(order)}
    if not command.lines:
        return {product_id: number for product_id, number in remaining.items() if number}
    units = Counter[str]()
    for item in command.lines:
        units[item.product_id] += item.quantity
    for product_id, quantity in units.items():
        left = remaining.get(product_id, 0)
        if not 1 <= quantity <= left:
            raise NotShippable(
                f"{left} units of {product_id} are to be shipped, {quantity} were named.",
                product_id=product_id,
                left=left,
            )
    return dict(units)


def _audit(order: Order, shipment: Shipment, *, actor: str) -> None:
    audit.record(
        order.tenant_id,
        actor=actor,
        action="shipment_recorded",
        subject=f"order:{order.id}",
        shipment=str(shipment.id),
        units=sum(line.quantity for line in shipment.lines),
    )
