"""`/api/orders/<reference>/shipments` and `/returns`: goods that were sent, and goods that came back."""

from typing import Any

from flask import g, request

from lumira.blueprints.http.idempotent_requests import IDEMPOTENCY_KEY, idempotent_call, replying
from lumira.blueprints.http.references import checked_reference
from lumira.blueprints.http.routing import ApiBlueprint
from lumira.domain.commands import ReturnCommand, ShipmentChange, ShipmentCommand
from lumira.errors.orders import OrderNotFound
from lumira.errors.parcels import InvalidTracking, NotReturnable, NotShippable, ShipmentNotFound
from lumira.formats import parse_uuid
from lumira.schemas.shipments import (
    ReturnBody,
    ReturnResponse,
    ShipmentBody,
    ShipmentChangeBody,
    ShipmentResponse,
)
from lumira.services.shipments.change_shipment import change_shipment
from lumira.services.shipments.create_shipment import create_shipment
from lumira.services.shipments.record_return import record_return

blueprint = ApiBlueprint("shipments", __name__, url_prefix="/api/orders", description="Shipments")

_EXAMPLE_SHIPMENT = {"carrier": "colissimo", "trackingNumber": "6A12345678901"}
_EXAMPLE_RETURN = {"lines": [{"productId": "shirt", "quantity": 1, "condition": "restockable"}]}


@blueprint.post("/<reference>/shipments", name="createShipment", parameters=[IDEMPOTENCY_KEY])
@blueprint.raises(OrderNotFound, NotShippable, InvalidTracking)
@blueprint.body(ShipmentBody, example=_EXAMPLE_SHIPMENT)
@blueprint.replies(ShipmentResponse)
def create(command: ShipmentCommand, reference: str) -> Any:
    """Record a parcel: some units of the order, or all that are to be shipped. The buyer gets a message."""
    call = idempotent_call(request)
    return replying(create_shipment(g.tenant_id, checked_reference(reference), command, call=call))


@blueprint.post("/<reference>/shipments/<shipment>", name="changeShipment", parameters=[IDEMPOTENCY_KEY])
@blueprint.raises(OrderNotFound, ShipmentNotFound, NotShippable, InvalidTracking)
@blueprint.body(ShipmentChangeBody, example={"deliveredAt": "2026-11-28T10:00:00Z"})
@blueprint.replies(ShipmentResponse)
def change(command: ShipmentChange, reference: str, shipment: str) -> Any:
    """Record the delivery of a parcel, correct its tracking, or cancel it."""
    shipment_id = parse_uuid(shipment)
    if shipment_id is None:
        raise ShipmentNotFound("There is no such shipment.")
    reference = checked_reference(reference)
    return replying(
        change_shipment(g.tenant_id, reference, shipment_id, command, call=idempotent_call(request))
    )


@blueprint.post("/<reference>/returns", name="recordReturn", parameters=[IDEMPOTENCY_KEY])
@blueprint.raises(OrderNotFound, NotReturnable)
@blueprint.body(ReturnBody, example=_EXAMPLE_RETURN)
@blueprint.replies(ReturnResponse)
def record(command: ReturnCommand, reference: str) -> Any:
    """Record goods that came back: they are restocked by the product's policy, and a worker refunds their price."""
    call = idempotent_call(request)
    return replying(record_return(g.tenant_id, checked_reference(reference), command, call=call))
