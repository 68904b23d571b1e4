"""Goods to ship, and the parcels and returns of an order: forms that post, and lead back with a message."""

from http import HTTPStatus
from uuid import UUID

from flask import Response, request

from lumira.blueprints.http.references import checked_reference
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.paging import pager, position, sent
from lumira.blueprints.pages.dashboard.replies import done, failed, language, page
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.blueprints.pages.dashboard.sales.order_actions import refusal
from lumira.card_numbers import contains_card_number
from lumira.clock import utc_now
from lumira.domain.commands import GoodsUnits, ReturnCommand, ReturnLine, ShipmentChange, ShipmentCommand
from lumira.domain.goods.addresses import read
from lumira.domain.goods.carriers import CARRIERS
from lumira.domain.operators import Role
from lumira.errors import LumiraError
from lumira.pages.dashboard.rendering import explain
from lumira.repositories.idempotency.idempotent_calls import Call
from lumira.services.shipments.change_shipment import change_shipment
from lumira.services.shipments.create_shipment import create_shipment
from lumira.services.shipments.record_return import record_return
from lumira.services.shipments.view_to_ship import PAGE, view_forms, view_to_ship

_CONDITIONS = ("restockable", "damaged")
_LONGEST_REASON = 500


@dashboard.page("/shipments", may=Role.VIEWER)
def show() -> Response:
    """The orders whose goods wait to be shipped, those that were paid first before the others."""
    product_id = sent("product")
    found = view_to_ship(visit.shop().tenant_id, product_id=product_id or None, after=position())
    path = f"{visit.shop().path}/shipments"
    return page(
        "shipments.html.jinja",
        found=found,
        product_id=product_id,
        address=read,
        path=path,
        pager=pager(path, {"product": product_id}, found.next),
    )


@dashboard.page("/shipments/ship", may=Role.OWNER, methods=["POST"])
def ship() -> Response:
    """Record a parcel without a number for each chosen order, with all that is to be shipped of it."""
    path, shipped, refused = f"{visit.shop().path}/shipments", 0, ""
    for number in request.form.getlist("order")[:PAGE]:
        try:
            create_shipment(
                visit.shop().tenant_id, checked_reference(number), ShipmentCommand(), call=_call()
            )
            shipped += 1
        except LumiraError as error:
            refused = refused or f"{number[:40]}: {explain(error, language())}"
    if refused:
        return failed("shipments.some_refused", to=path, number=str(shipped), why=refused)
    if not shipped:
        return failed("shipments.none_chosen", to=path)
    return done("shipments.shipped_many", to=path, number=str(shipped))


@dashboard.page("/orders/<number>/shipments", may=Role.OWNER)
def show_form(number: str) -> Response:
    """The form of a parcel of one order."""
    return _shipment_form(number)


@dashboard.page("/orders/<number>/shipments", may=Role.OWNER, methods=["POST"])
def create(number: str) -> Response:
    """Record the parcel, and lead back to the order."""
    found = view_forms(visit.shop().tenant_id, checked_reference(number)).to_ship
    units = tuple(
        GoodsUnits(line.product_id, chosen)
        for line, _ in found.lines
        if (chosen := _chosen(f"units-{line.position}")) > 0
    )
    if not units:
        return _shipment_form(number, error="choose_units")
    command = ShipmentCommand(
        carrier=_text("carrier"),
        tracking_number=_text("tracking_number"),
        tracking_url=_text("tracking_url"),
        lines=units,
        seen=_chosen("seen"),
    )
    try:
        create_shipment(visit.shop().tenant_id, found.order.order_number, command, call=_call())
    except LumiraError as error:
        if error.status is HTTPStatus.BAD_REQUEST:
            return _shipment_form(number, error=next(iter(error.fields or {}), "invalid"))
        return refusal(error, to=_path(found.order.order_number))
    return done("shipments.shipped", to=_path(found.order.order_number))


@dashboard.page("/orders/<number>/shipments/<uuid:shipment_id>/deliver", may=Role.OWNER, methods=["POST"])
def deliver(number: str, shipment_id: UUID) -> Response:
    """Record that a parcel was delivered now."""
    return _change(number, shipment_id, ShipmentChange(delivered_at=utc_now()), "delivered")


@dashboard.page("/orders/<number>/shipments/<uuid:shipment_id>/cancel", may=Role.OWNER, methods=["POST"])
def cancel(number: str, shipment_id: UUID) -> Response:
    """Record that a parcel was not sent, or was lost."""
    return _change(number, shipment_id, ShipmentChange(is_cancelled=True), "cancelled")


@dashboard.page("/orders/<number>/returns", may=Role.OWNER)
def show_return_form(number: str) -> Response:
    """The form of goods that came back."""
    return _return_form(number)


@dashboard.page("/orders/<number>/returns", may=Role.OWNER, methods=["POST"], recent=True)
def record(number: str) -> Response:
    """Record what came back; a worker refunds it."""
    found = view_forms(visit.shop().tenant_id, checked_reference(number))
    lines = tuple(
        ReturnLine(line.product_id, chosen, condition)
        for line, _ in found.returnable
        for condition in _CONDITIONS
        if (chosen := _chosen(f"{condition}-{line.position}")) > 0
    )
    if not lines:
        return _return_form(number, error="choose_returned")
    reason = request.form.get("reason", "").replace("\x00", "").strip()[:_LONGEST_REASON] or None
    if reason is not None and contains_card_number(reason):
        return _return_form(number, error="card_number")
    path = _path(found.to_ship.order.order_number)
    command = ReturnCommand(lines, reason=reason, is_refunded="refund" in request.form, seen=_chosen("seen"))
    try:
        record_return(visit.shop().tenant_id, found.to_ship.order.order_number, command, call=_call())
    except LumiraError as error:
        return refusal(error, to=path)
    return done("shipments.returned", to=path)


def _change(number: str, shipment_id: UUID, change: ShipmentChange, message: str) -> Response:
    reference = checked_reference(number)
    try:
        change_shipment(visit.shop().tenant_id, reference, shipment_id, change, call=_call())
    except LumiraError as error:
        return refusal(error, to=_path(reference))
    return done(f"shipments.{message}", to=_path(reference))


def _shipment_form(number: str, *, error: str | None = None) -> Response:
    found = view_forms(visit.shop().tenant_id, checked_reference(number)).to_ship
    return page(
        "shipment_form.html.jinja",
        HTTPStatus.OK if error is None else HTTPStatus.BAD_REQUEST,
        found=found,
        order=found.order,
        address=read,
        carriers=[carrier.name for carrier in CARRIERS.values()],
        entered=request.form,
        error=error,
        path=_path(found.order.order_number),
    )


def _return_form(number: str, *, error: str | None = None) -> Response:
    found = view_forms(visit.shop().tenant_id, checked_reference(number))
    return page(
        "return_form.html.jinja",
        HTTPStatus.OK if error is None else HTTPStatus.BAD_REQUEST,
        found=found,
        order=found.to_ship.order,
        entered=request.form,
        error=error,
        longest_reason=_LONGEST_REASON,
        path=_path(found.to_ship.order.order_number),
    )


def _chosen(name: str) -> int:
    return request.form.get(name, default=0, type=int)


def _text(name: str) -> str | None:
    return request.form.get(name, "").replace("\x00", "").strip() or None


def _call() -> Call:
    # A form that is sent twice is recognised by what it had seen.
    return Call(fingerprint="", actor=visit.operator().actor)


def _path(number: str) -> str:
    return f"{visit.shop().path}/orders/{number}"
