"""Add to what is known of a parcel: its delivery, a corrected number or link, or that it was not sent."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from lumira.clock import utc_now
from lumira.database import atomic, retried
from lumira.domain.commands import ShipmentChange
from lumira.domain.goods.parcels import returned_units, shipped_units, units_in
from lumira.errors.parcels import NotShippable, ShipmentNotFound
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


@retried
def change_shipment(
    tenant_id: int, reference: str, shipment_id: UUID, change: ShipmentChange, *, call: Call
) -> Reply[ShipmentResult]:
    """Record the delivery of a parcel, correct its tracking, or cancel it; the same change again changes nothing.

    Raises `OrderNotFound` and `ShipmentNotFound`; `InvalidTracking`, `InvalidRequest` for a time that cannot be, and
    `NotShippable` if a delivered parcel is to be cancelled or a cancelled one changed; `IdempotencyInProgress` and
    `IdempotencyMismatch`.
    """
    with atomic(tenant_id):
        claim = idempotency.claim(tenant_id, call)
        if claim.reply is not None:
            return Reply(ShipmentResult(**claim.reply.body), replayed=True)
        order = orders.lock_order(tenant_id, orders.get_order(tenant_id, reference).id)
        idempotency.renew(tenant_id, claim, order_id=order.id)
        shipment = _find(order, shipment_id)
        now = utc_now()
        _correct(order, shipment, change, actor=call.actor)
        _deliver(order, shipment, change, now, actor=call.actor)
        _cancel(order, shipment, change, now, actor=call.actor)
        order.updated_at = now
        settle_order(order, actor=call.actor)
        result = shipment_result(order, shipment)
        idempotency.finish(tenant_id, claim, StoredReply(200, asdict(result)))
        return Reply(result)


def _find(order: Order, shipment_id: UUID) -> Shipment:
    shipment = next((each for each in order.shipments if each.id == shipment_id), None)
    if shipment is None:
        raise ShipmentNotFound(f"The order {order.order_number} has no such shipment.")
    return shipment


def _correct(order: Order, shipment: Shipment, change: ShipmentChange, *, actor: str) -> None:
    if (change.carrier, change.tracking_number, change.tracking_url) == (None, None, None):
        return
    _require_sent(shipment)
    # The link of another number or carrier leads to another parcel: it is built anew unless one is given.
    tracking = checked_tracking(
        change.carrier or shipment.carrier,
        change.tracking_number or shipment.tracking_number,
        change.tracking_url,
    )
    before = (shipment.carrier, shipment.tracking_number, shipment.tracking_url)
    if before == (tracking.carrier, tracking.number, tracking.url):
        return
    shipment.carrier, shipment.tracking_number = tracking.carrier, tracking.number
    shipment.tracking_url = tracking.url
    _audit(order, shipment, "shipment_corrected", actor=actor)


def _deliver(order: Order, shipment: Shipment, change: ShipmentChange, now: datetime, *, actor: str) -> None:
    if change.delivered_at is None:
        return
    _require_sent(shipment)
    at = checked_time(change.delivered_at, name="deliveredAt", earliest=shipment.shipped_at, now=now)
    if shipment.delivered_at is not None:
        # The period for a withdrawal began at the first delivery that was recorded: it is not made longer or shorter.
        return
    shipment.delivered_at = at
    _audit(order, shipment, "shipment_delivered", actor=actor)


def _cancel(order: Order, shipment: Shipment, change: ShipmentChange, now: datetime, *, actor: str) -> None:
    if not change.is_cancelled or shipment.cancelled_at is not None:
        return
    if shipment.is_delivered:
        raise NotShippable("The parcel is delivered, so that it was shipped: record a return instead.")
    for line in order.lines:
        remaining = shipped_units(order, line) - units_in([shipment], line)
        if returned_units(order, line) > remaining:
            raise NotShippable("Units of the parcel came back, so that it was shipped.")
    shipment.cancelled_at = now
    _audit(order, shipment, "shipment_cancelled", actor=actor)


def _require_sent(shipment: Shipment) -> None:
    if not shipment.is_sent:
        raise NotShippable("The shipment is cancelled: record another one.")


def _audit(order: Order, shipment: Shipment, action: str, *, actor: str) -> None:
    audit.record(
        order.tenant_id,
        actor=actor,
        action=action,
        subject=f"order:{order.id}",
        shipment=str(shipment.id),
    )
