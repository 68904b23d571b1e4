"""Packing slips as PDF: of the orders that are chosen, before they are shipped, or of one parcel."""

from uuid import UUID

from flask import Response, request

from lumira.blueprints.http.references import checked_reference
from lumira.blueprints.http.streaming import stream_pdf
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.replies import failed, language
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.clock import utc_now
from lumira.documents import packing_slip_pdf
from lumira.documents.packing_slip_pdf import Slip
from lumira.domain.goods.addresses import read
from lumira.domain.goods.carriers import name_of
from lumira.domain.operators import Role
from lumira.services.shipments.view_to_ship import PAGE, Packed, PackedOrders, view_packed, view_parcel


@dashboard.page("/shipments/slips", may=Role.VIEWER, methods=["POST"], reading=True)
def print_slips() -> Response:
    """The packing slips of the chosen orders in one PDF; it changes nothing."""
    numbers = [checked_reference(number) for number in request.form.getlist("order")[:PAGE]]
    packed = view_packed(visit.shop().tenant_id, numbers)
    if not packed.parcels:
        return failed("shipments.none_chosen", to=f"{visit.shop().path}/shipments")
    return _pdf(packed, name=f"slips-{visit.shop().slug}", locale=str(language()))


@dashboard.page("/orders/<number>/shipments/<uuid:shipment_id>/slip", may=Role.VIEWER)
def show_slip(number: str, shipment_id: UUID) -> Response:
    """The packing slip of one parcel, in the language of its buyer."""
    packed = view_parcel(visit.shop().tenant_id, checked_reference(number), shipment_id)
    [parcel] = packed.parcels
    return _pdf(packed, name=f"slip-{parcel.order.order_number}", locale=parcel.order.locale)


def _pdf(packed: PackedOrders, *, name: str, locale: str | None) -> Response:
    content = packing_slip_pdf.render(
        [_slip_of(parcel) for parcel in packed.parcels],
        brand=packed.tenant.name,
        time_zone=packed.tenant.time_zone,
        locale=locale,
        # Of one day, so that a viewer that requests the file in parts gets parts of one file.
        created=utc_now().replace(hour=0, minute=0, second=0, microsecond=0),
    )
    return stream_pdf(content, disposition=f'inline; filename="{name}.pdf"')


def _slip_of(parcel: Packed) -> Slip:
    shipment = parcel.shipment
    return Slip(
        order_number=parcel.order.order_number,
        ordered_at=parcel.order.created_at,
        address=_address_lines(parcel),
        lines=tuple((line.product_name, units) for line, units in parcel.lines),
        carrier=name_of(shipment.carrier) if shipment else None,
        tracking_number=shipment.tracking_number if shipment else None,
    )


def _address_lines(parcel: Packed) -> tuple[str, ...]:
    order = parcel.order
    to = read(order.shipping_address)
    if to is None or not to.is_whole:
        return (order.customer_name,) if order.customer_name else ()
    city = " ".join(part for part in (to.postal_code, to.city) if part)
    lines = (to.name, to.line1, to.line2, city, to.state, to.country, to.phone)
    return tuple(line for line in lines if line)
