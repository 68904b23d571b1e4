"""The form that corrects how a parcel is followed: its carrier, its number and its link."""

from http import HTTPStatus
from uuid import UUID

from flask import Response, request

from lumira.blueprints.http.references import checked_reference
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.replies import done, page
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.blueprints.pages.dashboard.sales.order_actions import refusal
from lumira.domain.commands import ShipmentChange
from lumira.domain.goods.carriers import CARRIERS, name_of, tracking_page
from lumira.domain.operators import Role
from lumira.errors import LumiraError
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.services.shipments.change_shipment import change_shipment
from lumira.services.shipments.view_to_ship import view_parcel

_FIELDS = ("carrier", "tracking_number", "tracking_url")


@dashboard.page("/orders/<number>/shipments/<uuid:shipment_id>/tracking", may=Role.OWNER)
def show_tracking(number: str, shipment_id: UUID) -> Response:
    """The form with what counts now."""
    return _form(checked_reference(number), shipment_id)


@dashboard.page("/orders/<number>/shipments/<uuid:shipment_id>/tracking", may=Role.OWNER, methods=["POST"])
def correct_tracking(number: str, shipment_id: UUID) -> Response:
    """Store the correction, and lead back to the order. A field that is empty stays as it is."""
    reference = checked_reference(number)
    entered = {name: request.form.get(name, "").replace("\x00", "").strip() or None for name in _FIELDS}
    if not any(entered.values()):
        return _form(reference, shipment_id, error="nothing_entered")
    change = ShipmentChange(entered["carrier"], entered["tracking_number"], entered["tracking_url"])
    call = Call(fingerprint="", actor=visit.operator().actor)
    try:
        change_shipment(visit.shop().tenant_id, reference, shipment_id, change, call=call)
    except LumiraError as error:
        if error.status is HTTPStatus.BAD_REQUEST:
            return _form(reference, shipment_id, error=next(iter(error.fields or {}), "invalid"))
        return refusal(error, to=_path(reference))
    return done("shipments.corrected", to=_path(reference))


def _form(reference: str, shipment_id: UUID, *, error: str | None = None) -> Response:
    [packed] = view_parcel(visit.shop().tenant_id, reference, shipment_id).parcels
    shipment = packed.shipment
    assert shipment is not None  # noqa: S101 - a recorded parcel was asked for
    # The link of a known carrier follows from the number: it would lead to another parcel once that is corrected.
    is_built = shipment.tracking_url == tracking_page(shipment.carrier, shipment.tracking_number)
    known = {
        "carrier": name_of(shipment.carrier),
        "tracking_number": shipment.tracking_number,
        "tracking_url": None if is_built else shipment.tracking_url,
    }
    return page(
        "tracking_form.html.jinja",
        HTTPStatus.OK if error is None else HTTPStatus.BAD_REQUEST,
        order=packed.order,
        shipment=shipment,
        carriers=[carrier.name for carrier in CARRIERS.values()],
        entered={name: request.form.get(name, known[name] or "") for name in _FIELDS},
        error=error,
        path=_path(packed.order.order_number),
    )


def _path(number: str) -> str:
    return f"{visit.shop().path}/orders/{number}"
