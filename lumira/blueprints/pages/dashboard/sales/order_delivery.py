"""The page that corrects where an order is sent, until a parcel is on its way."""

from http import HTTPStatus
from typing import Any

from flask import Response, request
from marshmallow import ValidationError

from lumira.blueprints.http.references import checked_reference
from lumira.blueprints.pages.dashboard import visit
from lumira.blueprints.pages.dashboard.replies import done, language, page
from lumira.blueprints.pages.dashboard.routing import dashboard
from lumira.blueprints.pages.dashboard.sales.order_actions import refusal
from lumira.countries import named
from lumira.domain.operators import Role
from lumira.errors import Conflict
from lumira.errors.orders import CountryNotServed, InvalidAddress
from lumira.schemas.shipping import ShippingRequest
from lumira.services.orders.correct_delivery import Delivery, correct_delivery, view_delivery

#: The fields of the form: those of the recipient, and the parts of the address.
_RECIPIENT = ("name", "phone")
_PARTS = ("line1", "line2", "postal_code", "city", "state", "country")


@dashboard.page("/orders/<number>/delivery", may=Role.OWNER)
def show(number: str) -> Response:
    """The form with the address that counts now."""
    number = checked_reference(number)
    try:
        delivery = view_delivery(visit.shop().tenant_id, number)
    except Conflict as error:
        return refusal(error, to=_path(number))
    address = delivery.address
    entered = {name: (getattr(address, name) if address else None) or "" for name in (*_RECIPIENT, *_PARTS)}
    return _form_page(delivery, entered)


@dashboard.page("/orders/<number>/delivery", may=Role.OWNER, methods=["POST"])
def submit(number: str) -> Response:
    """Store the corrected address."""
    number = checked_reference(number)
    entered = {name: request.form.get(name, "").strip() for name in (*_RECIPIENT, *_PARTS)}
    wrong: tuple[str, ...]
    try:
        delivery = view_delivery(visit.shop().tenant_id, number)
        address = ShippingRequest().load(_as_request(entered))
        correct_delivery(visit.shop().tenant_id, delivery.order.id, address, actor=visit.operator().actor)
    except ValidationError as error:
        messages = error.messages_dict
        inner = messages.get("address")
        wrong = tuple({**messages, **(inner if isinstance(inner, dict) else {})})
        return _form_page(delivery, entered, wrong=wrong, status=HTTPStatus.BAD_REQUEST)
    except (InvalidAddress, CountryNotServed) as error:
        wrong = tuple(error.fields or ())
        return _form_page(delivery, entered, wrong=wrong, status=HTTPStatus.BAD_REQUEST)
    except Conflict as error:
        return refusal(error, to=_path(number))
    return done("delivery.corrected", to=_path(number))


def _as_request(entered: dict[str, str]) -> dict[str, Any]:
    """The form as the API takes an address."""
    address = {name: entered[name] for name in _PARTS}
    address["postalCode"] = address.pop("postal_code")
    return {name: entered[name] for name in _RECIPIENT} | {"address": address}


def _form_page(
    delivery: Delivery,
    entered: dict[str, str],
    *,
    wrong: tuple[str, ...] = (),
    status: HTTPStatus = HTTPStatus.OK,
) -> Response:
    return page(
        "order_delivery.html.jinja",
        status,
        order=delivery.order,
        entered=entered,
        wrong=["postal_code" if name == "postalCode" else name for name in wrong],
        countries=named(delivery.countries, language()),
        fields=("name", "line1", "line2", "postal_code", "city", "state", "phone"),
        required=("name", "line1", "city", *(("phone",) if delivery.needs_phone else ())),
        path=_path(delivery.order.order_number),
    )


def _path(number: str) -> str:
    return f"{visit.shop().path}/orders/{number}"
